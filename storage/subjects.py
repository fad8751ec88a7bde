"""Which subjects a tenant's stored activities have, and how many activities each: what a replay goes through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from storage.client import Client
from storage.columns import PER_SUBJECT, moment

#: Subjects per query, and the most activities that are handed out together.
_TOGETHER, _ROWS = 20_000, 100_000
#: Subjects handed out together: their names travel in one parameter.
_SUBJECTS = 500


class _Counted(msgspec.Struct, array_like=True):
    subject: str
    rows: int


class SubjectStore:
    """Over any user's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tenants(self) -> list[str]:
        """Who has stored activities, in order."""
        rows = await self._client.query("SELECT DISTINCT tenant FROM events ORDER BY tenant", row=list[str])
        return [tenant for (tenant,) in rows]

    async def groups(self, tenant: str, *, until: int) -> AsyncIterator[list[str]]:
        """Every subject with an activity before `until` (ms), in order, in groups that can be read at once."""
        last = ""
        while True:
            rows = await self._client.query(
                f"SELECT subject, count() FROM {PER_SUBJECT} WHERE tenant = {{tenant:String}} "
                f"AND occurred_at < {moment('until')} AND subject > {{last:String}} "
                f"GROUP BY subject ORDER BY subject LIMIT {_TOGETHER}",
                {"tenant": tenant, "until": until, "last": last},
                row=_Counted,
            )
            group: list[str] = []
            held = 0
            for row in rows:
                if group and (held + row.rows > _ROWS or len(group) == _SUBJECTS):
                    yield group
                    group, held = [], 0
                group.append(row.subject)
                held += row.rows
            if group:
                yield group
            if len(rows) < _TOGETHER:
                return
            last = rows[-1].subject
