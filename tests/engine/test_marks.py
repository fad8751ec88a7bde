"""Who is settled when: quiet for two seconds, or a minute old, in the time of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping

from domain.judgement import DirtyMark
from engine.marks import QUIET, WAITED, Dirt
from tests.engine.memory import run

CLOCKS: Mapping[str, int] = {"t": 1_000}
BUSY, CALM = "actor|t|b", "actor|t|c"


def ready(dirt: Dirt, now: float, clocks: Mapping[str, int] = CLOCKS) -> list[str]:
    return sorted(run(dirt.ready(clocks, now, at_once=False)))


def test_a_subject_is_settled_once_no_mark_has_come_for_two_seconds() -> None:
    dirt = Dirt("j")
    dirt.add(CALM, (1, "x"), "late")
    assert ready(dirt, 10.0) == []
    assert ready(dirt, 10.0 + QUIET - 0.1) == []
    assert ready(dirt, 10.0 + QUIET) == [CALM]


def test_a_subject_that_is_never_quiet_is_settled_after_a_minute_and_the_others_do_not_wait_for_it() -> None:
    dirt, found = Dirt("j"), dict[str, float]()
    dirt.add(CALM, (1, "x"), "late")
    for now in range(200):
        dirt.add(BUSY, (1, f"{now}"), "late")
        for subject in run(dirt.ready(CLOCKS, float(now), at_once=False)):
            found.setdefault(subject, now)
            dirt.clear(dirt.due(subject, CLOCKS))
        if len(found) == 2:
            break
    assert found == {CALM: QUIET, BUSY: WAITED}


def test_a_busy_subject_waits_a_minute_again_after_it_was_settled() -> None:
    dirt, settled = Dirt("j"), list[int]()
    for now in range(200):
        dirt.add(BUSY, (1, f"{now}"), "late")
        for subject in run(dirt.ready(CLOCKS, float(now), at_once=False)):
            settled.append(now)
            dirt.clear(dirt.due(subject, CLOCKS))
    assert settled == [60, 121, 182]


def test_what_a_judge_finds_in_the_store_has_been_quiet_long_enough() -> None:
    dirt = Dirt("j")
    dirt.load([DirtyMark("m", CALM, (1, "x"), 0, "epoch")])
    assert ready(dirt, 0.0) == [CALM]


def test_a_mark_is_not_due_before_its_time_has_come_and_the_others_of_its_subject_are() -> None:
    dirt = Dirt("j")
    dirt.add(CALM, (1, "x"), "late")
    dirt.add(CALM, (5_000, "y"), "ahead", due=5_000)
    assert run(dirt.ready(CLOCKS, 0.0, at_once=True)) == [CALM]
    assert [m.why for m in dirt.due(CALM, CLOCKS)] == ["late"]
    assert [m.why for m in dirt.due(CALM, {"t": 5_001})] == ["late", "ahead"]


def test_a_mark_that_the_store_has_is_cleared_there_and_one_that_was_never_written_is_not_written() -> None:
    dirt = Dirt("j")
    dirt.add(CALM, (1, "x"), "late", ("a",))
    written, _ = dirt.write()
    dirt.add(CALM, (2, "y"), "late", ("b",))
    marks = dirt.due(CALM, CLOCKS)
    assert [(m.mark_id, m.start, m.actions) for m in marks] == [("j/1", (1, "x"), ("a",)), ("j/2", (2, "y"), ("b",))]
    dirt.clear(marks)
    assert (dirt.write(), bool(dirt)) == (([], written), False)
