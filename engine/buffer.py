"""What waits for the clock: per subject, activities not yet applied, the earliest delivery of each id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.activity import Activity
from domain.clock import BEGINNING
from domain.subject import tenant_of


class Buffer:
    """Activities by subject with the offset of the bundle that brought them."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, tuple[Activity, int]]] = {}
        self._earliest: dict[str, int] = {}

    def __contains__(self, subject: str) -> bool:
        return subject in self._waiting

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def subjects(self) -> Iterable[str]:
        return self._waiting.keys()

    def add(self, subject: str, activity: Activity, offset: int) -> Activity | None:
        """Of two copies of one id the one with the earlier place stays, under the first copy's offset.

        The other copy, if there was one.
        """
        waiting = self._waiting.setdefault(subject, {})
        known = waiting.get(activity.activity_id)
        if known is None:
            waiting[activity.activity_id] = (activity, offset)
            at = activity.occurred_at
            if at < self._earliest.get(subject, at + 1):
                self._earliest[subject] = at
        elif activity.place < known[0].place:
            waiting[activity.activity_id] = (activity, known[1])
        return known[0] if known else None

    def release(self, clocks: Mapping[str, int]) -> Iterable[tuple[str, list[Activity]]]:
        """Per subject, what lies below its tenant's clock, in key order; it leaves the buffer."""
        for subject in [s for s, at in self._earliest.items() if at < clocks.get(tenant_of(s), BEGINNING)]:
            clock = clocks[tenant_of(subject)]
            waiting = self._waiting[subject]
            ready = sorted((a for a, _ in waiting.values() if a.occurred_at < clock), key=lambda a: a.key)
            if len(ready) == len(waiting):
                del self._waiting[subject], self._earliest[subject]
            else:
                for activity in ready:
                    del waiting[activity.activity_id]
                self._earliest[subject] = min(a.occurred_at for a, _ in waiting.values())
            yield subject, ready

    def lowest_offset(self, default: int) -> int:
        """The lowest bundle offset with an activity still waiting."""
        return min((o for waiting in self._waiting.values() for _, o in waiting.values()), default=default)
