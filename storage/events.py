"""Stored activities: written per fetch, read by id and by filter; the earliest delivery of an id counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from domain.activity import FIELDS, Activity
from domain.clock import moment
from storage.client import Client

_TIMES = {"occurred_at", "received_at", "valid_from", "valid_until"}


def _inserted(field: str) -> str:
    return f"{field}_ms" if field in _TIMES else field


def _selected(field: str) -> str:
    if field in _TIMES:
        return f"toUnixTimestamp64Milli({field})"
    return "toString(activity_id)" if field == "activity_id" else f"`{field}`"


#: For inserts: columns in the order of Activity's fields; times go in as milliseconds.
INSERT_COLUMNS = tuple(map(_inserted, FIELDS))
#: For selects: the same order, so that a row decodes straight into Activity.
ACTIVITY_COLUMNS = ", ".join(map(_selected, FIELDS))

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
        self._client = client

    async def insert(self, rows: Sequence[Activity], *, token: str) -> None:
        """Insert the activities of one fetch; each month is one block, stored whole or not at all."""
        months: dict[tuple[int, int], list[Activity]] = {}
        for row in rows:
            at = moment(row.occurred_at)
            months.setdefault((at.year, at.month), []).append(row)
        for (year, month), part in sorted(months.items()):
            await self._client.insert("events", INSERT_COLUMNS, part, token=f"{token}/{year}-{month}/{len(part)}")

    async def get(self, tenant: str, activity_id: str) -> Activity | None:
        found = await self.by_ids(tenant, [activity_id])
        return found[0] if found else None

    async def by_ids(self, tenant: str, ids: Sequence[str]) -> list[Activity]:
        """The stored activities among `ids`, in key order."""
        if not ids:
            return []
        rows = await self._client.query(
            f"SELECT {ACTIVITY_COLUMNS} FROM events FINAL "
            "WHERE tenant = {t:String} AND activity_id IN {ids:Array(UUID)}",
            {"t": tenant, "ids": list(ids)},
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
        return await self._client.query(
            f"SELECT {ACTIVITY_COLUMNS} FROM events FINAL WHERE {' AND '.join(conditions)} "
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
