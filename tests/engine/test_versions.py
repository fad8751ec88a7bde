"""Settings, stages and versions change while all runs: the alerts are those of a fold by the events' own times."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alert import canonical
from tests.engine.changing import Changing, Least, Second, Sometimes, configuration
from tests.engine.memory import run
from tests.engine.steps import at_rest, checkpoint, eat, ingest, later, put
from tests.engine.world import START, Judging, activity

A, B = "raw:0", "raw:1"


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((40, 120, 300)), st.sampled_from((1, 1, 2)))
def test_alerts_are_those_of_a_fold_by_time_whatever_changes_when(seed: int, steps: int, partitions: int) -> None:
    world = Changing(seed, partitions=partitions)
    for n in range(steps):
        world.step()
        if n % 20 == 0:
            world.check_commits()
    at_rest(world)
    for n, actor in enumerate("suv"):
        world.put(A, activity(f"z{n}", (world.now - START) / 1000 - 3, actor), batch=False)
    world.drain()
    world.check_rest()


def told(world: Changing, detector: str) -> list[tuple[str, str, bool]]:
    """Of a detector's alerts the opener, the settings and whether they were withdrawn, in order of time."""
    mine = [r for r in world.store.alerts.values() if r.content.detector == detector]
    return [
        (r.content.opener[1], r.content.settings, r.withdrawn) for r in sorted(mine, key=lambda r: r.content.opener)
    ]


def flow(world: Changing) -> None:
    later(world, 5)
    ingest(world, A, B, A, B)
    eat(world)
    checkpoint(world)


def test_a_late_event_of_the_time_before_a_change_is_judged_under_the_settings_of_then() -> None:
    world = Changing(1)
    strict, loose = configuration(Least(3)), configuration(Least(2))
    for n in range(3):
        put(world, A, f"b{n}", 90 + n)
    flow(world)
    before = {i: canonical(r.content) for i, r in world.store.alerts.items() if r.content.detector == "least"}
    assert [(settings, gone) for _, settings, gone in told(world, "least")] == [(strict.hash, False)]
    world.change(loose)
    later(world, 20)
    put(world, A, "n0", 122)
    put(world, A, "n1", 123)
    put(world, B, "l0", 80)
    put(world, B, "l1", 81)  # two of the old time are none, two of the new time are one
    flow(world)
    at_rest(world)
    assert told(world, "least") == [("b2", strict.hash, False), ("n1", loose.hash, False)]
    after = {i: canonical(r.content) for i, r in world.store.alerts.items()}
    assert {i: after[i] for i in before} == before


def test_an_import_is_judged_under_the_settings_of_its_own_time_whoever_it_is_of() -> None:
    world = Changing(1)
    strict, loose = configuration(Least(3)), configuration(Least(2))
    put(world, A, "a", 90)
    flow(world)
    world.change(loose)  # in effect from 110 on
    later(world, 60)
    put(world, A, "z", 168)
    flow(world)
    for who in ("s", "u"):  # one that is known and far ahead of the file, and one that nobody has seen
        for at in (20, 21, 40, 41, 42, 107, 108, 130, 131):
            world.put(B, activity(f"{who}{at}", at, who), batch=True)
    for _ in range(4):
        flow(world)
    at_rest(world)
    found = [(opener, settings) for opener, settings, _ in told(world, "least")]
    assert sorted(found) == sorted(
        (f"{who}{at}", each.hash) for who in ("s", "u") for at, each in ((42, strict), (131, loose))
    )


def sign_in(world: Changing, id: str, at: float, value: int = 0) -> None:
    world.put(A, activity(id, at, "s", "auth.login.succeeded", value))


def test_a_slot_that_comes_into_effect_while_nobody_looks_is_warmed_up_from_the_store() -> None:
    world = Changing(1)
    sign_in(world, "b0", 97)
    flow(world)
    world.change(configuration(Second()))  # at 105 s, from 110 on
    sign_in(world, "b1", 104)
    flow(world)
    world.judges[0] = Judging(world, 0)
    later(world, 9)
    sign_in(world, "n0", 115.5)
    flow(world)
    assert [r.content.parts["before"] for r in world.store.alerts.values() if r.content.slot == "pair.v2"] == ["b1"]
    at_rest(world)
    pairs = [r.content for r in world.store.alerts.values() if r.content.detector == "pair" and not r.withdrawn]
    found = [(c.slot, c.opener[1], c.parts["before"]) for c in sorted(pairs, key=lambda c: c.opener)]
    assert found == [("pair.v1", "b0", ""), ("pair.v1", "b1", "b0"), ("pair.v2", "n0", "b1")]


def test_a_state_of_before_a_slot_was_heard_of_is_brought_up_to_it_when_it_is_next_needed() -> None:
    world = Changing(1)
    later(world, 5)
    sign_in(world, "b0", 102)
    flow(world)
    checkpoint(world)
    later(world, -3)  # what takes effect at 112 s was made before b0 was judged, and nobody had read it
    world.change(configuration(Second()))
    world.judges[0] = Judging(world, 0)
    later(world, 10)
    sign_in(world, "n0", 113)
    flow(world)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)
    at_rest(world)
    pairs = [r.content for r in world.store.alerts.values() if r.content.slot == "pair.v2" and not r.withdrawn]
    assert [(c.opener[1], c.parts["before"]) for c in pairs] == [("n0", "b0")]


def test_a_detector_that_was_off_and_comes_on_knows_what_it_must_of_the_past() -> None:
    world = Changing(1)
    world.change(configuration(Sometimes(), "off"))  # from 105 on
    later(world, 15)
    sign_in(world, "b0", 114, 1)
    flow(world)
    assert run(world.judges[0].judge.settle(at_once=True)) == 0, "nothing came into effect"
    world.change(configuration(Sometimes()))  # at 120 s, from 125 on; it would not have seen b0
    later(world, 1)
    sign_in(world, "b1", 120, 2)
    flow(world)
    later(world, 9)
    sign_in(world, "n0", 130.5, 3)
    flow(world)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)
    at_rest(world)
    assert [opener for opener, _, gone in told(world, "sometimes") if not gone] == ["n0"]
