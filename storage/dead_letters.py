"""Dead letters: records that were refused, each with its bytes, its place, a code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from storage.client import Client
from storage.columns import moment, ms

#: Filters of `list`: name -> column.
FILTERS: Final = {"code": "code", "source": "source", "feed": "feed", "status": "status", "detector": "detector"}

_COLUMNS = (
    "dead_letter_id", "tenant", "source", "feed", "epoch", "lane", "offset", "index", "received_at_ms", "code",
    "reason", "detector", "raw", "raw_bytes", "raw_sha256", "headers", "status", "revision",
)  # fmt: skip
_SELECTED = (
    f"toString(dead_letter_id), tenant, source, feed, epoch, lane, offset, `index`, {ms('received_at')}, code, reason, "
    "detector, raw, raw_bytes, raw_sha256, headers, status, revision"
)


class StoredLetter(msgspec.Struct, frozen=True, array_like=True):
    """`raw` is base64, "" when the record was too large to keep; `headers` a JSON list of [name, Latin-1 text]."""

    dead_letter_id: str
    tenant: str
    source: str
    feed: str
    epoch: int
    lane: str
    offset: int
    index: int
    received_at: int
    code: str
    reason: str
    detector: str
    raw: str
    raw_bytes: int
    raw_sha256: str
    headers: str
    status: str
    revision: int


class DeadLetterStore:
    """Over the reader's client; `mark_replayed` needs the writer's."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(
        self,
        tenant: str,
        *,
        where: Mapping[str, Sequence[str]] | None = None,
        since: int | None = None,
        until: int | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> list[StoredLetter]:
        """Newest first; `before` is (received_at, dead_letter_id) of the last row of the page above."""
        conditions, params = ["tenant = {tenant:String}"], dict[str, object](tenant=tenant, limit=limit)
        for name, values in (where or {}).items():
            conditions.append(f"{FILTERS[name]} IN {{f_{name}:Array(String)}}")
            params[f"f_{name}"] = list(values)
        for name, value, sign in (("since", since, ">="), ("until", until, "<")):
            if value is not None:
                conditions.append(f"received_at {sign} {moment(name)}")
                params[name] = value
        if before is not None:
            conditions.append(f"(received_at, dead_letter_id) < ({moment('b_at')}, {{b_id:UUID}})")
            params["b_at"], params["b_id"] = before
        return await self._client.query(
            f"SELECT {_SELECTED} FROM dead_letters FINAL WHERE {' AND '.join(conditions)} "
            "ORDER BY received_at DESC, dead_letter_id DESC LIMIT {limit:UInt32}",
            params,
            row=StoredLetter,
        )

    async def get(self, tenant: str, dead_letter_id: str) -> StoredLetter | None:
        rows = await self._client.query(
            f"SELECT {_SELECTED} FROM dead_letters FINAL WHERE tenant = {{tenant:String}} "
            "AND dead_letter_id = {id:UUID}",
            {"tenant": tenant, "id": dead_letter_id},
            row=StoredLetter,
        )
        return rows[0] if rows else None

    async def mark_replayed(self, letter: StoredLetter) -> None:
        """The record was sent again; what became of it then is told by its new place."""
        row = msgspec.structs.replace(letter, status="replayed", revision=letter.revision + 1)
        await self._client.insert("dead_letters", _COLUMNS, [row])
