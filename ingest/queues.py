"""Records that were read and are not taken yet, by lane: lanes with a backlog are taken evenly in time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from itertools import accumulate, chain
from typing import Generic, Protocol, TypeVar

#: So far beyond what a lane has been read to may others be taken while nothing of it waits here, ms.
AHEAD = 5_000


class Timed(Protocol):
    @property
    def timestamp(self) -> int: ...


R = TypeVar("R", bound=Timed)


class _Queue(Generic[R]):
    """One lane's records and their times, each at least the one before."""

    def __init__(self) -> None:
        self.records: list[R] = []
        self.times: list[int] = []

    def put(self, records: list[R]) -> None:
        times = accumulate((r.timestamp for r in records), max, initial=self.times[-1] if self.times else None)
        self.records += records
        self.times += list(times)[bool(self.times) :]

    def until(self, time: int) -> int:
        return bisect_right(self.times, time)

    def take(self, number: int) -> list[R]:
        taken, self.records = self.records[:number], self.records[number:]
        self.times = self.times[number:]
        return taken


class Queues(Generic[R]):
    """Of the lanes that one process reads. `timestamp` is in ms."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Queue[R]] = {}

    def __bool__(self) -> bool:
        return any(queue.records for queue in self._lanes.values())

    def clear(self) -> None:
        self._lanes = {}

    def put(self, lane: str, records: Iterable[R]) -> None:
        self._lanes.setdefault(lane, _Queue()).put(list(records))

    def waiting(self, lane: str) -> int:
        return len(self._lanes[lane].records) if lane in self._lanes else 0

    def first(self, lane: str) -> R | None:
        """The lane's record that is taken next."""
        return self._lanes[lane].records[0] if self.waiting(lane) else None

    def take(self, most: int, *, live: Collection[str], awaited: Mapping[str, int | None]) -> dict[str, list[R]]:
        """About `most` records, more only where many have one time.

        Of a lane in `live`, its share at once: nothing old holds it back. Of the others what lies before the time that
        is known of each: `awaited` has those with more to read than waits here, and how far they have been read (ms;
        None where nothing is known: nobody waits for it).
        """
        held = {lane: queue for lane, queue in self._lanes.items() if queue.records}
        share = max(1, most // max(1, len(held)))
        numbers = {lane: min(share, len(queue.records)) for lane, queue in held.items() if lane in live}
        ends = [held[lane].times[-1] for lane in awaited if lane in held]
        ends += [at + AHEAD for lane, at in awaited.items() if lane not in held and at is not None]
        rest, end = most - sum(numbers.values()), min(ends, default=None)
        times = {
            lane: queue.times if end is None else queue.times[: queue.until(end)]
            for lane, queue in held.items()
            if lane not in live
        }
        if rest > 0 and sum(map(len, times.values())) > rest:
            end = sorted(chain(*times.values()))[rest - 1]
        for lane, known in times.items():
            numbers[lane] = len(known) if end is None else bisect_right(known, end)
        return {lane: held[lane].take(number) for lane, number in numbers.items() if number}
