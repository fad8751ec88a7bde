"""Settling from a heavy subject's snapshots: the same alerts as from the whole horizon, and much less to read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fold import Folder
from engine.snapshots import Snapshots
from tests.engine.changing import Changing, Least, configuration
from tests.engine.memory import run
from tests.engine.steps import A, B, at_rest, checkpoint, eat, ingest, later, put
from tests.engine.toys import SECOND, Known, Toys
from tests.engine.world import START, World, activity

EVERY = 3 * SECOND


def heavy(size: int = 1_000_000, *, kept: int = 3_600 * SECOND) -> AbstractContextManager[Any]:
    """Everybody with two activities is heavy, and an hour lasts three seconds."""
    return patch.multiple("engine.snapshots", HEAVY=2, EVERY=EVERY, KEPT=kept, LARGEST=size, REACH=6 * SECOND)


def play(world: World, steps: int) -> None:
    for _ in range(steps):
        world.step()
    at_rest(world)
    for n, actor in enumerate("suv"):
        world.put(A, activity(f"z{n}", (world.now - START) / 1000 - 3, actor), batch=False)
    world.drain()
    world.check_rest()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((60, 200, 500)), st.sampled_from((1_000_000, 400)))
def test_alerts_are_those_of_a_sequential_fold_where_every_settle_may_start_from_a_snapshot(
    seed: int, steps: int, size: int
) -> None:
    with heavy(size), patch.multiple("engine.settle", SLICE=2, HANDED_BACK=1):
        play(World(seed), steps)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((40, 120, 300)))
def test_alerts_are_those_of_a_fold_by_time_whatever_changes_behind_a_snapshot(seed: int, steps: int) -> None:
    with heavy():
        play(Changing(seed), steps)


def judged(world: World, times: Sequence[float]) -> None:
    """So `s` does something, a…, in time."""
    for at in times:
        put(world, A, f"a{at}", at)
    later(world, times[-1] - times[0] + 15)
    for _ in range(1 + len(times) // 4):
        ingest(world, A, B)
    eat(world)
    checkpoint(world)


def flow(world: World, first: int, last: int) -> None:
    """Something every ten seconds, too little for an alert."""
    judged(world, range(first, last, 10))


def openers(world: World) -> list[str]:
    return sorted(r.content.opener[1] for r in world.store.alerts.values() if not r.withdrawn)


def late(world: World, id: str, at: float) -> int:
    """It comes late and its subject is settled: how many activities were asked for, from the first time on."""
    put(world, B, id, at)
    ingest(world, B)
    eat(world)
    checkpoint(world)
    asked = list[int]()
    page = world.store.page

    async def watched(*some: Any, since: int, **more: Any) -> Any:
        asked.append(since)
        return await page(*some, since=since, **more)

    with patch.object(world.store, "page", watched):
        assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)
    return (min(asked) - START) // SECOND


def test_the_second_settle_starts_from_a_snapshot_and_one_of_something_older_from_a_horizon_before_it() -> None:
    world = Changing(1)
    with heavy():
        flow(world, 100, 200)
        assert late(world, "l0", 135) == 123, "the horizon is 12 s"
        assert late(world, "l1", 175) == 169
        assert late(world, "l2", 155) == 148
        flow(world, 200, 250)
        assert late(world, "l3", 176) == 175, "the settle of what was older made them anew"
        assert late(world, "l4", 125) == 107, "6 s further back, to have snapshots before it"
        assert late(world, "l5", 124.5) == 124
        at_rest(world)


def test_a_settle_that_must_go_back_to_an_opener_finds_a_snapshot_before_it_the_third_time() -> None:
    world = Changing(1)
    with heavy():
        judged(world, (100, 110, 120, 127, 130, 136, 137, 138, 145, 150))
        assert openers(world) == ["a138"]
        assert late(world, "l0", 141) == 126, "the opener's horizon"
        assert late(world, "l1", 142) == 124, "no state was true before the opener: from a horizon before that is one"
        assert late(world, "l2", 143) == 136
        at_rest(world)


def test_nothing_is_kept_of_a_subject_that_is_not_heavy_or_longer_than_is_said() -> None:
    world = Changing(1)
    flow(world, 100, 210)
    late(world, "l0", 135)
    assert late(world, "l1", 175) == 163
    with heavy(kept=20 * SECOND):
        late(world, "l2", 155)
        assert late(world, "l3", 195) == 190
        assert late(world, "l4", 173) == 155
        at_rest(world)


def test_what_begins_to_judge_makes_the_snapshots_of_its_past_count_no_more() -> None:
    world = Changing(1)
    with heavy():
        flow(world, 100, 200)
        late(world, "l0", 135)
        world.now = START + 200 * SECOND
        world.change(configuration(Least(2)))
        assert late(world, "l1", 175) == 169, "the change is to come"
        first, world.history[0] = world.history[0], configuration(Least(4))
        world.take()
        assert late(world, "l2", 177) == 159, "as if the past had been another"
        world.history[0] = first
        world.take()
        late(world, "l3", 110)
        at_rest(world)


@pytest.mark.parametrize(("erased", "opener"), [("", "l1"), ("a150", "a152")])
def test_what_an_alert_names_and_a_snapshot_knows_is_asked_for_and_if_it_was_erased_the_alert_stays(
    erased: str, opener: str
) -> None:
    world = Changing(1)
    with heavy():
        judged(world, (100, 110, 120, 130, 140, 150, 151, 152))
        late(world, "l0", 125)
        for key in [key for key, a in world.store.events.items() if a.activity_id == erased]:
            del world.store.events[key]
        assert late(world, "l1", 151.5) == 151
    assert openers(world) == [opener]


def test_what_was_missing_when_a_snapshot_would_have_been_made_freezes_what_comes_after_it() -> None:
    world = Changing(1)
    with heavy(), patch("engine.shadow.EPISODE_LIMIT", 5 * SECOND):  # the first alert is none of the last settle's
        judged(world, (100, 110, 120, 130, 150, 151, 152, 158, 159, 160))
        assert openers(world) == ["a152", "a160"]
        for key in [key for key, a in world.store.events.items() if a.activity_id == "a152"]:
            del world.store.events[key]
        late(world, "l0", 140)
        late(world, "l1", 159.5)
    assert openers(world) == ["a152", "a160"]


def test_a_snapshot_that_lacks_what_came_late_before_it_is_made_anew() -> None:
    world = Changing(1)
    with heavy():
        judged(world, (100, 110, 120, 130, 150, 152))
        late(world, "l0", 135)
        late(world, "l1", 150.5)
        assert late(world, "l2", 151.5) == 151
        at_rest(world)
    assert openers(world) == ["l2"]


def test_a_state_that_was_still_warming_up_is_no_snapshot() -> None:
    world = Changing(1)
    world.history[0] = configuration(Least(5))
    world.take()
    with heavy():
        judged(world, (110, 122.5, 123.2, 123.6, 124.5, 140))
        assert late(world, "l0", 135) == 123
        late(world, "l1", 124.2)
        at_rest(world)
    assert openers(world) == ["a124.5"]


def test_the_oldest_subjects_states_go_when_there_are_too_many_bytes() -> None:
    folder = Folder(Toys())
    kept = Snapshots(folder)
    slot = "novel_l.v1"
    one = kept.take(slot, 5, Known(((1, 2),)))
    with patch("engine.snapshots.LARGEST", 2 * len(one.state)):
        for subject in ("x", "y", "x", "z"):
            kept.renew(subject, {slot: (9, "")}, {slot: [one]}, 9)
    found = {subject: kept.state(subject, slot, above=4, most=5) for subject in "xyz"}
    assert found == {"x": (5, Known(((1, 2),))), "y": None, "z": (5, Known(((1, 2),)))}
    assert kept.state("x", slot, above=5, most=9) is None
    assert kept.state("x", slot, above=0, most=4) is None
