"""The judge's side of the store: reads of one partition, and writes that count only while its term is the highest.

A judge inserts into Null tables; materialized views let a row through only if its (partition, term) is the highest in
`claims`. The summary's `written_rows` tells: an accepted row is counted in the Null table and again in each target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol
from uuid import uuid5

import msgspec

from domain.activity import Judged, Key
from domain.alert import NAMESPACE, canonical
from domain.errors import Fenced
from domain.judgement import AlertRevision, Copy, DetectorFailure, DirtyMark, Marker, StateRow, epoch_of
from domain.subject import bucket
from storage.client import Client
from storage.judge_reads import JudgeReads
from storage.patience import PatientClient

#: How long everything is tried again while the store is away, seconds; then the judge is dropped and loaded anew.
PATIENCE = 30.0


class JudgeStore(Protocol):
    """What a judge asks of the store. Writes raise Fenced when another judge holds a higher term."""

    async def claim(self, partition: int, generation: int) -> int: ...
    async def marker(self, partition: int) -> Marker | None: ...
    async def dirty(self, partition: int, partitions: int) -> list[DirtyMark]: ...
    async def alerts_above(self, partition: int, partitions: int, position: int) -> list[AlertRevision]: ...
    async def highest_seen(self, partition: int, partitions: int, epoch: int) -> int: ...
    async def state_slots(self, partition: int, partitions: int, *, slots: int) -> list[int]: ...
    async def states(self, subjects: Sequence[str]) -> dict[str, StateRow]: ...
    async def alerts_of(self, subjects: Sequence[str], *, since: int) -> dict[str, list[AlertRevision]]: ...
    async def expired(self, tenants: Collection[str]) -> dict[str, int]: ...
    async def page(
        self, subjects: Sequence[str], actions: Sequence[str], *, since: int, until: int, after: Judged | None
    ) -> tuple[list[Judged], bool]: ...
    async def kept(self, subject: str, ids: Collection[str]) -> set[str]: ...
    async def copies(self, late: Iterable[Judged]) -> dict[tuple[str, Key], Copy]: ...
    async def put_dirty(self, partition: int, term: int, marks: Sequence[DirtyMark], *, cleared: bool) -> None: ...
    async def put_alerts(self, partition: int, term: int, revisions: Sequence[AlertRevision]) -> None: ...
    async def put_states(self, partition: int, term: int, states: Sequence[StateRow]) -> None: ...
    async def put_marker(self, partition: int, term: int, marker: Marker) -> None: ...
    async def put_failures(self, failures: Sequence[DetectorFailure]) -> None: ...
    async def put_conflicts(self, conflicts: Sequence[Judged]) -> None: ...


class _Term(msgspec.Struct, array_like=True):
    value: int


_DIRTY_COLUMNS = (
    "partition", "term", "mark_id", "subject", "bucket", "from_at", "from_id", "due", "why", "actions", "cleared",
)  # fmt: skip
_STATE_COLUMNS = ("partition", "term", "subject", "bucket", "position", "seen", "body")
_MARKER_COLUMNS = ("partition", "term", "position", "epoch", "partitions", "lanes", "clocks", "heard")
_FAILURE_COLUMNS = (
    "dead_letter_id", "tenant", "source", "feed", "epoch", "lane", "offset", "index", "received_at_ms", "code",
    "reason", "detector",
)  # fmt: skip
_CONFLICT_COLUMNS = (
    "tenant", "source", "feed", "activity_id", "epoch", "lane", "offset", "index", "received_at_ms",
)  # fmt: skip
_ALERT_COLUMNS = (
    "partition", "term", "tenant", "alert_id", "subject", "bucket", "detector", "slot", "arm", "stage", "severity",
    "opener_at_ms", "opener_id", "completed_at_ms", "completed_id", "withdrawn", "replaces", "version", "position",
    "content",
)  # fmt: skip


class ClickHouseJudgeStore(JudgeReads):
    """JudgeStore over the writer's client."""

    def __init__(self, client: Client, *, patience: float = PATIENCE) -> None:
        super().__init__(PatientClient(client, patience=patience))

    async def claim(self, partition: int, generation: int) -> int:
        """A term above every earlier one of any partition; `generation` breaks the tie of two that ask at once."""
        rows = await self._client.query("SELECT max(term) FROM claims", row=_Term)
        term = (((rows[0].value if rows else 0) >> 16) + 1 << 16) | (generation & 0xFFFF)
        await self._client.insert("claims", ("partition", "term"), [(partition, term)])
        rows = await self._client.query(
            "SELECT max(term) FROM claims WHERE partition = {p:UInt32}", {"p": partition}, row=_Term
        )
        if rows[0].value > term:
            raise Fenced(f"partition {partition} was claimed by another judge; this one ends")
        return term

    async def put_dirty(self, partition: int, term: int, marks: Sequence[DirtyMark], *, cleared: bool) -> None:
        rows = [
            (
                partition, term, m.mark_id, m.subject, bucket(m.subject), m.start[0], m.start[1], m.due, m.why,
                m.actions, int(cleared),
            )
            for m in marks
        ]  # fmt: skip
        await self._fenced("dirty_in", _DIRTY_COLUMNS, rows, targets=1)

    async def put_alerts(self, partition: int, term: int, revisions: Sequence[AlertRevision]) -> None:
        rows = [_alert_row(partition, term, revision) for revision in revisions]
        # alerts, outbox, and alert_times fed from outbox (one row per alert of the block)
        await self._fenced("alerts_in", _ALERT_COLUMNS, rows, targets=2)

    async def put_states(self, partition: int, term: int, states: Sequence[StateRow]) -> None:
        rows = [(partition, term, s.subject, bucket(s.subject), s.position, s.seen, s.body) for s in states]
        await self._fenced("states_in", _STATE_COLUMNS, rows, targets=1)

    async def put_marker(self, partition: int, term: int, marker: Marker) -> None:
        lanes, clocks = (msgspec.json.encode(part).decode() for part in (marker.lanes, marker.clocks))
        row = (
            partition,
            term,
            marker.position,
            epoch_of(marker.position),
            marker.partitions,
            lanes,
            clocks,
            marker.heard,
        )
        await self._fenced("markers_in", _MARKER_COLUMNS, [row], targets=1)

    async def put_failures(self, failures: Sequence[DetectorFailure]) -> None:
        """Not fenced: the id comes from detector and activity, so a repetition replaces itself."""
        rows = [_failure_row(failure) for failure in failures]
        if rows:
            await self._client.insert("dead_letters", _FAILURE_COLUMNS, rows)

    async def put_conflicts(self, conflicts: Sequence[Judged]) -> None:
        """Not fenced: a delivery has one row, so a repetition replaces itself."""
        rows = [
            (a.tenant, a.source, a.feed, a.activity_id, a.epoch, a.lane, a.offset, a.index, a.received_at)
            for a in conflicts
        ]
        if rows:
            await self._client.insert("conflicts", _CONFLICT_COLUMNS, rows)

    async def _fenced(self, table: str, columns: Sequence[str], rows: Sequence[object], *, targets: int) -> None:
        """Insert; all rows count `1 + targets` times or the term is not the highest any more."""
        if not rows:
            return
        written = await self._client.insert(table, columns, rows)
        if written < len(rows) * (1 + targets):
            raise Fenced(f"{table}: the store took {written} rows of {len(rows)}: another judge holds the partition")


def _alert_row(partition: int, term: int, r: AlertRevision) -> tuple[object, ...]:
    c = r.content
    return (
        partition, term, c.tenant, c.alert_id, c.subject, bucket(c.subject), c.detector, c.slot, c.arm, c.stage,
        c.severity, c.opener[0], c.opener[1], c.completed[0], c.completed[1], r.withdrawn, r.replaces, r.version,
        r.position, canonical(c).decode(),
    )  # fmt: skip


def _failure_row(f: DetectorFailure) -> tuple[object, ...]:
    a = f.activity
    reason = f"the detector {f.detector} raised {f.error}; the others judged the activity, and this one did not"
    return (
        str(uuid5(NAMESPACE, f"{f.detector}|{a.tenant}|{a.activity_id}")), a.tenant, a.source, a.feed, a.epoch, a.lane,
        a.offset, a.index, a.received_at, "detector_failed", reason, f.detector,
    )  # fmt: skip
