"""What is usual for one actor: on which days each value was met, when the actor works, how busy it gets. Pure.

Everything is kept per UTC day for the last 29 days, today included, so that a horizon of 30 days holds every day of
it whole. What is usual is decided by days at least three days old: a new value waits that long before it counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from domain.clock import DAY, HOUR

#: Days in memory, today included.
DAYS = 29
#: A day counts for what is usual when it is this many days old.
WAIT = 3
#: Values of one kind in memory, unless more are asked for. The one met longest ago makes room, of several the one with
#: the lowest key.
VALUES = 12
#: What came through one of these never becomes usual by itself.
ANONYMISING = frozenset({"vpn", "tor", "relay", "hosting"})
#: The farthest that an hour can lie from the usual ones, hours.
FARTHEST = 24

_KEPT = (1 << DAYS) - 1
_WEEK = 168
#: 1970-01-01 was a Thursday; hour 0 of the week is Monday 00:00 UTC.
_THURSDAY = 3


class Habit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One value (a fingerprint); bit n of `days` says that it was met n days before the newest day."""

    key: int
    days: int


class Day(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One day with activity: bit h of `hours` for each hour of it, and the busiest clock hour's activities and rows."""

    day: int
    hours: int
    events: int
    rows: int


def fingerprint(word: str) -> int:
    """32 bits that stand for a word in a state: the same on every machine, and nothing to read. 0 for ""."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def meet(habits: tuple[Habit, ...], key: int, keep: int = VALUES) -> tuple[Habit, ...]:
    """The habits, by key, after `key` was met on the newest day; at most `keep` of them. Key 0 is no value."""
    if not key:
        return habits
    for habit in habits:
        if habit.key == key:
            if habit.days & 1:
                return habits
            return tuple([Habit(key, each.days | 1) if each is habit else each for each in habits])
    met = sorted((*habits, Habit(key, 1)), key=_key)
    if len(met) > keep:
        met.remove(min(met, key=_recent))
    return tuple(met)


def _key(habit: Habit) -> int:
    return habit.key


def _recent(habit: Habit) -> tuple[int, int]:
    """Lower for what was met longer ago."""
    return (-(habit.days & -habit.days), habit.key)


def later(habits: tuple[Habit, ...], days: int) -> tuple[Habit, ...]:
    """The habits when the newest day lies `days` later."""
    if days >= DAYS:
        return ()
    moved = [Habit(habit.key, (habit.days << days) & _KEPT) for habit in habits]
    return tuple(habit for habit in moved if habit.days)


def novelty(habits: tuple[Habit, ...], key: int, old_days: int) -> int:
    """Percent of the actor's `old_days` active days, three days old or more, on which `key` was not met; 0 without any.

    100 is a value never met before the last three days.
    """
    if not old_days:
        return 0
    for habit in habits:
        if habit.key == key:
            return 100 - min(100, 100 * (habit.days >> WAIT).bit_count() // old_days)
    return 100


def old(days: Iterable[Day], today: int) -> int:
    """How many of `days` are old enough to say what is usual."""
    return sum(1 for each in days if each.day <= today - WAIT)


def week_of(days: Iterable[Day], today: int) -> tuple[int, ...]:
    """The usual hours: for each weekday, from Monday on, bit h for each hour with activity on old enough days.

    () when no day is old enough.
    """
    week = [0] * 7
    for each in days:
        if each.day <= today - WAIT:
            week[(each.day + _THURSDAY) % 7] |= each.hours
    return tuple(week) if any(week) else ()


def hours_away(week: tuple[int, ...], at: int) -> int:
    """Hours from `at` (ms) to the nearest usual hour of the week, before or after, at most FARTHEST.

    0 when there are none: who has no usual hours cannot be outside of them.
    """
    if not week:
        return 0
    now = 24 * ((at // DAY + _THURSDAY) % 7) + at % DAY // HOUR
    for away in range(FARTHEST):
        after, before = (now + away) % _WEEK, (now - away) % _WEEK
        if week[after // 24] >> after % 24 & 1 or week[before // 24] >> before % 24 & 1:
            return away
    return FARTHEST
