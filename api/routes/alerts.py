"""Alerts: what fired, why, on what evidence, and what was decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from api import examples, models, shapes, streams
from api.auth import Who, still
from api.problems import Problem, invalid_field, not_found
from api.query import Cursor, Limit, Since, Until, Values, moment, one_of, uuid
from api.services import Services, Uses
from domain import clock
from domain.alert import Severity
from domain.subject import token_of
from storage import alerts
from storage.alerts import StoredAlert
from storage.reads_search import MOST

router = APIRouter(prefix="/alerts", tags=["alerts"])

_SEVERITIES: Final = tuple(severity.name for severity in Severity)
_STATUSES: Final = ("new", "acknowledged", "closed")
_STAGES: Final = ("live", "shadow")
_INCLUDE: Final = ("evidence",)

Sort = Literal["-completed_at", "completed_at", "-severity", "severity"]
IfMatch = Annotated[
    str | None, Header(description="The ETag the decision was based on; 412 when the alert has changed")
]


class Note(BaseModel):
    """Why, for whoever reads it later."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(default="", max_length=2_000)


class Closing(BaseModel):
    """A closing says what it was and why."""

    model_config = ConfigDict(extra="forbid")
    disposition: Literal["true_positive", "benign", "false_positive"]
    reason: str = Field(min_length=1, max_length=2_000, pattern=r"\S")


