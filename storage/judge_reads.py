"""What a judge reads of its partition: its marker, dirty marks, states, alerts and the history of subjects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from domain.activity import Judged, Key, lane_number
from domain.alert import Content
from domain.judgement import AlertRevision, Copy, DirtyMark, Marker, StateRow
from domain.subject import Routing
from storage import history
from storage.client import Client
from storage.columns import moment
from storage.retention import RetentionStore

#: Subjects per query when states or histories are read together.
READ_TOGETHER = 500
#: Keys per query: a parameter travels in the address of a request, which has its limits.
KEYS_TOGETHER = 500


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


class JudgeReads:
    """Over the writer's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

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

    async def history(self, subjects: Sequence[str], routing: Routing, *, until: int) -> dict[str, list[Judged]]:
        """Every stored activity of the subjects with occurred_at < `until`, in key order, earliest delivery each."""
        return await history.whole(self._client, subjects, routing, until=until)

    async def page(
        self, subjects: Sequence[str], actions: Sequence[str], *, since: int, until: int, after: Judged | None
    ) -> tuple[list[Judged], bool]:
        """The next activities of subjects of one scope behind `after`, and whether there may be more: history.page."""
        return await history.page(self._client, subjects, actions, since=since, until=until, after=after)

    async def kept(self, subject: str, ids: Collection[str]) -> set[str]:
        """Of the subject's activities those that are stored: history.kept."""
        return await history.kept(self._client, subject, ids)

    async def copies(self, late: Iterable[Judged]) -> dict[tuple[str, Key], Copy]:
        """The earliest stored copy of each, by tenant and key; one that is not stored is absent."""
        found: dict[tuple[str, Key], Copy] = {}
        wanted = sorted({(a.tenant, a.actor_token, *a.key) for a in late})
        for start in range(0, len(wanted), KEYS_TOGETHER):
            found.update(await self._copies(wanted[start : start + KEYS_TOGETHER]))
        return found

    async def _copies(self, wanted: Sequence[tuple[str, str, int, str]]) -> dict[tuple[str, Key], Copy]:
        tenants, actors, times, ids = zip(*wanted, strict=True)
        rows = await self._client.query(
            # By the key that events are ordered by: by id alone, nearly every granule may hold one of many ids.
            "SELECT tenant, toUnixTimestamp64Milli(occurred_at), toString(activity_id), epoch, lane, offset, `index`, "
            "record_digest FROM events PREWHERE (tenant, actor_token, occurred_at, activity_id) IN ("
            "SELECT key.1, key.2, fromUnixTimestamp64Milli(key.3, 'UTC'), key.4 FROM (SELECT arrayJoin(arrayZip("
            "{tenants:Array(String)}, {actors:Array(String)}, {times:Array(Int64)}, {ids:Array(UUID)})) AS key))",
            {"tenants": list(tenants), "actors": list(actors), "times": list(times), "ids": list(ids)},
            row=_Found,
        )
        found: dict[tuple[str, Key], Copy] = {}
        for r in rows:  # not FINAL, which would merge the granules before it looks: what is wanted is few rows
            key, copy = (r.tenant, (r.occurred_at, r.activity_id)), _copy(r)
            if key not in found or copy.place < found[key].place:
                found[key] = copy
        return found


def _copy(row: _Found) -> Copy:
    return Copy((row.epoch, lane_number(row.lane), row.offset, row.index), row.digest)


def _revision(row: _Alert) -> AlertRevision:
    content = msgspec.json.decode(row.content, type=Content)
    return AlertRevision(content, row.withdrawn, row.version, row.position, row.replaces)
