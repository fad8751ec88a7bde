"""Answers that were given under an Idempotency-Key, for a day."""

from __future__ import annotations

import msgspec

from storage.client import Client


class Given(msgspec.Struct, frozen=True, array_like=True):
    """`digest` is SHA-256 of what was asked, in hex; `answer` the body of the answer."""

    digest: str
    answer: str


class IdempotencyStore:
    """Over the writer's client: it reads what it has just written."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, tenant: str, key_id: str, name: str) -> Given | None:
        """What was given to this key under this name; None when nothing was, or more than a day ago."""
        rows = await self._client.query(
            "SELECT digest, answer FROM idempotency FINAL WHERE tenant = {tenant:String} AND key_id = {key:String} "
            "AND idempotency_key = {name:String} AND at > now64(3) - INTERVAL 1 DAY",
            {"tenant": tenant, "key": key_id, "name": name},
            row=Given,
        )
        return rows[0] if rows else None

    async def put(self, tenant: str, key_id: str, name: str, given: Given) -> None:
        columns = ("tenant", "key_id", "idempotency_key", "digest", "answer")
        await self._client.insert("idempotency", columns, [(tenant, key_id, name, given.digest, given.answer)])
