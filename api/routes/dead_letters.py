"""Dead letters: what was refused, why, and sending it again."""

from __future__ import annotations

import base64
from typing import Final

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from api import models, shapes
from api.auth import Who
from api.problems import Problem, not_found
from api.query import Cursor, Limit, Since, Until, Values, moment, one_of, uuid
from api.sending import Outgoing
from api.services import Services, Uses
from domain import clock
from storage.dead_letters import StoredLetter
from transport.topics import RAW_TOPICS

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])

_STATUSES: Final = ("open", "replayed")


@router.get(
    "",
    operation_id="list_dead_letters",
    responses=models.answers(models.DeadLetterPage),
    summary="List refused records, newest first",
)
async def list_dead_letters(
    who: Who,
    uses: Uses,
    code: Values = [],  # noqa: B006 (FastAPI copies defaults)
    source: Values = [],  # noqa: B006
    feed: Values = [],  # noqa: B006
    status: Values = [],  # noqa: B006
    detector: Values = [],  # noqa: B006
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Open ones and replayed ones. `next` is null on the last page."""
    now = clock.now()
    given = {
        "code": code,
        "source": source,
        "feed": feed,
        "status": one_of("status", status, _STATUSES),
        "detector": detector,
    }
    where = {name: values for name, values in given.items() if values}
    question = ["dead_letters", where, since, until]
    before = uses.cursors.read(cursor, tenant=who.tenant, question=question) if cursor else None
    rows = await uses.letters.list(
        who.tenant,
        where=where,
        since=moment("since", since, now=now),
        until=moment("until", until, now=now),
        before=(before[0], before[1]) if before else None,
        limit=limit + 1,
    )
    page, following = rows[:limit], None
    if len(rows) > limit:
        end = (page[-1].received_at, page[-1].dead_letter_id)
        following = uses.cursors.make(end, tenant=who.tenant, question=question)
    return shapes.json({"items": [shapes.letter(row) for row in page], "next": following})


@router.get(
    "/{dead_letter_id}",
    operation_id="get_dead_letter",
    responses=models.answers(models.DeadLetterWhole),
    summary="One refused record with its bytes",
)
async def get_dead_letter(dead_letter_id: str, who: Who, uses: Uses) -> Response:
    return shapes.json(shapes.letter_whole(await _letter(uses, who.tenant, dead_letter_id)))


@router.post(
    "/{dead_letter_id}/replay",
    operation_id="replay_dead_letter",
    responses=models.answers(models.Replayed),
    summary="Send the record again",
)
async def replay_dead_letter(dead_letter_id: str, who: Who, uses: Uses) -> Response:
    """By the door it came through, with the headers it had; answers when it is known what became of it."""
    async with uses.deciding(f"{who.tenant}/{dead_letter_id}"):
        stored = await _letter(uses, who.tenant, dead_letter_id)
        outgoing = _again(stored)
        (fate,) = await uses.sender.send(who.tenant, [outgoing])
        await uses.replayed.mark_replayed(stored)
    told = {"id": stored.dead_letter_id, **msgspec.to_builtins(fate)}
    return shapes.json({name: value for name, value in told.items() if value})


def _again(stored: StoredLetter) -> Outgoing:
    """The record as it was; Problem 409 when it cannot be sent again."""
    topic = stored.lane.rpartition(":")[0]
    if stored.status == "replayed":
        raise Problem(409, "already_replayed", "the record was sent again already; see what became of that one")
    if stored.detector:
        detail = f"the event is stored, only the detector {stored.detector} failed on it; it is judged anew by settling"
        raise Problem(409, "not_replayable", detail)
    if not stored.raw or topic not in RAW_TOPICS:
        raise Problem(409, "not_replayable", "the bytes of the record were not kept; send it again from its source")
    pairs = msgspec.json.decode(stored.headers or "[]", type=list[tuple[str, str]])
    headers = tuple((name, value.encode("latin-1")) for name, value in pairs)
    return Outgoing(topic, base64.b64decode(stored.raw), headers)


async def _letter(uses: Services, tenant: str, dead_letter_id: str) -> StoredLetter:
    stored = await uses.letters.get(tenant, uuid("dead letter", dead_letter_id))
    if stored is None:
        raise not_found("dead letter", dead_letter_id)
    return stored
