"""Events: sending them with a promise, reading them back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from api import bodies, examples, given, models, shapes, streams
from api.auth import Caller, Who, still
from api.problems import not_found
from api.query import Cursor, Limit, Since, Until, Values, moment, one_of, uuid
from api.sending import Outgoing
from api.services import Services, Uses
from api.validate import Envelope, check
from domain import clock
from domain.actions import ACTIONS, NETWORKS, OUTCOMES
from domain.errors import Rejected
from storage.places import Fate
from transport.topics import RAW_HTTP

router = APIRouter(prefix="/events", tags=["events"])

_EVENT: Final = {
    "type": "object",
    "required": ["id", "occurred_at", "action", "actor"],
    "properties": {
        "id": {"type": "string", "description": "The CRM's own id: a retry with the same id is not a second event"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "action": {"type": "string", "enum": list(ACTIONS)},
        "actor": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
    },
    "example": {
        "id": "ev-1",
        "occurred_at": "2026-11-24T09:00:00Z",
        "action": "auth.login.failed",
        "actor": {"id": "005A1", "login": "ada@acme.example"},
        "origin": {"ip": "203.0.113.7"},
    },
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]}},
            "application/x-ndjson": {"schema": {"type": "string", "description": "One event per line"}},
            "application/cloudevents+json": {"schema": {"type": "object"}},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}
_NAME: Final = r"^[!-~]{1,255}$"
_WORD: Final = r"^[a-z0-9][a-z0-9_.-]{0,62}$"


@router.post(
    "",
    operation_id="send_events",
    responses=models.answers(models.Answer, example=examples.SENT),
    summary="Send events",
    openapi_extra=_BODY,
)
async def send_events(
    request: Request,
    who: Who,
    uses: Uses,
    idempotency_key: Annotated[
        str | None,
        Header(pattern=_NAME, description="The same key with the same events gets the same answer, for a day"),
    ] = None,
    source: Annotated[str, Query(pattern=_WORD, description="Whose format the events have")] = "generic",
    feed: Annotated[str, Query(pattern=r"^$|" + _WORD, description="The feed they belong to")] = "",
) -> Response:
    """One object, an array, or an object per line, as they are or as gzip or zstd. Answers when it is known what became
    of each event: `stored`, `duplicate` (an earlier delivery counts), `rejected` (with code and reason) or `skipped`
    (no business of ours). 429 means that nothing was taken, 503 that it is unknown: send the same again."""
    raws = await bodies.events(request, most=uses.settings.max_body_bytes)
    take = partial(_take, who, uses, raws, source, feed)
    if idempotency_key is None:
        answer, headers = await take()
        return shapes.json(answer, headers=headers)
    digest = given.digest(raws, source=source, feed=feed)
    async with uses.deciding(f"sent|{who.key_id}|{idempotency_key}"):
        found = await uses.given.get(who.tenant, who.key_id, idempotency_key)
        if found is not None:
            return given.again(found, digest, idempotency_key)
        answer, headers = await take()
        await uses.given.put(who.tenant, who.key_id, idempotency_key, given.kept(digest, answer))
    return shapes.json(answer, headers=headers)


async def _take(
    who: Caller, uses: Services, raws: Sequence[bytes], source: str, feed: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Sends the events and says what became of each; with the headers of the rate limit."""
    room = uses.rates.take(who.key_id, len(raws), at=clock.now())
    checked = [check(raw, source=source) for raw in raws]
    headers = [("tenant", who.tenant.encode()), ("source", source.encode())]
    if feed:
        headers.append(("feed", feed.encode()))
    outgoing = [
        Outgoing(RAW_HTTP, raw, tuple(headers), each.occurred_at, _key(who.tenant, source, each.id))
        for raw, each in zip(raws, checked, strict=True)
        if isinstance(each, Envelope)
    ]
    fates = iter(await uses.sender.send(who.tenant, outgoing))
    rows = []
    for index, each in enumerate(checked):
        if isinstance(each, Rejected):
            rows.append(_told(index, None, Fate("rejected", code=each.code, reason=each.reason)))
        else:
            rows.append(_told(index, each.id, next(fates)))
    counts = {status: sum(row["status"] == status for row in rows) for status in ("stored", "duplicate", "rejected")}
    skipped = sum(row["status"] == "skipped" for row in rows)
    uses.metrics.sent(rows)
    return {**counts, "skipped": skipped, "events": rows}, room.headers if room is not None else {}


