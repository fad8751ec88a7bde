"""Stored activities: written per fetch, read by id and by filter; the earliest delivery of an id counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

import msgspec

from domain.activity import Activity
from domain.clock import moment
from domain.wire import bodies as encoded
from storage.client import Client
from storage.columns import slices
from storage.names import COLUMNS, Names

#: The fields that stand in columns of their own, texts and numbers; the others are read from the body, which is the
#: whole activity.
_TEXTS = (
    "tenant", "activity_id", "action", "source", "feed", "outcome", "actor_kind", "actor_token", "login_token",
    "ip_token", "app_token", "app_id", "network", "country", "object_type", "lane",
)  # fmt: skip
_INSERTED = (*_TEXTS, "occurred_at_ms", "received_at_ms", "epoch", "offset", "index", "body", "raw")
_texts = attrgetter(*_TEXTS)
#: Of a tab-separated field, what must be written as an escape; the backslash first.
_ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\r", b"\\r"))

#: Filters of `list`: name of the filter -> column.
FILTERS = {
    "action": "action",
    "outcome": "outcome",
    "actor": "actor_token",
    "login": "login_token",
    "ip": "ip_token",
    "source": "source",
    "feed": "feed",
    "app": "app_id",
    "country": "country",
    "network": "network",
    "object_type": "object_type",
}


class _Name(msgspec.Struct, array_like=True):
    token: str
    value: str


class _Lane(msgspec.Struct, array_like=True):
    epoch: int
    lane: str
    through: int


class EventStore:
    """Over one client: the writer inserts, the reader lists."""

    def __init__(self, client: Client) -> None:
        self._client, self._names = client, Names()

    async def insert(
        self, rows: Sequence[Activity], raws: Sequence[bytes] = (), *, token: str, bodies: Sequence[bytes] = ()
    ) -> None:
        """Insert the activities of one fetch; each month is one block, stored whole or not at all.

        `raws` has the JSON that may be kept of each one's record, b"" for nothing; () when there is none of any.
        `bodies` are what `domain.wire.bodies` makes of the rows, when it has been made.
        Names come first, so that whatever is stored can be named.
        """
        if not rows:
            return
        names = self._names.fresh(rows)
        await self._client.insert("names", COLUMNS, [row for _, row in names.values()])
        self._names.written(names)
        for (year, month), part in _by_month(rows, bodies or encoded(rows), raws or [b""] * len(rows)):
            lines = [_line(*kept) for kept in part]
            await self._client.insert_tabbed("events", _INSERTED, lines, token=f"{token}/{year}-{month}/{len(lines)}")

    async def get(self, tenant: str, activity_id: str) -> Activity | None:
        found = await self.by_ids(tenant, [activity_id])
        return found[0] if found else None

    async def by_ids(self, tenant: str, ids: Sequence[str]) -> list[Activity]:
        """The stored activities among `ids`, in key order."""
        rows: list[Activity] = []
        for some in slices(ids):
            rows += await self._client.query_bodies(
                "SELECT body FROM events FINAL WHERE tenant = {t:String} AND activity_id IN {ids:Array(UUID)}",
                {"t": tenant, "ids": list(some)},
                row=Activity,
            )
        return sorted(rows, key=lambda a: a.key)

    async def list(
        self,
        tenant: str,
        *,
        where: Mapping[str, Sequence[str]] | None = None,
        since: int | None = None,
        until: int | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> list[Activity]:
        """Newest first; `where` maps names of FILTERS to accepted values; `before` is the last row above."""
        conditions, params = ["tenant = {tenant:String}"], dict[str, object](tenant=tenant, limit=limit)
        for name, values in (where or {}).items():
            conditions.append(f"{FILTERS[name]} IN {{f_{name}:Array(String)}}")
            params[f"f_{name}"] = list(values)
        for name, value, sign in (("since", since, ">="), ("until", until, "<")):
            if value is not None:
                conditions.append(f"occurred_at {sign} fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')")
                params[name] = value
        if before is not None:
            conditions.append(
                "(occurred_at, activity_id) < (fromUnixTimestamp64Milli({b_at:Int64}, 'UTC'), {b_id:UUID})"
            )
            params["b_at"], params["b_id"] = before
        return await self._client.query_bodies(
            f"SELECT body FROM events FINAL WHERE {' AND '.join(conditions)} "
            "ORDER BY occurred_at DESC, activity_id DESC LIMIT {limit:UInt32}",
            params,
            row=Activity,
        )

    async def names(self, tenant: str, tokens: Sequence[str]) -> dict[str, str]:
        """What the tokens stand for; an unknown or erased one is absent."""
        rows = await self._client.query(
            "SELECT token, value FROM names FINAL WHERE tenant = {t:String} AND token IN {tokens:Array(String)}",
            {"t": tenant, "tokens": sorted(set(tokens))},
            row=_Name,
        )
        return {row.token: row.value for row in rows}

    async def put_lanes(self, epoch: int, through: Mapping[str, int]) -> None:
        await self._client.insert("lanes", ("epoch", "lane", "through"), [(epoch, *item) for item in through.items()])

    async def lanes(self, epoch: int) -> dict[str, int]:
        """Per lane, the last offset that is stored or dead-lettered."""
        rows = await self._client.query(
            "SELECT epoch, lane, max(through) FROM lanes WHERE epoch = {e:UInt32} GROUP BY epoch, lane",
            {"e": epoch},
            row=_Lane,
        )
        return {row.lane: row.through for row in rows}


def _line(row: Activity, body: bytes, raw: bytes) -> bytes:
    """A row of `events`, tab-separated: its columns, the whole activity as JSON, and the record."""
    texts = "\t".join(_texts(row))
    if b"\\" in body:  # whatever must be escaped in a column is escaped in JSON too
        body = body.replace(b"\\", b"\\\\")
        if "\\" in texts or "\n" in texts or "\r" in texts or texts.count("\t") != len(_TEXTS) - 1:
            texts = "\t".join([_escaped(text.encode()).decode() for text in _texts(row)])
    if b"\\" in raw or b"\t" in raw or b"\n" in raw or b"\r" in raw:
        raw = _escaped(raw)
    places = f"{texts}\t{row.occurred_at}\t{row.received_at}\t{row.epoch}\t{row.offset}\t{row.index}".encode()
    return b"\t".join((places, body, raw))


def _escaped(field: bytes) -> bytes:
    for sign, escape in _ESCAPES:
        field = field.replace(sign, escape)
    return field


_Kept = Iterable[tuple[Activity, bytes, bytes]]


def _by_month(
    rows: Sequence[Activity], bodies: Sequence[bytes], raws: Sequence[bytes]
) -> list[tuple[tuple[int, int], _Kept]]:
    """The rows of each month with their bodies and records, (year, month) first; nearly always there is one."""
    times = [row.occurred_at for row in rows]
    kept = zip(rows, bodies, raws, strict=True)
    if _month(min(times)) == (only := _month(max(times))):
        return [(only, kept)]
    months: dict[tuple[int, int], list[tuple[Activity, bytes, bytes]]] = {}
    for each in kept:
        months.setdefault(_month(each[0].occurred_at), []).append(each)
    return sorted(months.items())


def _month(at: int) -> tuple[int, int]:
    when = moment(at)
    return when.year, when.month
