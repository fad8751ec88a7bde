"""GET /models: a tenant's models with their promotions, and nobody else's."""

from __future__ import annotations

from domain import clock
from domain.clock import DAY, HOUR, rfc3339
from models import features
from models.artifact import pack
from storage.models import ModelStore
from tests.api.conftest import World
from tests.models import made


async def test_models_are_listed_with_what_their_thresholds_mean_and_when_they_count(world: World) -> None:
    model, start = made.model(), clock.now() // 1000 * 1000 + HOUR
    stored = ModelStore(world.store)
    name = await stored.put(model.manifest, pack(model.forest.trees))
    await stored.promote("acme", name, effective_from=start, live_from=start + 7 * DAY)
    [promotion] = await stored.promotions("acme")
    async with world.client() as client:
        found = (await client.get("/api/v1/models")).json()
    manifest = model.manifest
    assert found == {
        "items": [
            {
                "id": name,
                "trained_at": rfc3339(manifest.trained_at),
                "since": rfc3339(manifest.since),
                "until": rfc3339(manifest.until),
                "people": 60,
                "left_out": 0,
                "hours": manifest.rows,
                "features": list(features.NAMES),
                "threshold": manifest.threshold,
                "alerts_per_1000_users_and_day": 1.0,
                "versions": manifest.versions,
                "promotions": [
                    {
                        "effective_from": rfc3339(start),
                        "live_from": rfc3339(start + 7 * DAY),
                        "promoted_at": rfc3339(promotion.promoted_at),
                    }
                ],
            }
        ]
    }
    async with world.client(tenant="globex", role="auditor") as client:
        assert (await client.get("/api/v1/models")).json() == {"items": []}
