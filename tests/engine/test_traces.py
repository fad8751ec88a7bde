"""Hand-made traces of what a random schedule rarely meets: each once lost or doubled an alert in a design of ours."""

from __future__ import annotations

import pytest

from domain.activity import lane_number
from domain.errors import Fenced
from domain.judgement import DirtyMark
from engine.memory import Memory
from tests.engine.memory import run
from tests.engine.steps import A, B, at_rest, checkpoint, eat, ingest, later, put, subject_of
from tests.engine.world import Judging, World


def test_a_state_settled_after_a_reload_is_stored_above_the_one_it_was_loaded_from() -> None:
    world = World(1)
    put(world, A, "x1", 90)
    ingest(world, A)
    put(world, B, "y1", 90, "u")
    ingest(world, B, A)
    eat(world)
    checkpoint(world)
    later(world, 1)
    put(world, A, "z", 101, "u")
    ingest(world, A)
    put(world, B, "late", 88)
    ingest(world, B)
    eat(world)
    checkpoint(world)
    world.judges[0] = Judging(world, 0)  # nothing is read again: the position stays where it was
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)
    world.judges[0] = Judging(world, 0)
    at_rest(world)


def test_what_is_read_again_after_a_reload_is_applied_before_the_clock_moves_on() -> None:
    world = World(1)
    put(world, A, "a", 90)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    later(world, 12)
    put(world, A, "x", 110)
    ingest(world, A)
    later(world, 3)
    put(world, A, "q", 115, "u")
    ingest(world, A)
    put(world, A, "y", 105)
    ingest(world, A)
    eat(world)
    checkpoint(world)
    world.judges[0] = Judging(world, 0)
    eat(world)
    at_rest(world)


def test_an_alert_written_before_a_crash_whose_state_was_not_is_withdrawn_when_truth_lacks_it() -> None:
    world = World(1)
    put(world, A, "a", 95, value=1)
    ingest(world, A)
    later(world, 10)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    later(world, 1)
    put(world, A, "x", 110, value=2)
    ingest(world, A)
    later(world, 6)
    ingest(world, A, B)
    eat(world)
    checkpoint(world, writes=2)  # dirty marks and alerts; then killed
    put(world, A, "l", 109, value=2)  # comes before x and takes its place in every alert
    ingest(world, A)
    world.judges[0] = Judging(world, 0)
    eat(world)
    at_rest(world)


@pytest.mark.parametrize("steps", range(6))
def test_a_judge_that_sleeps_inside_a_checkpoint_changes_nothing_when_it_wakes(steps: int) -> None:
    world = World(1)
    put(world, A, "a", 95)
    ingest(world, A, B, A)
    eat(world)
    checkpoint(world)
    put(world, A, "late", 94)
    ingest(world, A)
    eat(world)
    checkpoint(world)
    later(world, 6)
    put(world, A, "x", 99)
    ingest(world, A, B, A)
    eat(world)
    sleeper = world.judges[0].checkpoint()
    for _ in range(steps):
        sleeper.send(None)
    world.judges[0] = Judging(world, 0)
    run(world.judges[0].judge.settle(at_once=True))
    checkpoint(world)
    with pytest.raises(Fenced):
        run(sleeper)
    at_rest(world)


def test_a_late_activity_moves_the_opener_and_the_new_alert_names_the_one_it_replaces() -> None:
    world = World(1)
    for n in range(3):
        put(world, A, f"b{n}", 90 + n)
    ingest(world, A)
    later(world, 20)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    before = {r.content.alert_id for r in world.store.alerts.values() if r.content.detector == "burst_a"}
    put(world, B, "a9", 89)  # with it the third of the burst is b1, not b2
    ingest(world, B)
    at_rest(world)
    burst = [r for r in world.store.alerts.values() if r.content.detector == "burst_a"]
    heirs = [r for r in burst if not r.withdrawn]
    assert [r.content.opener[1] for r in heirs] == ["b1"]
    assert set(heirs[0].replaces) == before == {r.content.alert_id for r in burst if r.withdrawn}


