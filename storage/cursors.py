"""How far collectors have read, and which files of watched folders were brought in."""

from __future__ import annotations

import msgspec

from storage.client import Client


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """All up to `through` (ms) is in the log; while a walk up to `until` is under way `token` is its next page."""

    through: int
    until: int = 0
    token: str = ""
    revision: int = 0


class _Found(msgspec.Struct, array_like=True):
    digest: str


class CursorStore:
    """Over the writer's client: it reads what it has just written."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, tenant: str, collector: str, feed: str) -> Cursor | None:
        """The newest cursor of the feed; None when it was never read."""
        rows = await self._client.query(
            "SELECT through, until, token, revision FROM cursors FINAL WHERE tenant = {tenant:String} "
            "AND collector = {collector:String} AND feed = {feed:String}",
            {"tenant": tenant, "collector": collector, "feed": feed},
            row=Cursor,
        )
        return rows[0] if rows else None

    async def put(self, tenant: str, collector: str, feed: str, cursor: Cursor) -> None:
        """Replaces the cursor whose revision is lower."""
        columns = ("tenant", "collector", "feed", "through", "until", "token", "revision")
        await self._client.insert("cursors", columns, [(tenant, collector, feed, *msgspec.structs.astuple(cursor))])

    async def imported(self, tenant: str, source: str) -> set[str]:
        """SHA-256 digests, in hex, of the files that were brought in whole."""
        rows = await self._client.query(
            "SELECT DISTINCT digest FROM imported_files WHERE tenant = {tenant:String} AND source = {source:String}",
            {"tenant": tenant, "source": source},
            row=_Found,
        )
        return {row.digest for row in rows}

    async def put_imported(self, tenant: str, source: str, digest: str, name: str, *, rows: int, rejected: int) -> None:
        """The file was brought in whole: each of its rows is stored, a duplicate, skipped or a dead letter."""
        columns = ("tenant", "source", "digest", "name", "rows", "rejected")
        await self._client.insert("imported_files", columns, [(tenant, source, digest, name, rows, rejected)])
