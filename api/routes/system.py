"""The system about itself: detectors, feeds, how far everything has come; and health for whoever watches it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import metrics, shapes
from api.auth import Who
from api.problems import Problem
from api.query import Since, moment
from api.services import Uses
from detectors.catalogue import entries
from domain import clock
from domain.clock import rfc3339
from domain.errors import Unavailable
from domain.judgement import epoch_of, offset_of
from storage.settled import MarkerRow

router = APIRouter(tags=["system"])
open_router = APIRouter(tags=["health"])


@router.get("/detectors", operation_id="list_detectors", summary="The detectors with settings and stages in force")
async def list_detectors(uses: Uses) -> Response:
    return shapes.json({"items": entries(uses.registry)})


@router.get("/sources", operation_id="list_sources", summary="Did my events arrive? Per source and feed")
async def list_sources(who: Who, uses: Uses, since: Since = "-24h") -> Response:
    """Counts and delays since then (whole hours); delays in seconds from the event to its arrival."""
    at = moment("since", since, now=clock.now()) or 0
    rows = await uses.feeds.list(who.tenant, since=at)
    items = [
        {
            "source": row.source,
            "feed": row.feed,
            "stored": row.stored,
            "rejected": row.rejected,
            "skipped": row.skipped,
            "last_occurred_at": shapes.time(row.last_occurred),
            "last_received_at": shapes.time(row.last_received),
            "delay_seconds": {"median": round(row.delay_median, 3), "p99": round(row.delay_p99, 3)},
        }
        for row in rows
    ]
    return shapes.json({"items": items})


@router.get("/system", operation_id="get_system", summary="How far the system has come")
async def get_system(who: Who, uses: Uses) -> Response:
    """Alerts of the key's tenant completed before `settled_through` are final; null while that is not known."""
    epoch = await uses.epochs.current()
    through = await uses.settled.through(who.tenant, epoch)
    markers = [m for m in await uses.settled.markers() if epoch is not None and epoch_of(m.position) == epoch.epoch]
    return shapes.json(
        {
            "tenant": who.tenant,
            "settled_through": rfc3339(through) if through is not None else None,
            "dirty_subjects": await uses.settled.dirty(who.tenant),
            "epoch": epoch and {"epoch": epoch.epoch, "partitions": epoch.partitions},
            "markers": [_marker(marker, who.tenant) for marker in markers],
            "versions": {
                "vedette": uses.version,
                "detectors": {armed.slot: armed.settings_hash for armed in uses.registry.all},
            },
        }
    )


def _marker(marker: MarkerRow, tenant: str) -> dict[str, Any]:
    clock_at = marker.clock_of.get(tenant)
    return {
        "partition": marker.partition,
        "bundle": offset_of(marker.position),
        "clock": rfc3339(clock_at) if clock_at is not None else None,
        "written_at": rfc3339(marker.written_at),
    }


@open_router.get("/healthz", operation_id="healthz", summary="The process answers")
async def healthz() -> Response:
    return shapes.json({"status": "ok"})


@open_router.get("/readyz", operation_id="readyz", summary="Everything it needs answers too")
async def readyz(uses: Uses) -> Response:
    try:
        epoch = await uses.epochs.current()
    except Unavailable as error:
        raise Problem(503, "not_ready", str(error), headers={"Retry-After": "2"}) from error
    if epoch is None:
        detail = "no epoch is open; start the system with `vedette up`, or run `vedette migrate`"
        raise Problem(503, "not_ready", detail, headers={"Retry-After": "2"})
    return shapes.json({"status": "ready", "epoch": epoch.epoch})


@open_router.get("/metrics", operation_id="metrics", summary="Numbers for Prometheus")
async def get_metrics(uses: Uses) -> Response:
    """Nothing in it names a tenant."""
    try:
        epoch = await uses.epochs.current()
        uses.metrics.system(up=True, epoch=epoch.epoch if epoch else 0, dirty=await uses.settled.dirty())
    except Unavailable:
        uses.metrics.system(up=False)  # that the store is away is what the number says
    return Response(uses.metrics.text(), media_type=metrics.MEDIA_TYPE)
