"""The judge's side of the store: reads of one partition, and writes that count only while its term is the highest.

A judge inserts into Null tables; materialized views let a row through only if its (partition, term) is the highest in
`claims`. The summary's `written_rows` tells: an accepted row is counted in the Null table and again in each target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol
from uuid import uuid5

import msgspec

from domain.activity import Activity, Key, lane_number
from domain.alert import NAMESPACE, Content, canonical
from domain.errors import Fenced
from domain.judgement import AlertRevision, Copy, DetectorFailure, DirtyMark, Marker, StateRow, epoch_of
from domain.subject import Routing, bucket
from storage import history
from storage.client import Client
from storage.columns import moment
from storage.patience import PatientClient
from storage.retention import RetentionStore

#: Subjects per query when states or histories are read together.
READ_TOGETHER = 500
#: Ids per query: a parameter travels in the address of a request, which has its limits.
IDS_TOGETHER = 1_000
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
        self, subjects: Sequence[str], actions: Sequence[str], *, since: int, until: int, after: Activity | None
    ) -> tuple[list[Activity], bool]: ...
    async def kept(self, subject: str, ids: Collection[str]) -> set[str]: ...
    async def copies(self, keys: Iterable[tuple[str, Key]]) -> dict[tuple[str, Key], Copy]: ...
    async def put_dirty(self, partition: int, term: int, marks: Sequence[DirtyMark], *, cleared: bool) -> None: ...
    async def put_alerts(self, partition: int, term: int, revisions: Sequence[AlertRevision]) -> None: ...
    async def put_states(self, partition: int, term: int, states: Sequence[StateRow]) -> None: ...
    async def put_marker(self, partition: int, term: int, marker: Marker) -> None: ...
    async def put_failures(self, failures: Sequence[DetectorFailure]) -> None: ...
    async def put_conflicts(self, conflicts: Sequence[Activity]) -> None: ...


class _Count(msgspec.Struct, array_like=True):
    value: int


class _State(msgspec.Struct, array_like=True):
    subject: str
    position: int
    seen: int
    body: str


class _Dirty(msgspec.Struct, array_like=True):
    mark_id: str
    subject: str
    from_at: int
    from_id: str
    due: int
    why: str
    actions: tuple[str, ...]


class _Alert(msgspec.Struct, array_like=True):
    subject: str
    content: str
    withdrawn: bool
    version: int
    position: int
    replaces: tuple[str, ...]


class _Marker(msgspec.Struct, array_like=True):
    position: int
    partitions: int
    lanes: str
    clocks: str
    heard: tuple[str, ...]


class _Found(msgspec.Struct, array_like=True):
    tenant: str
    occurred_at: int
    activity_id: str
    epoch: int
    lane: str
    offset: int
    index: int
    digest: str


_ALERT = "subject, content, withdrawn, version, position, arrayMap(x -> toString(x), replaces)"
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


class ClickHouseJudgeStore:
    """JudgeStore over the writer's client."""

    def __init__(self, client: Client, *, patience: float = PATIENCE) -> None:
        self._client = PatientClient(client, patience=patience)

    # -- reading
    async def claim(self, partition: int, generation: int) -> int:
        """A term above every earlier one of any partition; `generation` breaks the tie of two that ask at once."""
        rows = await self._client.query("SELECT max(term) FROM claims", row=_Count)
        term = (((rows[0].value if rows else 0) >> 16) + 1 << 16) | (generation & 0xFFFF)
        await self._client.insert("claims", ("partition", "term"), [(partition, term)])
        rows = await self._client.query(
            "SELECT max(term) FROM claims WHERE partition = {p:UInt32}", {"p": partition}, row=_Count
        )
        if rows[0].value > term:
            raise Fenced(f"partition {partition} was claimed by another judge; this one ends")
        return term

    async def marker(self, partition: int) -> Marker | None:
        rows = await self._client.query(
            "SELECT position, partitions, lanes, clocks, heard FROM markers FINAL WHERE partition = {p:UInt32}",
            {"p": partition},
            row=_Marker,
        )
        for row in rows:
            lanes = msgspec.json.decode(row.lanes, type=dict[str, int])
            clocks = msgspec.json.decode(row.clocks, type=dict[str, int])
            return Marker(row.position, row.partitions, lanes, clocks, row.heard)
        return None

    async def dirty(self, partition: int, partitions: int) -> list[DirtyMark]:
        rows = await self._client.query(
            "SELECT mark_id, subject, from_at, from_id, due, why, actions FROM dirty FINAL "
            "WHERE cleared = 0 AND bucket % {n:UInt32} = {p:UInt32}",
            {"p": partition, "n": partitions},
            row=_Dirty,
        )
        return [DirtyMark(r.mark_id, r.subject, (r.from_at, r.from_id), r.due, r.why, r.actions) for r in rows]

    async def alerts_above(self, partition: int, partitions: int, position: int) -> list[AlertRevision]:
        rows = await self._client.query(
            f"SELECT {_ALERT} FROM alerts FINAL "
            "WHERE bucket % {n:UInt32} = {p:UInt32} AND position > {at:UInt64}",
            {"p": partition, "n": partitions, "at": position},
            row=_Alert,
        )
        return [_revision(row) for row in rows]

    async def highest_seen(self, partition: int, partitions: int, epoch: int) -> int:
        rows = await self._client.query(
            "SELECT max(seen) FROM states WHERE bucket % {n:UInt32} = {p:UInt32} AND seen >= {low:UInt64}",
            {"p": partition, "n": partitions, "low": epoch << 48},
            row=_Count,
        )
        return rows[0].value if rows else 0

    async def state_slots(self, partition: int, partitions: int, *, slots: int) -> list[int]:
        """Of every subject of the partition that has a state, its bucket / partitions, modulo `slots`."""
        rows = await self._client.query(
            "SELECT DISTINCT intDiv(bucket, {n:UInt32}) % {slots:UInt32} FROM states "
            "WHERE bucket % {n:UInt32} = {p:UInt32}",
            {"p": partition, "n": partitions, "slots": slots},
            row=_Count,
        )
        return [row.value for row in rows]

    async def states(self, subjects: Sequence[str]) -> dict[str, StateRow]:
        found: dict[str, StateRow] = {}
        for start in range(0, len(subjects), READ_TOGETHER):
            rows = await self._client.query(
                # PREWHERE: bodies are read only where a subject was found; FINAL alone reads every one.
                "SELECT subject, position, seen, body FROM states FINAL PREWHERE subject IN {subjects:Array(String)}",
                {"subjects": list(subjects[start : start + READ_TOGETHER])},
                row=_State,
            )
            found.update((r.subject, StateRow(r.subject, r.position, r.seen, r.body)) for r in rows)
        return found

    async def alerts_of(self, subjects: Sequence[str], *, since: int) -> dict[str, list[AlertRevision]]:
        """The newest revision of each alert of the subjects that was opened at `since` (ms) or later."""
        found: dict[str, list[AlertRevision]] = {}
        rows = await self._client.query(
            # PREWHERE: neither changes with a revision, and contents are read only where a subject was found.
            f"SELECT {_ALERT} FROM alerts FINAL PREWHERE subject IN {{subjects:Array(String)}} "
            f"AND opener_at >= {moment('since')}",
            {"subjects": list(subjects), "since": since},
            row=_Alert,
        )
        for row in rows:
            found.setdefault(row.subject, []).append(_revision(row))
        return found

    async def expired(self, tenants: Collection[str]) -> dict[str, int]:
        return await RetentionStore(self._client).expired(tenants)

    async def history(self, subjects: Sequence[str], routing: Routing, *, until: int) -> dict[str, list[Activity]]:
        """Every stored activity of the subjects with occurred_at < `until`, in key order, earliest delivery each."""
        return await history.whole(self._client, subjects, routing, until=until)

    async def page(
        self, subjects: Sequence[str], actions: Sequence[str], *, since: int, until: int, after: Activity | None
    ) -> tuple[list[Activity], bool]:
        """The next activities of subjects of one scope behind `after`, and whether there may be more: history.page."""
        return await history.page(self._client, subjects, actions, since=since, until=until, after=after)

    async def kept(self, subject: str, ids: Collection[str]) -> set[str]:
        """Of the subject's activities those that are stored: history.kept."""
        return await history.kept(self._client, subject, ids)

    async def copies(self, keys: Iterable[tuple[str, Key]]) -> dict[tuple[str, Key], Copy]:
        """The stored copy of each (tenant, key); a key that is not stored is absent."""
        found: dict[tuple[str, Key], Copy] = {}
        wanted = sorted(keys, key=lambda k: k[1])
        for start in range(0, len(wanted), IDS_TOGETHER):
            found.update(await self._copies(wanted[start : start + IDS_TOGETHER]))
        return found

    async def _copies(self, wanted: Sequence[tuple[str, Key]]) -> dict[tuple[str, Key], Copy]:
        rows = await self._client.query(
            "SELECT tenant, toUnixTimestamp64Milli(occurred_at), toString(activity_id), epoch, lane, offset, `index`, "
            "record_digest FROM events FINAL WHERE activity_id IN {ids:Array(UUID)} "
            "AND occurred_at BETWEEN fromUnixTimestamp64Milli({low:Int64}, 'UTC') "
            "AND fromUnixTimestamp64Milli({high:Int64}, 'UTC')",
            {"ids": [k[1][1] for k in wanted], "low": wanted[0][1][0], "high": wanted[-1][1][0]},
            row=_Found,
        )
        return {
            (r.tenant, (r.occurred_at, r.activity_id)): Copy(
                (r.epoch, lane_number(r.lane), r.offset, r.index), r.digest
            )
            for r in rows
        }

    # -- writing
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

    async def put_conflicts(self, conflicts: Sequence[Activity]) -> None:
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


def _revision(row: _Alert) -> AlertRevision:
    content = msgspec.json.decode(row.content, type=Content)
    return AlertRevision(content, row.withdrawn, row.version, row.position, row.replaces)