def _key(tenant: str, source: str, native: str) -> bytes | None:
    return f"{tenant}|{source}|{native}".encode("utf-8", "surrogatepass") if native else None


def _told(index: int, native: str | None, fate: Fate) -> dict[str, Any]:
    row: dict[str, Any] = {"index": index, "id": native or None, "status": fate.status}
    if fate.activity_id:
        row["activity_id"] = fate.activity_id
    if fate.status == "rejected":
        row |= {"code": fate.code, "reason": fate.reason}
    return row


@router.get(
    "",
    operation_id="list_events",
    responses=models.answers(models.EventPage),
    summary="List stored events, newest first",
)
async def list_events(
    who: Who,
    uses: Uses,
    action: Values = [],  # noqa: B006 (FastAPI copies defaults)
    outcome: Values = [],  # noqa: B006
    actor: Values = [],  # noqa: B006
    login: Values = [],  # noqa: B006
    ip: Values = [],  # noqa: B006
    event_source: Annotated[list[str], Query(alias="source")] = [],  # noqa: B006
    feed: Values = [],  # noqa: B006
    app: Values = [],  # noqa: B006
    country: Values = [],  # noqa: B006
    network: Values = [],  # noqa: B006
    object_type: Values = [],  # noqa: B006
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """`actor`, `login` and `ip` take the value or its token. `next` is null on the last page."""
    now = clock.now()
    given = {
        "action": one_of("action", action, ACTIONS),
        "outcome": one_of("outcome", outcome, OUTCOMES),
        "actor": uses.tokens(who.tenant, actor),
        "login": uses.tokens(who.tenant, login),
        "ip": uses.tokens(who.tenant, ip),
        "source": event_source,
        "feed": feed,
        "app": app,
        "country": country,
        "network": one_of("network", network, NETWORKS),
        "object_type": object_type,
    }
    where = {name: values for name, values in given.items() if values}
    question = ["events", where, since, until]
    before = uses.cursors.read(cursor, tenant=who.tenant, question=question) if cursor else None
    rows = await uses.events.list(
        who.tenant,
        where=where,
        since=moment("since", since, now=now),
        until=moment("until", until, now=now),
        before=(before[0], before[1]) if before else None,
        limit=limit + 1,
    )
    page, more = rows[:limit], len(rows) > limit
    following = uses.cursors.make(page[-1].key, tenant=who.tenant, question=question) if more else None
    return shapes.json({"items": [shapes.event(row) for row in page], "next": following})


@router.get(
    "/stream",
    operation_id="stream_events",
    response_class=StreamingResponse,
    responses=models.streamed("`event` and `gap` messages"),
    summary="Events as they are stored, as server-sent events",
)
async def stream_events(
    request: Request,
    who: Who,
    uses: Uses,
    last_event_id: Annotated[str | None, Header(description="Where an earlier stream ended: go on behind it")] = None,
) -> Response:
    """From now on, or on behind `Last-Event-ID`; activities that occurred more than an hour ago are left out, and a
    `gap` says when there were too many at once."""
    last = streams.Heard.parse(last_event_id) if last_event_id else None
    stream = streams.EventStream(uses.tail, uses.epochs, uses.events, who.tenant, last=last)
    if last is None:
        await stream.look()
    return streams.response(stream.look, still(request, who))


@router.get("/{event_id}", operation_id="get_event", responses=models.answers(models.Event), summary="One stored event")
async def get_event(event_id: str, who: Who, uses: Uses) -> Response:
    """By its activity_id."""
    found = await uses.events.get(who.tenant, uuid("event", event_id))
    if found is None:
        raise not_found("event", event_id)
    return shapes.json(shapes.event(found))
