"""Alerts as people read them: the latest revision, what was decided about it, and the stream of revisions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from domain.alert import Content
from storage.client import Client
from storage.columns import moment, ms
from storage.triage import DECIDED

#: Filters of `list`: name -> column or expression over the joined rows.
FILTERS: Final = {
    "severity": "a.severity",
    "status": "status",
    "detector": "a.detector",
    "stage": "a.stage",
    "arm": "a.arm",
    "actor": "substring(a.subject, length(a.subject) - 31)",
}
#: Orders of `list`: name -> the columns of its key, all descending or all ascending, and their types.
SORTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "-completed_at": ("DESC", ("completed_at", "alert_id")),
    "completed_at": ("ASC", ("completed_at", "alert_id")),
    "-severity": ("DESC", ("severity", "completed_at", "alert_id")),
    "severity": ("ASC", ("severity", "completed_at", "alert_id")),
}
_BOUND: Final = {
    "severity": "{k_severity:UInt8}",
    "completed_at": moment("k_completed_at"),
    "alert_id": "{k_alert_id:UUID}",
}
#: Alerts per query of a dump.
_TOGETHER: Final = 5_000


class StoredAlert(msgspec.Struct, frozen=True, array_like=True):
    """The latest revision with its surroundings. `status` is new, acknowledged or closed; times are ms, UTC."""

    alert_id: str
    body: str  # the canonical JSON of the content
    withdrawn: bool
    version: int
    replaces: tuple[str, ...]
    replaced_by: tuple[str, ...]
    detected_at: int
    status: str
    disposition: str
    decided_by: str
    decided_at: int
    reason: str
    decision: str  # id of the triage action, "" for none

    @property
    def content(self) -> Content:
        return msgspec.json.decode(self.body, type=Content)

    @property
    def etag(self) -> str:
        """Changes with every revision and every decision."""
        return f'"{self.version}.{int(self.withdrawn)}.{self.decision or 0}"'


class Said(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One accepted revision, as the outbox has it, in the order of writing."""

    written_at: int
    alert_id: str
    version: int


class _Body(msgspec.Struct, array_like=True):
    body: str
    alert_id: str


_JOINED = f"""
FROM (SELECT * FROM alerts FINAL WHERE tenant = {{tenant:String}} AND %s) AS a
LEFT JOIN ({DECIDED}) AS d ON d.owner = a.alert_id
LEFT JOIN (
    SELECT alert_id, min(alert_times.detected_at) AS first_said FROM alert_times WHERE tenant = {{tenant:String}}
    GROUP BY alert_id
) AS t ON t.alert_id = a.alert_id
LEFT JOIN (
    SELECT old, groupArray(toString(alert_id)) AS ids FROM (
        SELECT arrayJoin(replaces) AS old, alert_id FROM alerts FINAL WHERE tenant = {{tenant:String}} AND NOT withdrawn
        ORDER BY alert_id
    ) GROUP BY old
) AS r ON r.old = a.alert_id
"""
_SELECT = (
    "SELECT toString(a.alert_id), a.content, a.withdrawn, a.version, arrayMap(x -> toString(x), a.replaces), r.ids, "
    f"{ms('t.first_said')}, "
    "multiIf(d.last = 'acknowledge', 'acknowledged', d.last = 'close', 'closed', 'new') AS status, "
    f"d.said_disposition, d.said_by, {ms('d.said_at')}, d.said_reason, if(d.last = '', '', toString(d.said_id)) "
)


