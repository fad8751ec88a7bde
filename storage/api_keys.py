"""API keys: only a keyed digest of each is stored, with its tenant and role."""

from __future__ import annotations

import msgspec

from storage.client import Client
from storage.columns import ms

_KEY = f"key_id, digest, tenant, role, name, revoked, revision, {ms('created_at')}"
_COLUMNS = ("key_id", "digest", "tenant", "role", "name", "revoked", "revision")


class ApiKey(msgspec.Struct, frozen=True, array_like=True):
    """`digest` is HMAC-SHA256 of the whole key under the pepper, in hex; `created_at` in ms."""

    key_id: str
    digest: str
    tenant: str
    role: str
    name: str
    revoked: bool = False
    revision: int = 0
    created_at: int = 0


class ApiKeyStore:
    """Over the writer's client to put, over the reader's to read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, key: ApiKey) -> None:
        """Store the key, or a later revision of it."""
        row = (key.key_id, key.digest, key.tenant, key.role, key.name, key.revoked, key.revision)
        if key.created_at:
            await self._client.insert("api_keys", (*_COLUMNS, "created_at"), [(*row, key.created_at / 1000)])
        else:
            await self._client.insert("api_keys", _COLUMNS, [row])

    async def get(self, key_id: str) -> ApiKey | None:
        rows = await self._client.query(
            f"SELECT {_KEY} FROM api_keys FINAL WHERE key_id = {{id:String}}", {"id": key_id}, row=ApiKey
        )
        return rows[0] if rows else None

    async def list(self, tenant: str = "") -> list[ApiKey]:
        """All keys, or a tenant's, oldest first, revoked ones too."""
        return await self._client.query(
            f"SELECT {_KEY} FROM api_keys FINAL WHERE {{tenant:String}} IN ('', tenant) ORDER BY created_at, key_id",
            {"tenant": tenant},
            row=ApiKey,
        )

    async def revoke(self, key_id: str) -> bool:
        """From now on the key opens nothing; False when there is no such key."""
        found = await self.get(key_id)
        if found is None:
            return False
        if not found.revoked:
            await self.put(msgspec.structs.replace(found, revoked=True, revision=found.revision + 1))
        return True
