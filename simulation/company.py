"""Acme, whole: thirty days of its history, and one morning with what is hidden in it. Deterministic by seed and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Final

from domain.clock import DAY, HOUR, MINUTE, moment
from simulation.attacks import ATTACKS
from simulation.habits import day
from simulation.integrations import integrations
from simulation.labels import Scenario
from simulation.lookalikes import LOOKALIKES
from simulation.people import USUAL, Person, hire
from simulation.plot import Plot
from simulation.records import Event

HISTORY: Final = 30 * DAY
#: A morning begins at 05:00 UTC and is so long: Europe comes to work, New York wakes up near its end.
BEGINS: Final = 5 * HOUR
LENGTH: Final = 7 * HOUR + 30 * MINUTE
_FIRST: Final = date(2026, 4, 7).toordinal()  # a Tuesday
_WEEKS: Final = 20


def morning_of(seed: int) -> int:
    """When the morning of a seed begins (ms), the same for ever: a Tuesday, Wednesday or Thursday of spring 2026."""
    weeks, days = seed % _WEEKS, seed // _WEEKS % 3
    return beginning(date.fromordinal(_FIRST + 7 * weeks + days))


def last_morning(now: int) -> int:
    """When the last morning of a working day began that is over at `now` (both ms)."""
    number = moment(now - BEGINS - LENGTH).toordinal()
    while (number - 1) % 7 >= 5:
        number -= 1
    return beginning(date.fromordinal(number))


def beginning(of: date) -> int:
    """When the morning of a day begins (ms). A ValueError for a Saturday or Sunday: nobody works, so nothing hides."""
    if of.weekday() >= 5:
        raise ValueError(f"{of.isoformat()} is no working day; use a Monday to Friday")
    return _midnight(of.toordinal()) + BEGINS


class Company:
    """The same seed, start and number of people give the same events, byte for byte."""

    def __init__(self, seed: int, start: int, people: int = USUAL) -> None:
        self.seed, self.start, self.end = seed, start, start + LENGTH
        self.staff = hire(seed, people)

    def history(self) -> list[Event]:
        """Everything of the thirty days before the morning, in order of time."""
        return sorted(chain.from_iterable(self.days()))

    def days(self) -> Iterator[list[Event]]:
        """The same, a day at a time, so that it can be sent while it is written; each actor's events come in order."""
        since = self.start - HISTORY
        for number in range(moment(since).toordinal() - 1, moment(self.start).toordinal() + 1):
            midnight = _midnight(number)
            found = self._ordinary(self.staff, range(number, number + 1), since, self.start)
            begin, end = max(since, midnight), min(self.start, midnight + DAY)
            yield sorted([*found, *integrations(self.seed, begin, end, load=True)])

    @property
    def morning(self) -> list[Event]:
        """Everything of the morning, in order of time."""
        return self._morning[0]

    @property
    def scenarios(self) -> list[Scenario]:
        """What is hidden in the morning."""
        return self._morning[1]

    @cached_property
    def _morning(self) -> tuple[list[Event], list[Scenario]]:
        plot = Plot(self.seed, self.start, self.staff)
        scenarios = [write(plot) for write in (*LOOKALIKES, *ATTACKS)]
        others = tuple(person for person in self.staff if person.id not in plot.away)
        today = moment(self.start).toordinal()
        found = self._ordinary(others, range(today - 1, today + 1), self.start, self.end)
        apps = integrations(self.seed, self.start, self.end, load=False)
        return sorted([*plot.events, *found, *apps]), scenarios

    def _ordinary(self, staff: Iterable[Person], days: range, since: int, until: int) -> Iterator[Event]:
        """What these people do on local days (proleptic ordinals), as far as it is from `since` to `until` (ms)."""
        for person in staff:
            for number in days:
                yield from (event for event in day(self.seed, person, number) if since <= event.at < until)


def _midnight(number: int) -> int:
    """When a day (a proleptic ordinal) begins in UTC, ms."""
    return (number - date(1970, 1, 1).toordinal()) * DAY
