"""What ingest does with one fetch: normalise, store, bundle, mark. In this order; the caller then commits raw offsets.

Whatever a detector sees is already stored. Doing a fetch again, even by a stalled process, gives the same rows.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Protocol

from domain.clock import BEGINNING
from domain.incident import Notice
from domain.rows import Rows
from domain.subject import Routing, router
from domain.wire import LaneMark, Marks, encode
from ingest.bundles import Mine, by_partition, by_subject, messages
from ingest.dead_letters import DeadLetter
from ingest.memory import Memory
from ingest.normalise import Taken
from ingest.record import Record
from ingest.rejects import Rejects
from ingest.reused import Reused

#: Lanes that are so near to each other in time are read to their ends together, ms.
ALONGSIDE = 60_000
_lane = attrgetter("topic", "partition")
#: Heads of which it is remembered who judges them.
_HEADS = 50_000
#: (tenant, source, feed, kind, lane, first offset, last offset, rows)
SkipRow = tuple[str, str, str, str, str, int, int, int]
#: Stores what was encoded before, under the name of its insert.
Put = Callable[[str], Awaitable[None]]


class IngestStore(Protocol):
    """Where a fetch is stored before anybody judges it; each call may be repeated.

    `encode_events` encodes at once, and what it returns stores.
    """

    async def put_dead_letters(self, letters: Sequence[DeadLetter]) -> None: ...
    async def put_skips(self, epoch: int, rows: Sequence[SkipRow]) -> None: ...
    def encode_events(self, rows: Rows) -> Put: ...
    async def put_lanes(self, epoch: int, through: Mapping[str, int]) -> None: ...
    async def put_notices(self, notices: Sequence[Notice]) -> None: ...


@dataclass
class _Lane:
    """One raw partition's progress in event time, ms, and in offsets."""

    through: int = -1
    caught_up: int = BEGINNING
    received: int = BEGINNING  # of the newest record: no older one comes for a tenant that had none yet
    live: bool = False  # at the last look there was nothing left to read
    highest: dict[str, int] = field(default_factory=dict)  # per tenant, of records that are not batch

    @property
    def reached(self) -> int:
        """How far in time the lane has been read."""
        return max(self.caught_up, self.received)

    def mark(self, lateness: int) -> LaneMark:
        tenants = {tenant: max(highest, self.caught_up) - lateness for tenant, highest in self.highest.items()}
        return LaneMark(self.reached - lateness, tenants, self.through)