def test_what_follows_a_settle_belongs_to_the_episode_that_the_settle_found() -> None:
    world = World(1)
    for n in range(3):
        put(world, A, f"b{n}", 90 + n)
    ingest(world, A)
    later(world, 0)
    put(world, A, "u", 93, "u")
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    put(world, B, "a9", 89)  # the episode opens with b1 now, not with b2
    ingest(world, B)
    eat(world)
    checkpoint(world)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    put(world, A, "c0", 101)
    for n in range(2, 7):  # and goes on
        put(world, A, f"c{n}", 96 + n / 4)
    ingest(world, A)
    later(world, 10)
    ingest(world, A, B)
    eat(world)
    at_rest(world)
    burst = [r for r in world.store.alerts.values() if r.content.detector == "burst_a" and not r.withdrawn]
    assert [(r.content.opener[1], r.content.severity) for r in burst] == [("b1", 2)]


def test_an_id_that_comes_again_with_other_content_is_counted_and_the_earlier_delivery_counts() -> None:
    world = World(1)
    for lane, value in ((A, 1), (B, 2)):  # both wait for the clock
        put(world, lane, "x1", 95, value=value)
    put(world, A, "x1", 95, value=1)  # the same again is a duplicate, no conflict
    ingest(world, A, B)
    later(world, 10)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    put(world, B, "x1", 95, value=3)  # and one that comes when the first was judged
    ingest(world, B)
    eat(world)
    checkpoint(world)
    number = {lane: lane_number(lane) for lane in (A, B)}
    assert world.store.conflicts == {("x1", (1, number[B], 0, 0)), ("x1", (1, number[B], 1, 0))}
    at_rest(world)
    assert [a.count for a in world.store.stored(subject_of("x1", world))] == [1 if number[A] < number[B] else 2]


def test_what_waits_below_the_clock_is_not_applied_again_after_a_settle_that_read_it_from_the_store() -> None:
    world = World(1)
    put(world, A, "x1", 99)
    ingest(world, A, B)
    later(world, 10)
    ingest(world, A, B)
    eat(world)
    put(world, A, "w1", 98)  # late
    ingest(world, A)
    eat(world)
    checkpoint(world)
    put(world, A, "y1", 100)  # below the clock, above what was applied
    ingest(world, A)
    assert run(world.judges[0].take()), "the bundle, without the marks behind it"
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    eat(world)
    checkpoint(world)
    at_rest(world)


def test_a_state_that_the_judge_itself_stored_and_let_go_is_read_again() -> None:
    world = World(1)
    later(world, 8)
    put(world, A, "a", 107, value=1)
    ingest(world, A, B)
    later(world, 2)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    subject = subject_of("a", world)
    stored = world.store.rows[subject]
    world.judges[0].judge.forget(keep=0)
    put(world, A, "b", 109, value=1)
    ingest(world, A, B)
    later(world, 10)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    judge = world.judges[0].judge
    assert world.store.rows[subject].position > stored.position
    assert (judge.tally.applied, judge.tally.late) == (2, 0)
    whole = world.store.stored(subject)
    truth = Memory()
    world.folder.apply(truth, subject, whole, [])
    assert world.folder.load(world.store.rows[subject]).slots == truth.slots
    at_rest(world)


def test_a_dirty_subject_that_no_detector_judges_is_settled_to_nothing() -> None:
    world = World(1)
    put(world, A, "a", 90)
    ingest(world, A, B)
    eat(world)
    checkpoint(world)
    tenant = f"tenant|t|{0:032x}"
    world.store.marks["epoch"] = DirtyMark("epoch", tenant, (0, ""), 0, "epoch")
    world.judges[0] = Judging(world, 0)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)
    assert "epoch" in world.store.gone
    at_rest(world)
