"""Stored activities: written per fetch, read by id and by filter; the earliest delivery of an id counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.clock import moment
from domain.rows import Head, Rows
from storage import native
from storage.client import Block, Client
from storage.columns import slices
from storage.names import COLUMNS, Names
from storage.native import Column

#: The columns of a head, in which few values differ. What has no column is read from the body, which is the whole
#: activity.
_TEXTS: Final = (
    "tenant", "action", "source", "feed", "outcome", "actor_kind", "actor_token", "login_token", "ip_token",
    "app_token", "app_id", "network", "country", "object_type",
)  # fmt: skip
_texts = attrgetter(*_TEXTS)
#: Heads whose texts are remembered as they are written.
_REMEMBERED: Final = 50_000

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


@lru_cache(maxsize=_REMEMBERED)
def _written(text: str) -> bytes:
    return native.text(text.encode())


class Encoded(NamedTuple):
    """A fetch that is ready to be stored."""

    rows: Rows
    blocks: Mapping[tuple[int, int], Block]  # by year and month


class EventStore:
    """Over one client: the writer inserts, the reader lists."""

    def __init__(self, client: Client) -> None:
        self._client, self._names = client, Names()
        self._written: dict[Head, tuple[bytes, ...]] = {}

    async def insert(self, activities: Sequence[Activity], raws: Sequence[bytes] = (), *, token: str) -> None:
        """Encode and put; `raws` has the JSON that may be kept of each one's record, () when there is none of any."""
        await self.put(self.encode(Rows.of(activities, raws)), token)

    def encode(self, rows: Rows) -> Encoded:
        """The activities of one fetch as the store takes them; each month is one block."""
        return Encoded(rows, {month: self._block(some) for month, some in _by_month(rows)})

    async def put(self, fetch: Encoded, token: str) -> None:
        """Store them: each block whole or not at all, at most once. Names come first, so that all can be named."""
        names = self._names.fresh(fetch.rows)
        await self._client.insert("names", COLUMNS, [row for _, row in names.values()])
        self._names.written(names)
        for (year, month), block in fetch.blocks.items():
            await self._client.insert_block("events", block, token=f"{token}/{year}-{month}/{block.rows}")

    def _block(self, rows: Rows) -> Block:
        lanes = {lane: native.text(lane.encode()) for lane in {*rows.lanes}}
        columns = {
            **dict(zip(_TEXTS, self._texts(rows.heads), strict=True)),
            "lane": Column("String", b"".join([lanes[lane] for lane in rows.lanes])),
            "activity_id": native.uuids(rows.ids),
            "occurred_at_ms": native.whole("Int64", rows.occurred),
            "received_at_ms": native.whole("Int64", rows.received),
            "epoch": native.whole("UInt32", rows.epochs),
            "offset": native.whole("UInt64", rows.offsets),
            "index": native.whole("UInt32", rows.indexes),
            "body": native.texts(rows.bodies),
            "raw": native.texts(rows.raws),
        }
        return Block(tuple(columns), native.block(columns, len(rows)), len(rows))

    def _texts(self, heads: Sequence[Head]) -> list[Column]:
        """Of each text the column: what a head says is written once, and joined as often as it comes."""
        known = self._written
        if len(known) > _REMEMBERED:
            known.clear()
        for head in {*heads} - known.keys():
            known[head] = tuple(map(_written, _texts(head)))
        return [Column("String", b"".join(column)) for column in zip(*map(known.__getitem__, heads), strict=True)]

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


_Month = tuple[int, int]


def _by_month(rows: Rows) -> list[tuple[_Month, Rows]]:
    """The rows of each month, (year, month) first; nearly always there is one."""
    if not rows:
        return []
    if _month(min(rows.occurred)) == (only := _month(max(rows.occurred))):
        return [(only, rows)]
    months: dict[_Month, list[int]] = {}
    for number, at in enumerate(rows.occurred):
        months.setdefault(_month(at), []).append(number)
    return [(month, rows.some(some)) for month, some in sorted(months.items())]


def _month(at: int) -> _Month:
    when = moment(at)
    return when.year, when.month