@dataclass
class Fetch:
    """One fetch, normalised: what is stored, what is refused, what is only counted, and how far it goes."""

    caught_up: Mapping[str, int]
    at: int  # when it was made, ms
    newest: int = BEGINNING  # arrival of the last record, ms
    rows: Rows = field(default_factory=Rows)
    letters: list[DeadLetter] = field(default_factory=list)
    skips: dict[tuple[str, str, str, str, str], list[int]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    through: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    put: Put | None = None  # stores the activities, once they are encoded


class Pipeline:
    """One ingest process's path from raw records to stored activities, bundles and marks, for the lanes it owns."""

    def __init__(
        self,
        *,
        normalise: Callable[[Sequence[Record]], Taken],
        store: IngestStore,
        send: Callable[[int, bytes], Awaitable[None]],
        routing: Routing,
        epoch: int,
        partitions: int,
        lateness: int,
        together: Callable[..., Awaitable[object]] = asyncio.gather,
    ) -> None:
        self._normalise, self._store, self._send = normalise, store, send
        self.epoch, self._partitions, self._lateness = epoch, partitions, lateness
        self._subjects = Memory(router(routing), most=_HEADS)
        self._together, self._rejects, self._reused = together, Rejects(), Reused()
        self._lanes: dict[str, _Lane] = {}
        self.counted: Counter[str] = Counter()

    def own(self, lanes: Mapping[str, int]) -> None:
        """The lanes this process reads from now on, each with the next offset it will read."""
        self._lanes = {lane: self._lanes.get(lane) or _Lane(through=start - 1) for lane, start in lanes.items()}

    def live(self) -> set[str]:
        """The lanes of which nothing was left to read at the last look."""
        return {name for name, lane in self._lanes.items() if lane.live}

    def reached(self) -> dict[str, int]:
        """How far in time (ms) each lane has been read; without those of which nothing is known yet."""
        return {name: lane.reached for name, lane in self._lanes.items() if lane.reached > BEGINNING}

    async def take(
        self, records: Sequence[Record], caught_up: Mapping[str, int], names: Iterable[str], *, at: int
    ) -> None:
        """One fetch made at `at` (ms), in offset order per lane.

        `caught_up` has the lanes that stood at their end, and when (ms).
        """
        fetch = Fetch(caught_up, at)
        self.add(fetch, records)
        await self.store(fetch)
        await self.send(fetch, names)

    def add(self, fetch: Fetch, records: Sequence[Record]) -> None:
        """Normalise more records of a fetch; of each lane they come in the order of their offsets.

        Nothing is stored yet, so the fetches before may still be on their way.
        """
        if not records:
            return
        taken = self._normalise(records)
        fetch.rows.extend(taken.rows)
        fetch.letters += taken.letters
        for record, skip in taken.skips:
            where = (skip.tenant, skip.source, skip.feed, skip.kind, record.lane)
            fetch.skips.setdefault(where, []).append(record.offset)
        backwards = records[::-1]
        for first in dict(zip(map(_lane, backwards), backwards, strict=True)).values():
            fetch.first.setdefault(first.lane, first.offset)
        for last in dict(zip(map(_lane, records), records, strict=True)).values():
            fetch.through[last.lane], fetch.received[last.lane] = last.offset, last.received_at
        fetch.newest = records[-1].received_at

    def encode(self, fetch: Fetch) -> Put:
        """Nothing more is added: make the activities ready to be stored, while the fetch before is."""
        fetch.put = self._store.encode_events(fetch.rows)
        fetch.rows.raws.clear()
        return fetch.put

    async def store(self, fetch: Fetch) -> None:
        """Fetches are stored one after the other, in the order they were made."""
        if not fetch.through:
            return
        put = fetch.put or self.encode(fetch)
        skips = [(*where, offsets[0], offsets[-1], len(offsets)) for where, offsets in fetch.skips.items()]
        store = self._store
        await self._together(
            put(self._token(fetch)),
            store.put_dead_letters(fetch.letters),
            store.put_skips(self.epoch, skips),
        )
        await store.put_lanes(self.epoch, fetch.through)
        taken = Counter[tuple[str, str]]()
        for head, many in Counter(fetch.rows.heads).items():
            taken[head.tenant, head.source] += many
        refused = Counter((letter.tenant, letter.source) for letter in fetch.letters)
        notices = self._rejects.count(taken, refused, at=fetch.newest)
        if notices := [*notices, *self._reused.count(fetch.rows, at=fetch.newest)]:
            await store.put_notices(notices)
        self.counted.update(stored=len(fetch.rows), rejected=len(fetch.letters), skipped=sum(s[-1] for s in skips))

    async def send(self, fetch: Fetch, names: Iterable[str]) -> None:
        """Bundle and mark what is stored; in the same order. The next fetch may be stored meanwhile."""
        await self._bundle(fetch)
        self._progress(fetch)
        await self.mark(names, at=fetch.at)

    def _token(self, fetch: Fetch) -> str:
        """The insert's name: every lane with its first and last offset, or one fetch passes for another."""
        spans = "|".join(f"{lane}/{fetch.first[lane]}/{last}" for lane, last in sorted(fetch.through.items()))
        return hashlib.sha256(f"{self.epoch}|{spans}".encode()).hexdigest()

    async def _bundle(self, fetch: Fetch) -> None:
        """To each partition what it judges, by subject, one message unacknowledged at a time."""

        async def send(partition: int, subjects: Sequence[Mine]) -> None:
            for message in messages(subjects):
                await self._send(partition, message)

        parts = by_partition(by_subject(fetch.rows, self._subjects.__getitem__), self._partitions)
        await self._together(*(send(partition, subjects) for partition, subjects in parts.items()))

    def _progress(self, fetch: Fetch) -> None:
        for (name, tenant), at in _reached(fetch.rows).items():
            if lane := self._lanes.get(name):
                lane.highest[tenant] = max(lane.highest.get(tenant, BEGINNING), min(at, fetch.at))
        for name, offset in fetch.through.items():
            if known := self._lanes.get(name):
                known.through = max(known.through, offset)
                known.received = max(known.received, min(fetch.received[name], fetch.at))
        for name, known in self._lanes.items():
            known.live = name in fetch.caught_up or (known.live and name not in fetch.through)
        for name, at in fetch.caught_up.items():
            if (known := self._lanes.get(name)) and not self._alongside(known):
                known.caught_up = max(known.caught_up, at)

    def _alongside(self, lane: _Lane) -> bool:
        """Whether another lane with a backlog stands about where this one's last record was.

        Then its mark stays there a little: the first of several lanes that reaches the end of an old backlog would make
        the rest of the others late.
        """
        since = lane.received - ALONGSIDE
        return lane.received > BEGINNING and any(
            not other.live and other.reached >= since for other in self._lanes.values()
        )

    async def mark(self, names: Iterable[str], *, at: int) -> None:
        """Tell every partition how far these lanes had come at `at` (ms)."""
        if not self._lanes:
            return
        lanes = {name: lane.mark(self._lateness) for name, lane in self._lanes.items()}
        message = encode(Marks(self.epoch, at, lanes, tuple(names)))
        await self._together(*(self._send(partition, message) for partition in range(self._partitions)))


def _reached(rows: Rows) -> dict[tuple[str, str], int]:
    """By lane and tenant, the latest time that an activity both had and came at, ms; batch has no say."""
    found: dict[tuple[str, str], int] = {}
    for lane, head, at in zip(rows.lanes, rows.heads, map(min, rows.occurred, rows.received), strict=True):
        if not head.batch and at > found.get((lane, head.tenant), BEGINNING):
            found[lane, head.tenant] = at
    return found
