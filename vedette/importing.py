"""What `vedette import` does with rows: send them, wait until they are stored, and tell what became of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from domain import clock
from domain.activity import Activity
from domain.errors import VedetteError
from ingest.dead_letters import DeadLetter
from ingest.record import Headers, Record, Skip, lane_name
from transport.batch import Sent
from transport.topics import RAW_IMPORT

#: Rows that are sent, waited for and counted together.
TOGETHER: Final = 20_000
#: First places shown of each reason.
_SHOWN: Final = 3
#: Earlier than this before we send nothing of ours can have arrived: clocks differ.
_SLACK: Final = clock.HOUR

Outcome = list[Activity] | DeadLetter | Skip


class RowAt(msgspec.Struct, frozen=True):
    """A row of a file: its name, the line, the bytes that go into the record."""

    file: str
    line: int
    raw: bytes


@dataclass
class Summary:
    """Counts of rows by what became of them; `reasons` has the first places of each code."""

    read: int = 0
    stored: int = 0
    duplicate: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)  # whose rows they are, as told or as detected

    def see(self, outcome: Outcome) -> None:
        """Counts whose row it is."""
        self.sources[outcome[0].source if isinstance(outcome, list) else outcome.source] += 1

    def skip(self, kind: str) -> None:
        self.skipped[kind] += 1

    def reject(self, row: RowAt, code: str, reason: str) -> None:
        self.rejected[code] += 1
        places = self.reasons.setdefault(code, [])
        if len(places) < _SHOWN:
            places.append(f"{row.file}:{row.line}: {reason}")

    def lines(self, *, dry: bool) -> Iterator[str]:
        """For people: one line per count, then the first reasons of each code."""
        yield f"{self.read:>10} rows read{listed(self.sources)}"
        if dry:
            yield f"{self.stored:>10} would be stored (fewer, where some are stored already)"
        else:
            yield f"{self.stored:>10} stored"
            yield f"{self.duplicate:>10} duplicate: stored before, or twice in the files"
        yield f"{self.skipped.total():>10} skipped{listed(self.skipped)}"
        yield f"{self.rejected.total():>10} rejected{listed(self.rejected)}"
        for code in sorted(self.reasons):
            yield from (f"           {place}" for place in self.reasons[code])


def listed(counts: Counter[str]) -> str:
    """`: a 2, b 1`, the most frequent first; "" for none."""
    named = ", ".join(f"{name} {n}" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return f": {named}" if named else ""


class Fate(Protocol):
    """What the store says of one place; see storage.places."""

    @property
    def status(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Fates(Protocol):
    """The part of storage.places.PlaceStore that is needed here."""

    async def fates(
        self,
        tenant: str,
        epoch: int,
        places: Sequence[tuple[str, int]],
        *,
        occurred: tuple[int, int] | None,
        since: int,
    ) -> Mapping[tuple[str, int], Fate]: ...


def dry_run(rows: Iterator[RowAt], normalise: Callable[[Record], Outcome], headers: Headers, *, at: int) -> Summary:
    """What `rows` would become if they arrived at `at`; nothing leaves this process."""
    summary = Summary()
    for offset, row in enumerate(rows):
        summary.read += 1
        outcome = normalise(Record(RAW_IMPORT, 0, offset, 0, at, headers, row.raw))
        summary.see(outcome)
        if isinstance(outcome, DeadLetter):
            summary.reject(row, outcome.code, outcome.reason)
        elif isinstance(outcome, Skip):
            summary.skip(outcome.kind)
        else:
            summary.stored += 1
    return summary


class Importer:
    """Sends rows and follows them into the store.

    `send` takes rows and their keys, and gives each row's place once acknowledged; `through` the last offset stored per
    lane; `normalise` is a local reader that only says to which tenant and time a row belongs, and which rows are one
    event: what became of it the store says. Rows of one event share a key and so a lane, where the first is the
    earliest: of two lanes either may count as the earlier one, and a repetition would be called stored.
    """

    def __init__(
        self,
        *,
        send: Callable[[Sequence[bytes], Sequence[bytes | None]], Awaitable[Sequence[Sent]]],
        through: Callable[[], Awaitable[Mapping[str, int]]],
        fates: Fates,
        normalise: Callable[[Record], Outcome],
        headers: Headers,
        epoch: int,
        patience: float,
        now: Callable[[], clock.Millis] = clock.now,
    ) -> None:
        self._send, self._through, self._fates, self._normalise = send, through, fates, normalise
        self._headers, self._epoch, self._patience, self._now = headers, epoch, patience, now
        self.summary = Summary()

    async def take(self, rows: Sequence[RowAt]) -> None:
        """Send rows, wait, count. Raises VedetteError when the lanes stand still for `patience` seconds."""
        at = self._now()
        outcomes = [
            self._normalise(Record(RAW_IMPORT, 0, index, self._epoch, at, self._headers, row.raw))
            for index, row in enumerate(rows)
        ]
        keys = [each[0].activity_id.encode() if isinstance(each, list) else None for each in outcomes]
        placed = await self._send([row.raw for row in rows], keys)
        await self._wait(placed)
        tenants: dict[str, list[tuple[RowAt, tuple[str, int], Outcome]]] = {}
        for row, sent, outcome in zip(rows, placed, outcomes, strict=True):
            self.summary.see(outcome)
            tenant = outcome[0].tenant if isinstance(outcome, list) else outcome.tenant
            tenants.setdefault(tenant, []).append((row, (lane_name(RAW_IMPORT, sent.partition), sent.offset), outcome))
        self.summary.read += len(rows)
        for tenant, mine in tenants.items():
            await self._count(tenant, mine, since=min(sent.at for sent in placed) - _SLACK)

    async def _wait(self, placed: Sequence[Sent]) -> None:
        wanted: dict[str, int] = {}
        for sent in placed:
            lane = lane_name(RAW_IMPORT, sent.partition)
            wanted[lane] = max(wanted.get(lane, -1), sent.offset)
        loop = asyncio.get_running_loop()
        last, since = -1, loop.time()
        while True:
            through = await self._through()
            left = {lane: offset for lane, offset in wanted.items() if through.get(lane, -1) < offset}
            if not left:
                return
            come = sum(through.values())
            if come != last:
                last, since = come, loop.time()
            elif loop.time() - since > self._patience:
                lane, offset = sorted(left.items())[0]
                raise VedetteError(
                    f"{len(placed)} rows were sent, but for {self._patience:g} s ingest has stood at offset "
                    f"{through.get(lane, -1)} of {lane}, before {offset}; check that `vedette ingest` runs: it stores "
                    "them once it does, and importing the files again is safe"
                )
            await asyncio.sleep(0.1)

    async def _count(self, tenant: str, rows: Sequence[tuple[RowAt, tuple[str, int], Outcome]], *, since: int) -> None:
        times = [outcome[0].occurred_at for _, _, outcome in rows if isinstance(outcome, list)]
        found = await self._fates.fates(
            tenant,
            self._epoch,
            [place for _, place, _ in rows],
            occurred=(min(times), max(times)) if times else None,
            since=since,
        )
        for row, place, outcome in rows:
            fate = found.get(place)
            if fate is not None and fate.status == "rejected":
                self.summary.reject(row, fate.code, fate.reason)
            elif isinstance(outcome, DeadLetter):
                self.summary.reject(row, outcome.code, outcome.reason)
            elif isinstance(outcome, Skip):
                self.summary.skip(outcome.kind)
            elif fate is not None and fate.status == "stored":
                self.summary.stored += 1
            else:
                self.summary.duplicate += 1
