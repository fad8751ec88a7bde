"""What waits for the clock: per subject, what the log brought and was not applied yet, as it came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from domain.activity import Judged
from domain.subject import tenant_of
from domain.wire import activities_of

_at, _key = attrgetter("occurred_at"), attrgetter("occurred_at", "activity_id")


class Waiting(NamedTuple):
    """Activities of one subject, none before `first` or after `last` (ms), and the offset of their bundle."""

    first: int
    last: int
    offset: int
    activities: msgspec.Raw | Sequence[Judged]


class Ready(NamedTuple):
    """What is to be applied, in key order, of each id the earliest delivery; every other one beside the one kept."""

    subject: str
    activities: list[Judged]
    copies: list[tuple[Judged, Judged]]


class Buffer:
    """By tenant and subject. Activities stay encoded until they are applied: a third of the room, and at hand then."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, list[Waiting]]] = {}
        self._earliest: dict[str, dict[str, int]] = {}

    def __contains__(self, subject: str) -> bool:
        return subject in self._waiting.get(tenant_of(subject), ())

    def add(self, subject: str, waiting: Waiting) -> None:
        tenant = tenant_of(subject)
        self._waiting.setdefault(tenant, {}).setdefault(subject, []).append(waiting)
        earliest = self._earliest.setdefault(tenant, {})
        earliest[subject] = min(waiting.first, earliest.get(subject, waiting.first))

    def release(self, clocks: Mapping[str, int]) -> Iterator[Ready]:
        """Per subject, what lies below its tenant's clock; it leaves the buffer."""
        for tenant, earliest in self._earliest.items():
            clock = clocks.get(tenant)
            if clock is None:
                continue
            subjects = self._waiting[tenant]
            for subject in [subject for subject, at in earliest.items() if at < clock]:
                ready, left = _cut(subjects.pop(subject), clock)
                if left:
                    subjects[subject] = left
                    earliest[subject] = min([waiting.first for waiting in left])
                else:
                    del earliest[subject]
                if ready:
                    yield _in_order(subject, ready)

    def lowest_offset(self, default: int) -> int:
        """The lowest bundle offset with an activity still waiting."""
        everything = (waiting for subjects in self._waiting.values() for waiting in subjects.values())
        return min((each.offset for waiting in everything for each in waiting), default=default)


def _cut(waiting: Sequence[Waiting], clock: int) -> tuple[list[Judged], list[Waiting]]:
    """What lies below the clock, and what still waits."""
    ready, left = list[Judged](), list[Waiting]()
    if len(waiting) == 1 and waiting[0].last < clock:
        return _activities(waiting[0]), left
    for each in waiting:
        if each.first >= clock:
            left.append(each)
            continue
        some = _activities(each)
        if each.last < clock:
            ready += some
        else:
            ready += [activity for activity in some if activity.occurred_at < clock]
            if above := [activity for activity in some if activity.occurred_at >= clock]:
                left.append(Waiting(min([activity.occurred_at for activity in above]), each.last, each.offset, above))
    return ready, left


def _activities(waiting: Waiting) -> list[Judged]:
    some = waiting.activities
    return activities_of(some) if isinstance(some, msgspec.Raw) else list(some)


def _in_order(subject: str, activities: list[Judged]) -> Ready:
    if _one_by_one(activities):
        return Ready(subject, activities, [])
    activities.sort(key=_at)
    if _one_by_one(activities):
        return Ready(subject, activities, [])  # in key order, and no id twice: an id has one time
    kept: dict[str, Judged] = {}
    copies: list[tuple[Judged, Judged]] = []
    for activity in activities:
        known = kept.setdefault(activity.activity_id, activity)
        if known is not activity:
            earlier, other = (activity, known) if activity.place < known.place else (known, activity)
            kept[activity.activity_id] = earlier
            copies.append((other, earlier))
    return Ready(subject, sorted(kept.values(), key=_key), copies)


def _one_by_one(activities: Iterable[Judged]) -> bool:
    """Whether each occurred after the one before."""
    before = -1
    for activity in activities:
        at = activity.occurred_at
        if at <= before:
            return False
        before = at
    return True
