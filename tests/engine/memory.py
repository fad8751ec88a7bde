"""An in-memory store with a fence, whose every call is a place where the process may be killed or put to sleep."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from domain.activity import Activity, Judged, Key, Place
from domain.clock import BEGINNING
from domain.errors import Fenced
from domain.incident import Notice
from domain.judgement import AlertRevision, Copy, DetectorFailure, DirtyMark, Marker, StateRow
from domain.rows import Rows
from domain.subject import Routing, bucket, router
from ingest.dead_letters import DeadLetter
from ingest.pipeline import Put, SkipRow
from tests.engine.toys import ACTIONS

#: Activities that are read between two calls: few, so that much comes in between.
PAGE = 3


_activity = msgspec.json.Decoder(Activity).decode


class Pause:
    """Awaiting it hands control to whoever steps the coroutine."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def run(coroutine: Any) -> Any:
    """Step a coroutine to its end."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value


class MemoryStore:
    """JudgeStore and IngestStore over dictionaries; what ReplacingMergeTree keeps is what stays."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, int, str], Activity] = {}
        self.alerts: dict[str, AlertRevision] = {}
        self.rows: dict[str, StateRow] = {}
        self.marks: dict[str, DirtyMark] = {}
        self.gone: set[str] = set()
        self.markers: dict[int, Marker] = {}
        self.terms: dict[int, int] = {}
        self.lanes: dict[str, int] = {}
        self.conflicts: set[tuple[str, Place]] = set()
        self.tokens: set[tuple[str, int]] = set()
        self.writes = 0
        self.pages = 0
        self.expiry: int = BEGINNING
        self.fence = True

    def _of(self, subject: str, partition: int, partitions: int) -> bool:
        return bucket(subject) % partitions == partition

    async def _write(self, partition: int, term: int) -> None:
        await Pause()
        if self.fence and term < self.terms.get(partition, 0):
            raise Fenced("another judge")
        self.writes += 1

    # -- judge
    async def claim(self, partition: int, generation: int) -> int:
        term = max(self.terms.values(), default=0) + 1
        self.terms[partition] = term
        return term

    async def marker(self, partition: int) -> Marker | None:
        return self.markers.get(partition)

    async def dirty(self, partition: int, partitions: int) -> list[DirtyMark]:
        found = [m for i, m in self.marks.items() if i not in self.gone]
        return [m for m in found if self._of(m.subject, partition, partitions)]

    async def alerts_above(self, partition: int, partitions: int, position: int) -> list[AlertRevision]:
        found = [a for a in self.alerts.values() if a.position > position]
        return [a for a in found if self._of(a.content.subject, partition, partitions)]

    async def highest_seen(self, partition: int, partitions: int, epoch: int) -> int:
        seen = [r.seen for r in self.rows.values() if self._of(r.subject, partition, partitions)]
        return max((s for s in seen if s >= epoch << 48), default=0)

    async def state_slots(self, partition: int, partitions: int, *, slots: int) -> list[int]:
        mine = {s for s in self.rows if self._of(s, partition, partitions)}
        return sorted({bucket(s) // partitions % slots for s in mine})

    async def states(self, subjects: Sequence[str]) -> dict[str, StateRow]:
        found = {s: self.rows[s] for s in subjects if s in self.rows}
        await Pause()
        return found

    async def alerts_of(self, subjects: Sequence[str], *, since: int) -> dict[str, list[AlertRevision]]:
        await Pause()
        alerts = [a for a in self.alerts.values() if a.content.opener[0] >= since]
        return {s: [a for a in alerts if a.content.subject == s] for s in subjects}

    async def expired(self, tenants: Collection[str]) -> dict[str, int]:
        return dict.fromkeys(tenants, self.expiry)

    def stored(self, subject: str, routing: Routing = ACTIONS) -> list[Activity]:
        route = router(routing)
        return sorted((a for a in self.events.values() if subject in route(a)), key=lambda a: a.key)

    async def page(
        self, subjects: Sequence[str], actions: Sequence[str], *, since: int, until: int, after: Judged | None
    ) -> tuple[list[Judged], bool]:
        await Pause()
        self.pages += 1
        wanted, route = set(subjects), router(ACTIONS)
        found: list[Judged] = [
            a
            for a in sorted(self.events.values(), key=lambda a: a.key)
            if since <= a.occurred_at < until
            and a.action in actions
            and (after is None or a.key > after.key)
            and not wanted.isdisjoint(route(a))
        ]
        return found[:PAGE], len(found) > PAGE

    async def kept(self, subject: str, ids: Collection[str]) -> set[str]:
        await Pause()
        return {a.activity_id for a in self.stored(subject) if a.activity_id in ids}

    async def copies(self, late: Iterable[Judged]) -> dict[tuple[str, Key], Copy]:
        keys = {(a.tenant, a.key) for a in late}
        found = {k: self.events[k[0], *k[1]] for k in keys if (k[0], *k[1]) in self.events}
        return {k: Copy(a.place, a.record_digest) for k, a in found.items()}

    async def put_dirty(self, partition: int, term: int, marks: Sequence[DirtyMark], *, cleared: bool) -> None:
        await self._write(partition, term)
        for mark in marks:
            if cleared:
                self.gone.add(mark.mark_id)
            else:
                self.marks[mark.mark_id] = mark

    async def put_alerts(self, partition: int, term: int, revisions: Sequence[AlertRevision]) -> None:
        await self._write(partition, term)
        for r in revisions:
            if r.content.alert_id not in self.alerts or self.alerts[r.content.alert_id].version <= r.version:
                self.alerts[r.content.alert_id] = r

    async def put_states(self, partition: int, term: int, states: Sequence[StateRow]) -> None:
        await self._write(partition, term)
        for s in states:
            assert min(s.position, s.seen) >= 0, "ClickHouse takes no negative number here"
            if s.subject not in self.rows or self.rows[s.subject].position <= s.position:
                self.rows[s.subject] = s

    async def put_marker(self, partition: int, term: int, marker: Marker) -> None:
        await self._write(partition, term)
        if partition not in self.markers or self.markers[partition].position <= marker.position:
            self.markers[partition] = marker

    async def put_failures(self, failures: Sequence[DetectorFailure]) -> None:
        assert not failures

    async def put_conflicts(self, conflicts: Sequence[Judged]) -> None:
        self.conflicts.update((a.activity_id, a.place) for a in conflicts)

    # -- ingest
    async def put_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        assert not letters

    async def put_skips(self, epoch: int, rows: Sequence[SkipRow]) -> None:
        assert not rows

    def encode_events(self, rows: Rows) -> Put:
        activities = [_activity(body) for body in rows.bodies]

        async def put(token: str) -> None:
            """As ClickHouse does: under a token seen before, with as many rows, whatever comes is dropped."""
            await Pause()
            if (token, len(rows)) in self.tokens:
                return
            self.tokens.add((token, len(rows)))
            for a in activities:
                known = self.events.get((a.tenant, *a.key))
                if known is None or a.place <= known.place:
                    self.events[a.tenant, *a.key] = a

        return put

    async def put_notices(self, notices: Sequence[Notice]) -> None:
        assert not notices

    async def put_lanes(self, epoch: int, through: Mapping[str, int]) -> None:
        await Pause()
        for lane, offset in through.items():
            self.lanes[lane] = max(self.lanes.get(lane, -1), offset)