class AlertStore:
    """Over the reader's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, tenant: str, alert_id: str) -> StoredAlert | None:
        """One alert, withdrawn or replaced too; None when the tenant has none of that id."""
        rows = await self._client.query(
            _SELECT + _JOINED % "alert_id = {id:UUID}", {"tenant": tenant, "id": alert_id}, row=StoredAlert
        )
        return rows[0] if rows else None

    async def said(
        self, tenant: str, *, since: int, after: Said | None = None, stage: str = "live", limit: int = 1_000
    ) -> list[Said]:
        """The revisions accepted at `since` (ms) or later, in the order of writing, from behind `after` on."""
        low = after or Said(since, "", 0)
        return await self._client.query(
            f"SELECT {ms('written_at')} AS at, toString(alert_id) AS id, version FROM outbox FINAL "
            f"WHERE tenant = {{tenant:String}} AND stage = {{stage:String}} AND written_at >= {moment('low')} "
            "AND (at, id, version) > ({low:Int64}, {id:String}, {version:UInt64}) "
            "ORDER BY at, id, version LIMIT {limit:UInt32}",
            {
                "tenant": tenant,
                "stage": stage,
                "low": low.written_at,
                "id": low.alert_id,
                "version": low.version,
                "limit": limit,
            },
            row=Said,
        )

    async def dump(self, *, tenant: str = "", live: bool = False) -> AsyncIterator[Content]:
        """Every alert that stands, of a tenant or of all, by (tenant, completed, alert_id); `live`: no shadow ones."""
        tenants = await self._client.query("SELECT DISTINCT tenant FROM alerts ORDER BY tenant", row=list[str])
        for (name,) in tenants:
            if tenant and name != tenant:
                continue
            last = ""
            found: list[Content] = []
            while True:
                rows = await self._client.query(
                    "SELECT content, toString(alert_id) AS id FROM alerts FINAL WHERE tenant = {tenant:String} "
                    "AND NOT withdrawn AND (NOT {live:Bool} OR stage = 'live') AND toString(alert_id) > {last:String} "
                    f"ORDER BY id LIMIT {_TOGETHER}",
                    {"tenant": name, "live": live, "last": last},
                    row=_Body,
                )
                found += [msgspec.json.decode(row.body, type=Content) for row in rows]
                if len(rows) < _TOGETHER:
                    break
                last = rows[-1].alert_id
            for content in sorted(found, key=lambda c: (c.completed, c.alert_id)):
                yield content

    async def list(
        self,
        tenant: str,
        *,
        where: Mapping[str, Sequence[str]] | None = None,
        lowest: int = 0,
        since: int | None = None,
        until: int | None = None,
        withdrawn: bool = False,
        sort: str = "-completed_at",
        after: Sequence[object] | None = None,
        limit: int = 100,
    ) -> list[StoredAlert]:
        """A page in the order of `sort` (of SORTS), from behind the key `after` on; see `key` for what that is.

        `where` maps names of FILTERS to accepted values, `lowest` is the lowest severity, `since` (included) and
        `until` (not included) bound the time of completion. Withdrawn alerts are left out unless `withdrawn`.
        """
        order, columns = SORTS[sort]
        params: dict[str, object] = {"tenant": tenant, "limit": limit}
        inner = ["1"] if withdrawn else ["NOT withdrawn"]
        for name, value, sign in (("since", since, ">="), ("until", until, "<")):
            if value is not None:
                inner.append(f"completed_at {sign} {moment(name)}")
                params[name] = value
        if lowest:
            inner.append("severity >= {lowest:UInt8}")
            params["lowest"] = lowest
        if after is not None:
            sign = "<" if order == "DESC" else ">"
            inner.append(f"({', '.join(columns)}) {sign} ({', '.join(_BOUND[column] for column in columns)})")
            params |= {f"k_{column}": value for column, value in zip(columns, after, strict=True)}
        outer = ["1"]
        for name, values in (where or {}).items():
            outer.append(f"toString({FILTERS[name]}) IN {{f_{name}:Array(String)}}")
            params[f"f_{name}"] = list(values)
        ordered = ", ".join(f"a.{column} {order}" for column in columns)
        return await self._client.query(
            f"{_SELECT}{_JOINED % ' AND '.join(inner)} WHERE {' AND '.join(outer)} "
            f"ORDER BY {ordered} LIMIT {{limit:UInt32}}",
            params,
            row=StoredAlert,
        )


def key(alert: StoredAlert, sort: str) -> tuple[object, ...]:
    """What `list` takes as `after` to go on behind this alert."""
    content = alert.content
    values = {"severity": content.severity, "completed_at": content.completed[0], "alert_id": alert.alert_id}
    return tuple(values[column] for column in SORTS[sort][1])


def tokens(content: Content) -> list[str]:
    """The tokens that an alert's sentence and explanation name."""
    parts = [*content.parts.values(), *content.baseline.values()]
    return sorted({part["token"] for part in parts if isinstance(part, dict) and "token" in part})
