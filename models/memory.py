"""An actor's memory: the last 60 minutes, what is usual, and the roles; frozen, bounded, without anything personal.

The window is 60 whole event-minutes, the one of the activity included: of an activity in minute m, minutes m − 59 to m.
"""

from __future__ import annotations

import msgspec

from domain.clock import DAY, MINUTE

from .habits import Day, Habit

#: Minutes in a window.
WINDOW = 60
#: Distinct values and activity ids that one minute keeps at most.
TYPES, NETWORKS, IDS = 12, 4, 2
#: Bits in which a minute marks the objects that were touched: how many are set tells how many those were.
OBJECTS = 64
#: Object types in an actor's memory.
USUAL_TYPES = 24
#: Days since the first one in memory, and days with activity, after which an actor's hours are judged.
LEARNING, LEAST_DAYS = 14, 5
#: A change of roles is told for a week; roles that were not heard of for three weeks are forgotten.
ROLE_NEWS, ROLE_MEMORY = 7 * DAY, 21 * DAY


class Minute(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event-minute with activity; `at` in minutes since the epoch. `device`, `country`, `network`: percent new."""

    at: int
    events: int = 0
    reads: int = 0
    changes: int = 0
    exports: int = 0
    rows: int = 0
    bytes: int = 0
    refusals: int = 0
    admin: int = 0
    api: int = 0
    device: int = 0
    country: int = 0
    network: int = 0
    types: tuple[int, ...] = ()
    objects: int = 0  # a bit for each, by its fingerprint
    networks: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()


class Roles(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The actor's roles (a fingerprint), the last minute that told them, and when they last changed (ms)."""

    key: int
    heard: int
    changed: int | None = None


class News(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How new, in percent, what the day's newest activity came with was; `key` stands for all of it."""

    key: int = 0
    device: int = 0
    country: int = 0
    network: int = 0


class Habits(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is usual for the actor, as of `day`, its own hours and amounts without those of the newest minute.

    Bound: 12 values of each kind (24 types), 29 days.
    """

    day: int
    devices: tuple[Habit, ...] = ()
    countries: tuple[Habit, ...] = ()
    networks: tuple[Habit, ...] = ()
    types: tuple[Habit, ...] = ()
    days: tuple[Day, ...] = ()  # before `day`
    old: int = 0  # how many of them say what is usual
    week: tuple[int, ...] = ()  # the usual hours by them
    most_events: int = 0  # of a clock hour before `day`
    most_rows: int = 0
    hours: int = 0  # of `day`
    events: int = 0  # of its busiest clock hour
    rows: int = 0
    hour: int = -1  # the newest clock hour, hours since the epoch
    hour_events: int = 0
    hour_rows: int = 0
    news: News = News()


class Recent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An actor's memory: the last 60 minutes with activity, oldest first and the newest apart; habits; roles."""

    now: Minute | None = None
    before: tuple[Minute, ...] = ()
    habits: Habits | None = None
    roles: Roles | None = None


def new_minute(state: Recent, at: int) -> bool:
    """Whether an activity at `at` (ms) is the first of its event-minute: then it is scored."""
    return state.now is None or state.now.at != at // MINUTE


def ids(state: Recent) -> list[str]:
    """The activities of the window in order: of each minute the first 2."""
    newest = () if state.now is None else (state.now,)
    return [name for minute in (*state.before, *newest) for name in minute.ids]


def events(state: Recent) -> int:
    """How many activities the window has."""
    return sum(minute.events for minute in state.before) + (state.now.events if state.now else 0)


def known_for(state: Recent) -> tuple[int, int]:
    """(days since the first day in memory, days with activity before today): what the actor's habits rest on."""
    usual = state.habits
    if usual is None or not usual.days:
        return 0, 0
    return usual.day - usual.days[0].day, len(usual.days)


def new_role(state: Recent) -> bool:
    """Whether the actor's roles changed within the last 7 days."""
    return state.roles is not None and state.roles.changed is not None
