"""Hand-made traces of settling beside the live fold: what is read, what is applied meanwhile, what takes its place."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from unittest.mock import patch

from domain.activity import Activity
from domain.alert import Content
from domain.judgement import DirtyMark
from engine.memory import Memory
from engine.settle import SLICE
from tests.engine.memory import run
from tests.engine.steps import A, B, at_rest, begin_settle, checkpoint, eat, ingest, later, put, subject_of
from tests.engine.toys import HOUR, SECOND
from tests.engine.world import START, Judging, World

LOGIN = "auth.login.succeeded"


def live(world: World, *what: tuple[str, float], action: str = "record.read") -> None:
    """These arrive in time, and the live fold applies them."""
    for id, at in what:
        put(world, A, id, at, action=action)
    ingest(world, A)
    later(world, 12)
    ingest(world, A, B)
    eat(world)


def late(world: World, id: str, at: float, action: str = "record.read") -> None:
    """It arrives too late, and its mark is durable."""
    put(world, B, id, at, action=action)
    ingest(world, B)
    eat(world)
    checkpoint(world)


def standing(world: World, detector: str) -> set[str]:
    found = (r for r in world.store.alerts.values() if r.content.detector == detector and not r.withdrawn)
    return {r.content.opener[1] for r in found}


def test_what_is_applied_live_while_its_subject_is_settled_is_in_both_memories() -> None:
    world = World(1)
    live(world, ("a", 99))
    late(world, "l", 98)
    settling = begin_settle(world)
    live(world, ("b", 110))
    run(settling)
    checkpoint(world)
    live(world, ("c", 120))
    at_rest(world)


def test_an_alert_that_is_emitted_live_during_a_settle_is_withdrawn_when_truth_lacks_it() -> None:
    world = World(1)
    live(world, ("p1", 99), ("p2", 101))
    late(world, "l", 100)  # with it the burst opens with p2
    settling = begin_settle(world)
    live(world, ("r", 104))
    assert "r" in {r.content.opener[1] for r in world.judges[0].judge.unwritten() if r.content.detector == "burst_a"}
    run(settling)
    at_rest(world)
    assert standing(world, "burst_a") == {"p2"}


def test_an_alert_that_is_on_its_way_to_the_store_is_withdrawn_when_truth_lacks_it() -> None:
    world = World(1)
    live(world, ("p1", 99), ("p2", 101), ("r", 104))
    put(world, B, "l", 100)
    ingest(world, B)
    eat(world)
    writing = world.judges[0].checkpoint()
    while not world.store.marks:
        writing.send(None)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    run(writing)
    at_rest(world)
    assert standing(world, "burst_a") == {"p2"}


def test_what_is_applied_live_below_what_the_settle_has_read_is_late() -> None:
    world = World(1)
    live(world, ("a", 95))
    subject = subject_of("a", world)
    checkpoint(world)
    world.store.marks["epoch"] = DirtyMark("epoch", subject, (START + 95_000, "a"), 0, "epoch")
    world.judges[0] = Judging(world, 0)
    put(world, A, "u", 109)
    sending = world.ingester.fetch(A, 5)
    while len(world.store.events) < 2:
        sending.send(None)  # stored, and not yet sent
    settling = begin_settle(world)
    put(world, B, "v", 99)
    ingest(world, B)
    eat(world)
    run(settling)
    run(sending)
    at_rest(world)


def test_what_arrives_during_a_settle_and_waits_for_the_next_marks_is_not_applied_on_top_of_it() -> None:
    world = World(1)
    live(world, ("a", 95))
    checkpoint(world)
    world.store.marks["epoch"] = DirtyMark("epoch", subject_of("a", world), (START + 95_000, "a"), 0, "epoch")
    world.judges[0] = Judging(world, 0)
    put(world, A, "x", 109)
    sending = world.ingester.fetch(A, 5)
    while len(world.store.events) < 2:
        sending.send(None)  # stored, and not yet sent
    settling = begin_settle(world)
    run(sending)
    assert run(world.judges[0].take()), "the bundle, without the marks behind it"
    run(settling)
    at_rest(world)


def test_marks_that_come_during_a_settle_stay() -> None:
    world = World(1)
    live(world, ("a", 99), ("b", 100))
    late(world, "l", 98)
    settling = begin_settle(world)
    late(world, "m", 97)
    run(settling)
    checkpoint(world)
    left = [mark for i, mark in world.store.marks.items() if i not in world.store.gone]
    assert [mark.start for mark in left] == [(START + 97_000, "m")]
    at_rest(world)


def test_a_detector_that_does_not_see_what_was_late_keeps_its_memory_and_its_alerts() -> None:
    world = World(1)
    live(world, ("a", 99), action=LOGIN)
    checkpoint(world)
    versions = {i: r.version for i, r in world.store.alerts.items() if r.content.detector == "pair_s"}
    late(world, "l", 98)
    assert [mark.actions for mark in world.store.marks.values()] == [("record.read",)]
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    live(world, ("b", 105), action=LOGIN)
    at_rest(world)
    assert {i: world.store.alerts[i].version for i in versions} == versions


def test_what_waits_to_be_read_again_after_a_load_is_not_settled_for_some_detectors_only() -> None:
    world = World(1)
    live(world, ("a", 99))
    late(world, "l", 98)
    live(world, ("x", 110))
    put(world, A, "z", 111, action=LOGIN)  # below the clock, above what was applied
    ingest(world, A)
    assert run(world.judges[0].take()), "the bundle, without the marks behind it"
    checkpoint(world)
    world.judges[0] = Judging(world, 0)
    run(world.judges[0].judge.settle(at_once=True))
    eat(world)
    at_rest(world)


def test_what_was_delivered_before_an_event_ahead_of_time_is_judged_with_it() -> None:
    world = World(1)
    put(world, A, "ahead", 172)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    later(world, 65)
    live(world, ("x", 160))
    put(world, A, "y", 171)  # below the clock, above what was applied
    ingest(world, A)
    assert run(world.judges[0].take()), "the bundle, without the marks behind it"
    checkpoint(world)
    world.judges[0] = Judging(world, 0)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    eat(world)
    at_rest(world)


def test_a_memory_that_the_live_fold_changed_while_the_settle_was_waiting_for_it_stays() -> None:
    world = World(1)
    live(world, ("a", 99))
    late(world, "l", 98)
    judge = world.judges[0].judge
    judge.forget(keep=0)
    settling = judge.settle(at_once=True)
    settling.send(None)  # it waits for the state
    live(world, ("b", 110), action=LOGIN)
    run(settling)
    live(world, ("c", 118), action=LOGIN)
    at_rest(world)


def test_a_memory_that_is_being_settled_is_not_let_go() -> None:
    world = World(1)
    live(world, ("a", 99))
    late(world, "l", 98)
    settling = begin_settle(world)
    world.judges[0].judge.forget(keep=0)
    run(settling)
    at_rest(world)


def test_an_activity_days_late_changes_the_episode_it_falls_into_and_no_other() -> None:
    world = World(1)
    for n in range(4):  # an episode of every day: openers b0, b1, …
        live(world, (f"a{n}", 100 + 20 * n * HOUR), (f"b{n}", 101 + 20 * n * HOUR))
        later(world, 20 * HOUR - 12)
        checkpoint(world)
    assert standing(world, "slow_a") == {"b0", "b1", "b2", "b3"}
    versions = {r.content.opener[1]: r.version for r in world.store.alerts.values() if r.content.detector == "slow_a"}
    for n in range(3):  # goes on in the second, the last of them only because its opener is known
        late(world, f"l{n}", 200 + n + 20 * HOUR)
    at_rest(world)
    after = {r.content.opener[1]: r.version for r in world.store.alerts.values() if r.content.detector == "slow_a"}
    assert {opener for opener in versions if after[opener] != versions[opener]} == {"b1"}
    assert standing(world, "slow_a") == {"b0", "b1", "b2", "b3"}


def test_a_subject_without_a_state_is_judged_from_its_mark_on() -> None:
    world = World(1)
    for n in range(6):
        put(world, A, f"a{n}", 90 + n)
    run(world.ingester.fetch(A, 6))
    world.log[0].clear()  # an epoch's end: stored, and never delivered
    world.ingester = type(world.ingester)(world)
    subject = subject_of("a0", world)
    world.store.marks["epoch"] = DirtyMark("epoch", subject, (START + 93_000, "a3"), 0, "epoch")
    world.judges[0] = Judging(world, 0)
    later(world, 30)
    ingest(world, A, B)
    eat(world)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)
    assert standing(world, "pair_a") == {"a3", "a4", "a5"}
    whole = world.store.stored(subject)
    assert world.folder.load(world.store.rows[subject]).applied == whole[-1].key


def test_a_huge_subject_is_folded_in_slices_between_which_the_live_fold_goes_on() -> None:
    world, folded = World(1), list[int]()
    apply = world.folder.apply

    def counted(memory: Memory, subject: str, activities: Sequence[Activity], *more: Any) -> list[Content]:
        folded[-1] += len(activities)
        return apply(memory, subject, activities, *more)

    for n in range(2_000):
        put(world, A, f"a{n:04}", 50 + n / 100)
    run(world.ingester.fetch(A, 2_000))
    later(world, 12)
    ingest(world, A, B)
    eat(world)
    late(world, "l", 51)
    with patch("tests.engine.memory.PAGE", 10_000), patch.object(world.folder, "apply", counted):
        settling = world.judges[0].judge.settle(at_once=True)
        with suppress(StopIteration):
            while True:
                folded.append(0)
                settling.send(None)
    assert (sum(folded), max(folded)) == (2_001, SLICE)
    at_rest(world)


def test_a_page_is_looked_for_in_the_time_of_about_two_and_not_in_all_that_is_to_come() -> None:
    world, asked = World(1), list[int]()
    for n in range(200):
        put(world, A, f"a{n:04}", 50 + n)
    run(world.ingester.fetch(A, 200))
    later(world, 160)
    ingest(world, A, B)
    eat(world)
    late(world, "l", 51.5)
    page = world.store.page

    async def watched(*some: Any, since: int, until: int, after: Activity | None) -> Any:
        asked.append((until - max(since, after.occurred_at if after else since)) // SECOND)
        return await page(*some, since=since, until=until, after=after)

    with patch("tests.engine.memory.PAGE", 10), patch.object(world.store, "page", watched):
        assert run(world.judges[0].judge.settle(at_once=True)) == 1
    assert asked[0] > 200, "of whom little is stored, one question is enough"
    assert max(asked[1:-1]) <= 24, "ten activities are ten seconds"
    at_rest(world)
