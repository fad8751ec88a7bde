"""The models of a tenant: what they were trained on, what their thresholds mean, and from when on they count."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import models, shapes
from api.auth import Who
from api.services import Uses
from domain.clock import rfc3339
from models.artifact import Manifest, model_hash
from storage.models import Promotion

router = APIRouter(tags=["system"])


@router.get(
    "/models",
    operation_id="list_models",
    responses=models.answers(models.TrainedModels),
    summary="The models of ordinary hours, newest first, with their promotions",
)
async def list_models(who: Who, uses: Uses) -> Response:
    """The model in effect at a time is that of the latest `effective_from` not after it."""
    trained = await uses.models.trained(who.tenant)
    promotions = await uses.models.promotions(who.tenant)
    return shapes.json({"items": [_item(each, promotions) for each in trained]})


def _item(each: Manifest, promotions: list[Promotion]) -> dict[str, Any]:
    name = model_hash(each)
    return {
        "id": name,
        "trained_at": rfc3339(each.trained_at),
        "since": rfc3339(each.since),
        "until": rfc3339(each.until),
        "people": each.actors,
        "left_out": each.left_out,
        "hours": each.rows,
        "features": list(each.features),
        "threshold": each.threshold,
        "alerts_per_1000_users_and_day": each.budget,
        "versions": each.versions,
        "promotions": [
            {
                "effective_from": rfc3339(promotion.effective_from),
                "live_from": rfc3339(promotion.live_from),
                "promoted_at": rfc3339(promotion.promoted_at),
            }
            for promotion in promotions
            if promotion.model == name
        ],
    }
