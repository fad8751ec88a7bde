"""The system about itself: detectors, feeds, how far everything has come; and health for whoever watches it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from api import metrics, models, shapes
from api.auth import Watcher, Who
from api.metrics import Figures
from api.problems import Problem, not_found
from api.query import Since, moment
from api.services import Services, Uses
from detectors.catalogue import entries
from detectors.changes import changes
from domain import clock
from domain.alert import Severity
from domain.clock import rfc3339
from domain.errors import Unavailable
from domain.judgement import epoch_of, offset_of
from storage.epochs import Epoch
from storage.reads_lag import LaneLag, lag
from storage.settled import MarkerRow

router = APIRouter(tags=["system"])
open_router = APIRouter(tags=["health"])


@router.get(
    "/detectors",
    operation_id="list_detectors",
    responses=models.answers(models.Detectors),
    summary="The detectors with settings and stages in force",
)
async def list_detectors(uses: Uses) -> Response:
    return shapes.json({"items": entries(uses.registry)})


@router.get(
    "/detectors/{detector}",
    operation_id="get_detector",
    responses=models.answers(models.DetectorWhole),
    summary="One detector with every configuration that was ever in effect",
)
async def get_detector(detector: str, uses: Uses) -> Response:
    """An alert is judged under the configuration of its own time: that of the latest `effective_from` not after it."""
    found = next((each for each in entries(uses.registry) if each["id"] == detector), None)
    if found is None:
        raise not_found("detector", detector)
    history = [each for each in changes(await uses.configurations.history()) if each.detector == detector]
    return shapes.json({**found, "history": history})


@router.get(
    "/sources",
    operation_id="list_sources",
    responses=models.answers(models.Sources),
    summary="Did my events arrive? Per source and feed",
)
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
            "id_conflicts": row.conflicts,
            "last_occurred_at": shapes.time(row.last_occurred),
            "last_received_at": shapes.time(row.last_received),
            "delay_seconds": {"median": round(row.delay_median, 3), "p99": round(row.delay_p99, 3)},
        }
        for row in rows
    ]
    return shapes.json({"items": items})


@router.get(
    "/notices",
    operation_id="list_notices",
    responses=models.answers(models.Notices),
    summary="What the system says about its feeds and itself",
)
async def list_notices(who: Who, uses: Uses, since: Since = "-24h") -> Response:
    """The last 100 since then, newest first: refused records, ids given twice, a channel switched off."""
    at = moment("since", since, now=clock.now()) or 0
    items = [
        {
            "notice_id": row.notice_id,
            "kind": row.kind,
            "about": row.subject,
            "severity": Severity(row.severity).name,
            "text": row.text,
            "at": rfc3339(row.at),
        }
        for row in await uses.notices.list(who.tenant, since=at)
    ]
    return shapes.json({"items": items})


@router.get(
    "/system", operation_id="get_system", responses=models.answers(models.System), summary="How far the system has come"
)
async def get_system(who: Who, uses: Uses) -> Response:
    """Alerts of the key's tenant completed before `settled_through` are final; null while that is not known.

    `data` is what places and networks of addresses come from, with the event time from which it holds (null: always).
    """
    epoch = await uses.epochs.current()
    through = await uses.settled.through(who.tenant, epoch)
    markers, lanes = await _progress(uses, epoch)
    return shapes.json(
        {
            "tenant": who.tenant,
            "settled_through": rfc3339(through) if through is not None else None,
            "dirty_subjects": await uses.settled.dirty(who.tenant),
            "epoch": epoch and {"epoch": epoch.epoch, "partitions": epoch.partitions},
            "markers": [_marker(marker, who.tenant) for marker in markers],
            "lag": {
                "records": sum(lane.records for lane in lanes),
                "lanes": [{"lane": lane.lane, "stored": lane.stored, "judged": lane.judged} for lane in lanes],
            },
            "versions": {
                "vedette": uses.version,
                "detectors": {armed.slot: armed.settings_hash for armed in uses.registry.all},
            },
            "data": [
                {
                    "kind": each.kind,
                    "name": each.name,
                    "date": each.date,
                    "effective_from": rfc3339(each.effective_from) if each.effective_from else None,
                    "attribution": each.attribution,
                }
                for each in uses.datasets()
            ],
        }
    )


async def _progress(uses: Services, epoch: Epoch | None) -> tuple[list[MarkerRow], list[LaneLag]]:
    """The markers of the open epoch, and its lanes; a partition that has no marker yet has judged nothing."""
    if epoch is None:
        return [], []
    stored = await uses.events.lanes(epoch.epoch)
    markers = [marker for marker in await uses.settled.markers() if epoch_of(marker.position) == epoch.epoch]
    heard = {marker.partition: marker.through for marker in markers}
    return markers, lag(stored, [heard.get(partition, {}) for partition in range(epoch.partitions)])


def _marker(marker: MarkerRow, tenant: str) -> dict[str, Any]:
    clock_at = marker.clock_of.get(tenant)
    return {
        "partition": marker.partition,
        "bundle": offset_of(marker.position),
        "clock": rfc3339(clock_at) if clock_at is not None else None,
        "written_at": rfc3339(marker.written_at),
    }


@open_router.get(
    "/healthz", operation_id="healthz", responses=models.answers(models.Health), summary="The process answers"
)
async def healthz() -> Response:
    return shapes.json({"status": "ok"})


@open_router.get(
    "/readyz", operation_id="readyz", responses=models.answers(models.Ready), summary="Everything it needs answers too"
)
async def readyz(uses: Uses) -> Response:
    """503 says in `detail` what does not answer: the store, the broker, or the memory of an embedded one."""
    state = await uses.readiness.look()
    if state.fault:
        raise Problem(503, "not_ready", state.fault, headers={"Retry-After": "2"})
    return shapes.json({"status": "ready", "epoch": state.epoch})


@open_router.get(
    "/metrics", operation_id="get_metrics", response_class=PlainTextResponse, summary="Numbers for Prometheus"
)
async def get_metrics(who: Watcher, uses: Uses) -> Response:
    """What the store holds is counted for the tenant of the key; without a key (`api.metrics_open`, from this machine)
    for all tenants together, and the age is that of the tenant furthest behind. Requests and lag are the process's."""
    try:
        figures = await _figures(uses, who.tenant if who else "")
    except Unavailable:
        figures = None  # that the store is away is what the number says
    return Response(uses.metrics.text(figures), media_type=metrics.MEDIA_TYPE)


async def _figures(uses: Services, tenant: str) -> Figures:
    epoch = await uses.epochs.current()
    _, lanes = await _progress(uses, epoch)
    tenants = [tenant] if tenant else await uses.figures.tenants()
    settled = [at for each in tenants if (at := await uses.settled.through(each, epoch)) is not None]
    return Figures(
        epoch=epoch.epoch if epoch else 0,
        dirty=await uses.settled.dirty(tenant),
        events=await uses.figures.events(tenant),
        alerts=await uses.figures.alerts(tenant),
        letters=await uses.figures.letters(tenant),
        lag=sum(lane.records for lane in lanes),
        settled_age=(clock.now() - min(settled)) / clock.SECOND if settled and len(settled) == len(tenants) else None,
    )
