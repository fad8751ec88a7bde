"""What ingest does with one fetch: normalise, store, bundle, mark. In this order; the caller then commits raw offsets.

Whatever a detector sees is already stored. Doing a fetch again, even by a stalled process, gives the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.activity import Activity
from domain.clock import BEGINNING
from domain.subject import Routing, bucket, subjects
from domain.wire import BUNDLE_ACTIVITIES, BUNDLE_BYTES, Bundle, LaneMark, Marks, encode
from ingest.dead_letters import DeadLetter
from ingest.record import Record, Skip

#: (tenant, source, feed, kind, lane, first offset, last offset, rows)
SkipRow = tuple[str, str, str, str, str, int, int, int]


class IngestStore(Protocol):
    """Where a fetch is stored before anybody judges it; each call may be repeated."""

    async def put_raw(self, records: Sequence[Record]) -> None: ...
    async def put_dead_letters(self, letters: Sequence[DeadLetter]) -> None: ...
    async def put_skips(self, epoch: int, rows: Sequence[SkipRow]) -> None: ...
    async def put_events(self, rows: Sequence[Activity], token: str) -> None: ...
    async def put_lanes(self, epoch: int, through: Mapping[str, int]) -> None: ...


@dataclass
class _Lane:
    """One raw partition's progress in event time, ms, and in offsets."""

    through: int = -1
    caught_up: int = BEGINNING
    highest: dict[str, int] = field(default_factory=dict)  # per tenant, of records that are not batch

    def mark(self, lateness: int) -> LaneMark:
        tenants = {tenant: max(highest, self.caught_up) - lateness for tenant, highest in self.highest.items()}
        return LaneMark(self.caught_up - lateness, tenants, self.through)


class Pipeline:
    """One ingest process's path from raw records to stored activities, bundles and marks, for the lanes it owns."""

    def __init__(
        self,
        *,
        normalise: Callable[[Record], Sequence[Activity] | DeadLetter | Skip],
        store: IngestStore,
        send: Callable[[int, bytes], Awaitable[None]],
        routing: Routing,
        epoch: int,
        partitions: int,
        lateness: int,
    ) -> None:
        self._normalise, self._store, self._send = normalise, store, send
        self._routing, self.epoch, self._partitions, self._lateness = routing, epoch, partitions, lateness
        self._lanes: dict[str, _Lane] = {}
        self.counted: Counter[str] = Counter()

    def own(self, lanes: Mapping[str, int]) -> None:
        """The lanes this process reads from now on, each with the next offset it will read."""
        self._lanes = {lane: self._lanes.get(lane) or _Lane(through=start - 1) for lane, start in lanes.items()}

    async def take(self, records: Sequence[Record], caught_up: Mapping[str, int], names: Iterable[str]) -> None:
        """One fetch, in offset order per lane; `caught_up` has the lanes that stood at their end, and when (ms)."""
        activities: list[Activity] = []
        letters: list[DeadLetter] = []
        skips: dict[tuple[str, str, str, str, str], list[int]] = {}
        for record in records:
            outcome = self._normalise(record)
            if isinstance(outcome, DeadLetter):
                letters.append(outcome)
            elif isinstance(outcome, Skip):
                skips.setdefault((outcome.tenant, outcome.source, outcome.feed, outcome.kind, record.lane), []).append(
                    record.offset
                )
            else:
                activities.extend(outcome)
        if records:
            await self._put(records, activities, letters, skips)
            await self._bundle(activities)
        self._progress(records, activities, caught_up)
        await self.mark(names)

    async def _put(
        self,
        records: Sequence[Record],
        activities: list[Activity],
        letters: list[DeadLetter],
        skips: Mapping[tuple[str, str, str, str, str], list[int]],
    ) -> None:
        through: dict[str, int] = {}
        for record in records:
            through[record.lane] = record.offset
        await self._store.put_raw(records)
        await self._store.put_dead_letters(letters)
        await self._store.put_skips(
            self.epoch, [(*key, offsets[0], offsets[-1], len(offsets)) for key, offsets in skips.items()]
        )
        first = records[0]
        await self._store.put_events(activities, f"{self.epoch}/{first.lane}/{first.offset}/{through[first.lane]}")
        await self._store.put_lanes(self.epoch, through)
        self.counted.update(stored=len(activities), rejected=len(letters), skipped=sum(map(len, skips.values())))

    async def _bundle(self, activities: Sequence[Activity]) -> None:
        """To each partition that owns a subject, once, in the order of the fetch."""
        parts: dict[int, list[Activity]] = {}
        for activity in activities:
            for partition in {bucket(s) % self._partitions for s in subjects(activity, self._routing)}:
                parts.setdefault(partition, []).append(activity)
        for partition, mine in sorted(parts.items()):
            for start in range(0, len(mine), BUNDLE_ACTIVITIES):
                for message in _fitting(mine[start : start + BUNDLE_ACTIVITIES]):
                    await self._send(partition, message)

    def _progress(
        self, records: Sequence[Record], activities: Sequence[Activity], caught_up: Mapping[str, int]
    ) -> None:
        for activity in activities:
            if not activity.batch and (lane := self._lanes.get(activity.lane)):
                at = min(activity.occurred_at, activity.received_at)
                if at > lane.highest.get(activity.tenant, BEGINNING):
                    lane.highest[activity.tenant] = at
        for record in records:
            if known := self._lanes.get(record.lane):
                known.through = max(known.through, record.offset)
        for name, at in caught_up.items():
            if known := self._lanes.get(name):
                known.caught_up = max(known.caught_up, at)

    async def mark(self, names: Iterable[str]) -> None:
        """Tell every partition how far these lanes have come."""
        if not self._lanes:
            return
        lanes = {name: lane.mark(self._lateness) for name, lane in self._lanes.items()}
        message = encode(Marks(self.epoch, lanes, tuple(names)))
        for partition in range(self._partitions):
            await self._send(partition, message)


def _fitting(activities: Sequence[Activity]) -> list[bytes]:
    """One message, or halves of it until each is below the limit of a Kafka message."""
    message = encode(Bundle(tuple(activities)))
    if len(message) <= BUNDLE_BYTES or len(activities) == 1:
        return [message]
    half = len(activities) // 2
    return _fitting(activities[:half]) + _fitting(activities[half:])
