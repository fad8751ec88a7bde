"""What waits for the clock: per subject, activities not yet applied, the earliest delivery of each id."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from domain.activity import Activity
from domain.subject import tenant_of

#: (occurred_at, activity_id, activity, offset of the bundle that first brought it): sorts by key, for ids differ.
Waiting = tuple[int, str, Activity, int]


class Buffer:
    """Activities by tenant and subject with the offset of the bundle that brought them."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, dict[str, Waiting]]] = {}
        self._earliest: dict[str, dict[str, int]] = {}

    def __contains__(self, subject: str) -> bool:
        return subject in self._waiting.get(tenant_of(subject), ())

    def __len__(self) -> int:
        return sum(len(waiting) for subjects in self._waiting.values() for waiting in subjects.values())

    def add(self, subject: str, activities: Iterable[Activity], offset: int) -> list[tuple[Activity, Activity]]:
        """Of two copies of one id the one with the earlier place stays, under the first copy's offset.

        The ids met before, as (the copy that came, the one that waited).
        """
        tenant, met = tenant_of(subject), []
        waiting = self._waiting.setdefault(tenant, {}).setdefault(subject, {})
        earliest = self._earliest.setdefault(tenant, {})
        least = earliest.get(subject)
        for activity in activities:
            at, name = activity.occurred_at, activity.activity_id
            known = waiting.get(name)
            if known is None:
                waiting[name] = (at, name, activity, offset)
                if least is None or at < least:
                    least = at
                continue
            other, first = known[2], known[3]
            if activity.place < other.place:
                waiting[name] = (at, name, activity, first)
            met.append((activity, other))
        if least is None:
            del self._waiting[tenant][subject]
        else:
            earliest[subject] = least
        return met

    def release(self, clocks: Mapping[str, int]) -> Iterator[tuple[str, list[Activity]]]:
        """Per subject, what lies below its tenant's clock, in key order; it leaves the buffer."""
        for tenant, earliest in self._earliest.items():
            clock = clocks.get(tenant)
            if clock is None:
                continue
            subjects = self._waiting[tenant]
            for subject in [subject for subject, at in earliest.items() if at < clock]:
                entries = sorted(subjects.pop(subject).values())
                ready = bisect_left(entries, clock, key=_at)
                if ready == len(entries):
                    del earliest[subject]
                else:
                    left = entries[ready:]
                    subjects[subject] = {name: (at, name, activity, offset) for at, name, activity, offset in left}
                    earliest[subject] = left[0][0]
                    del entries[ready:]
                yield subject, [activity for _, _, activity, _ in entries]

    def lowest_offset(self, default: int) -> int:
        """The lowest bundle offset with an activity still waiting."""
        return min(
            (
                offset
                for subjects in self._waiting.values()
                for waiting in subjects.values()
                for _, _, _, offset in waiting.values()
            ),
            default=default,
        )


def _at(waiting: Waiting) -> int:
    return waiting[0]