@router.get(
    "",
    operation_id="list_alerts",
    responses=models.answers(models.AlertPage, example={"items": [examples.ALERT], "next": None}),
    summary="List alerts",
)
async def list_alerts(
    who: Who,
    uses: Uses,
    severity: Values = [],  # noqa: B006 (FastAPI copies defaults)
    status: Values = [],  # noqa: B006
    detector: Values = [],  # noqa: B006
    stage: Values = [],  # noqa: B006
    arm: Values = [],  # noqa: B006
    actor: Values = [],  # noqa: B006
    q: Annotated[
        str | None, Query(min_length=2, max_length=200, description="A part of the name of who or what was judged")
    ] = None,
    lowest: Annotated[str | None, Query(alias="min.severity", description="This severity or a higher one")] = None,
    withdrawn: Annotated[bool, Query(description="Also those that turned out not to be")] = False,
    since: Since = None,
    until: Until = None,
    sort: Sort = "-completed_at",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Live ones, unless `stage` says otherwise. `actor` is the id, login, address or app that was judged, or its token.
    `next` is null on the last page. Each alert comes once while new ones arrive; one that is revised during the walk
    moves with its `completed_at`."""
    now = clock.now()
    named = await _named(uses, who.tenant, q) if q else None
    tokens = uses.tokens(who.tenant, actor)
    given = {
        "severity": [str(Severity[name].value) for name in one_of("severity", severity, _SEVERITIES)],
        "status": one_of("status", status, _STATUSES),
        "detector": one_of("detector", detector, tuple(armed.detector.spec.id for armed in uses.registry.all)),
        "stage": one_of("stage", stage, _STAGES) or ["live"],
        "arm": arm,
        "actor": tokens if named is None else [token for token in named if not tokens or token in tokens],
    }
    if named is not None and not given["actor"]:
        return shapes.json({"items": [], "next": None})
    where = {name: values for name, values in given.items() if values}
    floor = Severity[one_of("min.severity", [lowest], _SEVERITIES)[0]].value if lowest else 0
    asked = {**where, "actor": tokens}  # not the names that fit: those may become more from page to page
    question = ["alerts", asked, q, floor, withdrawn, since, until, sort]
    rows = await uses.alerts.list(
        who.tenant,
        where=where,
        lowest=floor,
        since=moment("since", since, now=now),
        until=moment("until", until, now=now),
        withdrawn=withdrawn,
        sort=sort,
        after=uses.cursors.read(cursor, tenant=who.tenant, question=question) if cursor else None,
        limit=limit + 1,
    )
    page, more = rows[:limit], len(rows) > limit
    following = None
    if more:
        following = uses.cursors.make(alerts.key(page[-1], sort), tenant=who.tenant, question=question)
    names = await _names(uses, who.tenant, page)
    return shapes.json({"items": [shapes.alert(row, names) for row in page], "next": following})


@router.get(
    "/stream",
    operation_id="stream_alerts",
    response_class=StreamingResponse,
    responses=models.streamed("`alert` and `withdrawn` messages, with ids"),
    summary="Live alerts as they are revised, as server-sent events",
)
async def stream_alerts(
    request: Request,
    who: Who,
    uses: Uses,
    last_event_id: Annotated[str | None, Header(description="Where an earlier stream ended: go on behind it")] = None,
) -> Response:
    """`alert` and `withdrawn`, each at least once; after a reconnection the last ten seconds may come again, with the
    same ids."""
    last = streams.parse_id(last_event_id) if last_event_id else None
    stream = streams.AlertStream(uses.alerts, uses.events, who.tenant, last=last, now=clock.now())
    return streams.response(stream.look, still(request, who))


@router.get(
    "/{alert_id}",
    operation_id="get_alert",
    responses=models.answers(models.AlertWhole),
    summary="One alert with everything behind it",
)
async def get_alert(
    alert_id: str,
    who: Who,
    uses: Uses,
    include: Annotated[list[str], Query(description="`evidence`: the events too, as /events has them")] = [],  # noqa: B006
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Also one that was withdrawn, or replaced: then `replaced_by` says by which."""
    wanted = one_of("include", [word for each in include for word in each.split(",")], _INCLUDE)
    stored = await _alert(uses, who.tenant, alert_id)
    if wanted:  # events expire while the alert stays as it is: no ETag vouches for them
        return await _whole(uses, who.tenant, stored, {"events": await _evidence(uses, who.tenant, stored)})
    frozen = await uses.standing.frozen(stored.content)
    if if_none_match == _etag(stored, frozen):
        return Response(status_code=304, headers={"ETag": _etag(stored, frozen)})
    return await _whole(uses, who.tenant, stored, frozen=frozen)


@router.get(
    "/{alert_id}/events",
    operation_id="list_alert_events",
    responses=models.answers(models.AlertEvents),
    summary="The events an alert is based on",
)
async def list_alert_events(alert_id: str, who: Who, uses: Uses) -> Response:
    """In order of time: the first and last fifty. `count` says how many there were, `missing` what is gone."""
    return shapes.json(await _evidence(uses, who.tenant, await _alert(uses, who.tenant, alert_id)))


async def _evidence(uses: Services, tenant: str, stored: StoredAlert) -> dict[str, Any]:
    evidence = stored.content.evidence
    ids = list(dict.fromkeys((*evidence.first, *evidence.last)))
    rows = await uses.events.by_ids(tenant, ids)
    kept = {row.activity_id for row in rows}
    return {
        "items": [shapes.event(row) for row in rows],
        "count": evidence.count,
        "at_least": evidence.at_least,
        "missing": [each for each in ids if each not in kept],
    }


@router.post(
    "/{alert_id}/acknowledge",
    operation_id="acknowledge_alert",
    responses=models.answers(models.AlertWhole),
    summary="Say that somebody looks at it",
)
async def acknowledge_alert(
    alert_id: str, who: Who, uses: Uses, note: Note | None = None, if_match: IfMatch = None
) -> Response:
    """Again by a second person: recorded too. A closed alert must be reopened first."""
    return await _decide(uses, who, alert_id, if_match, "acknowledge", ("new", "acknowledged"), note or Note())


@router.post(
    "/{alert_id}/close",
    operation_id="close_alert",
    responses=models.answers(models.AlertWhole),
    summary="Say what it was, and why",
)
async def close_alert(alert_id: str, who: Who, uses: Uses, closing: Closing, if_match: IfMatch = None) -> Response:
    """A closed alert may be closed again with another disposition."""
    return await _decide(uses, who, alert_id, if_match, "close", _STATUSES, closing)


@router.post(
    "/{alert_id}/reopen",
    operation_id="reopen_alert",
    responses=models.answers(models.AlertWhole),
    summary="Take a closing back",
)
async def reopen_alert(
    alert_id: str, who: Who, uses: Uses, note: Note | None = None, if_match: IfMatch = None
) -> Response:
    """Only a closed alert; it is new again."""
    return await _decide(uses, who, alert_id, if_match, "reopen", ("closed",), note or Note())


async def _decide(
    uses: Services,
    who: Who,
    alert_id: str,
    if_match: str | None,
    action: str,
    statuses: Sequence[str],
    said: Note | Closing,
) -> Response:
    """Record a decision if the alert is as the client saw it and in one of `statuses`."""
    async with uses.deciding(f"{who.tenant}/{alert_id}"):
        stored = await _alert(uses, who.tenant, alert_id)
        if if_match not in (None, "*", stored.etag, _etag(stored, "frozen")):
            detail = "the alert has changed since; read it again and decide anew"
            raise Problem(412, "changed", detail, headers={"ETag": stored.etag})
        if stored.status not in statuses:
            detail = f"the alert is {stored.status}; {action} needs it to be {' or '.join(statuses)}"
            raise Problem(409, "wrong_status", detail, headers={"ETag": stored.etag})
        disposition = said.disposition if isinstance(said, Closing) else ""
        by = who.name or who.key_id
        await uses.triage.decide(
            who.tenant, stored.alert_id, action=action, by=by, disposition=disposition, reason=said.reason
        )
        return await _whole(uses, who.tenant, await _alert(uses, who.tenant, alert_id))


async def _alert(uses: Services, tenant: str, alert_id: str) -> StoredAlert:
    stored = await uses.alerts.get(tenant, uuid("alert", alert_id))
    if stored is None:
        raise not_found("alert", alert_id)
    return stored


def _etag(stored: StoredAlert, frozen: str) -> str:
    """An alert that freezes is not changed: a decision about it stands, but what was said of it does not."""
    return f'{stored.etag[:-1]}.frozen"' if frozen else stored.etag


async def _whole(
    uses: Services,
    tenant: str,
    stored: StoredAlert,
    more: Mapping[str, Any] | None = None,
    *,
    frozen: str | None = None,
) -> Response:
    if frozen is None:
        frozen = await uses.standing.frozen(stored.content)
    names = await _names(uses, tenant, [stored])
    history = await uses.triage.history(tenant, stored.alert_id)
    told = shapes.alert_whole(stored, names, history, frozen=frozen)
    return shapes.json({**told, **(more or {})}, headers={"ETag": _etag(stored, frozen)})


async def _named(uses: Services, tenant: str, part: str) -> list[str]:
    """Tokens of the names that contain `part`; Problem 422 when it says too little."""
    found = await uses.search.tokens(tenant, part)
    if len(found) > MOST:
        raise invalid_field("q", f"q: more than {MOST} names contain {part[:40]!r}; write more of the name")
    return found


async def _names(uses: Services, tenant: str, page: Sequence[StoredAlert]) -> dict[str, str]:
    contents = [stored.content for stored in page]
    wanted = {token for content in contents for token in (*alerts.tokens(content), token_of(content.subject))}
    return await uses.events.names(tenant, sorted(wanted)) if wanted else {}
