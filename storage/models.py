"""Trained models and their promotions: what was ever in effect, from when on, and never anything else."""

from __future__ import annotations

import base64
from uuid import uuid4

import msgspec

from domain.errors import VedetteError
from models.artifact import Manifest, decode_manifest, encode_manifest, model_hash
from models.score import Model
from storage.client import Client
from storage.columns import ms

#: A promotion lies at least this far ahead of the store's clock, ms (migration 0040): every judge has it in time.
MARGIN = 60_000

_PROMOTION = f"tenant, toString(promotion_id), model, {ms('effective_from')}, {ms('live_from')}, {ms('promoted_at')}"


class TooSoon(VedetteError):
    """The store refused a promotion: activities may already have been judged without it."""


class Promotion(msgspec.Struct, frozen=True, array_like=True):
    """From `effective_from` on (event time, ms) the tenant's model is `model`, "" for none; live from `live_from`."""

    tenant: str
    promotion_id: str
    model: str
    effective_from: int
    live_from: int
    promoted_at: int = 0


class _Stored(msgspec.Struct, array_like=True):
    manifest: str
    arrays: str


class _Listed(msgspec.Struct, array_like=True):
    manifest: str


class _Latest(msgspec.Struct, array_like=True):
    at: int


class ModelStore:
    """Over the writer's client to put and promote, over either to read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, manifest: Manifest, packed: bytes) -> str:
        """Store a model; its hash. The same model again changes nothing."""
        name = model_hash(manifest)
        row = (manifest.tenant, name, encode_manifest(manifest), base64.b64encode(packed).decode())
        await self._client.insert("models", ("tenant", "model", "manifest", "arrays"), [row])
        return name

    async def trained(self, tenant: str) -> list[Manifest]:
        """The tenant's models, newest first."""
        rows = await self._client.query(
            "SELECT any(manifest) FROM models WHERE tenant = {t:String} GROUP BY model", {"t": tenant}, row=_Listed
        )
        found = [decode_manifest(row.manifest) for row in rows]
        return sorted(found, key=lambda each: (-each.trained_at, model_hash(each)))

    async def get(self, tenant: str, model: str) -> Model | None:
        """The model whole and checked; None when there is none. ArtifactInvalid when it is not what it says."""
        rows = await self._client.query(
            "SELECT manifest, arrays FROM models WHERE tenant = {t:String} AND model = {m:String} LIMIT 1",
            {"t": tenant, "m": model},
            row=_Stored,
        )
        if not rows:
            return None
        return Model.read(decode_manifest(rows[0].manifest), base64.b64decode(rows[0].arrays))

    async def promote(self, tenant: str, model: str, *, effective_from: int, live_from: int) -> Promotion:
        """Put a model, or "" for none, in effect from `effective_from` (event time, ms) on.

        TooSoon unless that is a minute ahead by the store's clock. For a tenant whose past is brought in it may also be
        five minutes back or more, if that is later than all that is stored of the tenant; what is sent before every
        judge has looked for promotions again may then be judged without it at first.
        """
        made = Promotion(tenant, str(uuid4()), model, effective_from, live_from)
        columns = ("tenant", "promotion_id", "model", "effective_from_ms", "live_from_ms")
        row = (tenant, made.promotion_id, model, effective_from, live_from)
        if await self._client.insert("promotions_in", columns, [row]) < 2:
            raise TooSoon(
                f"a model of {tenant} cannot take effect then: activities may already have been judged without it; "
                f"choose a time at least {MARGIN // 1000} s ahead"
            )
        return made

    async def promotions(self, tenant: str = "") -> list[Promotion]:
        """All that were ever made, of a tenant or of all, in the order they were made."""
        return await self._client.query(
            f"SELECT {_PROMOTION} FROM promotions WHERE {{t:String}} IN ('', tenant) "
            "ORDER BY promoted_at, promotion_id",
            {"t": tenant},
            row=Promotion,
        )

    async def latest_activity(self, tenant: str) -> int:
        """When the newest stored activity of the tenant happened (ms); 0 when there is none."""
        rows = await self._client.query(
            f"SELECT {ms('max(last_occurred)')} FROM feeds WHERE tenant = {{t:String}}", {"t": tenant}, row=_Latest
        )
        return rows[0].at if rows else 0
