"""Finding people, addresses and apps by a part of their name."""

from __future__ import annotations

from typing import Final

import msgspec

from storage.client import Client

#: More than this many names that fit are too many to search alerts by.
MOST: Final = 1_000


class _Token(msgspec.Struct, array_like=True):
    token: str


class SearchStore:
    """Over the reader's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tokens(self, tenant: str, part: str) -> list[str]:
        """Tokens of the tenant's names that contain `part`, in any case; MOST + 1 when there are more."""
        rows = await self._client.query(
            "SELECT token FROM names FINAL WHERE tenant = {tenant:String} "
            "AND positionCaseInsensitiveUTF8(value, {part:String}) > 0 ORDER BY token LIMIT {limit:UInt32}",
            {"tenant": tenant, "part": part, "limit": MOST + 1},
            row=_Token,
        )
        return [row.token for row in rows]
