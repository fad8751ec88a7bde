"""How a morning is paced."""

from __future__ import annotations

from simulation.records import Event
from vedette.demo.play import paced

EVENTS = tuple(Event(at, str(at), b"k", b"{}") for at in (0, 500, 1_000, 9_000))


def test_without_a_speed_everything_is_due_at_once() -> None:
    assert list(paced(EVENTS, 0, None, lambda: 0.0)) == [EVENTS]


def test_events_are_due_when_their_time_has_come_at_that_speed_and_nothing_is_lost() -> None:
    seconds = iter([50.0, 50.0, 50.1, 50.15, 50.2, 51.0])
    batches = list(paced(EVENTS, 0, 10.0, lambda: next(seconds)))
    assert batches == [EVENTS[:1], EVENTS[1:3], (), (), EVENTS[3:]]
