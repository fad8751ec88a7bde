"""How a morning is paced, and what stands before it."""

from __future__ import annotations

from simulation.company import morning_of
from simulation.people import USUAL
from simulation.records import Event
from vedette.demo.ahead import written_ahead
from vedette.demo.plan import Plan
from vedette.demo.play import paced

EVENTS = tuple(Event(at, str(at), b"k", b"{}") for at in (0, 500, 1_000, 9_000))


def test_without_a_speed_everything_is_due_at_once() -> None:
    assert list(paced(EVENTS, 0, None, lambda: 0.0)) == [EVENTS]


def test_events_are_due_when_their_time_has_come_at_that_speed_and_nothing_is_lost() -> None:
    seconds = iter([50.0, 50.0, 50.1, 50.15, 50.2, 51.0])
    batches = list(paced(EVENTS, 0, 10.0, lambda: next(seconds)))
    assert batches == [EVENTS[:1], EVENTS[1:3], (), (), EVENTS[3:]]


def test_a_history_that_is_written_ahead_is_the_company_s_own() -> None:
    made = Plan(seed=11, start=morning_of(11), people=USUAL)
    with written_ahead(made) as days:
        assert days() == list(made.company().days())
