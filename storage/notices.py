"""Notices: what the system says about itself and its feeds, a sentence each with what to do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.incident import Notice
from storage.client import Client
from storage.columns import moment, ms

_COLUMNS = ("notice_id", "tenant", "kind", "subject", "text", "severity")


class Noticed(msgspec.Struct, frozen=True, array_like=True):
    """A notice and when it was last said, ms."""

    notice_id: str
    tenant: str
    kind: str
    subject: str
    text: str
    severity: int
    at: int


class NoticeStore:
    """Over one client: writers put, readers list."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, notices: Sequence[Notice]) -> None:
        rows = [(n.notice_id, n.tenant, n.kind, n.subject, n.text, n.severity) for n in notices]
        await self._client.insert("notices", _COLUMNS, rows)

    async def list(self, tenant: str, *, since: int, limit: int = 100) -> list[Noticed]:
        """Those said since then (ms), newest first; of every tenant for ""."""
        return await self._client.query(
            f"SELECT toString(notice_id), tenant, kind, subject, text, severity, {ms('at')} FROM notices FINAL "
            f"WHERE {{tenant:String}} IN ('', tenant) AND at >= {moment()} "
            "ORDER BY at DESC, notice_id LIMIT {limit:UInt32}",
            {"tenant": tenant, "at": since, "limit": limit},
            row=Noticed,
        )
