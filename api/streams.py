"""Server-sent events: alerts as they are revised, activities as they are stored."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Final

import msgspec
from starlette.responses import StreamingResponse

from api import shapes
from api.problems import Problem
from domain import clock
from domain.errors import StoreUnavailable
from storage.alerts import AlertStore, Said, tokens
from storage.epochs import EpochStore
from storage.events import EventStore
from storage.tail import TailStore

log = logging.getLogger("vedette.api")

#: Seconds between questions to the store, and between signs of life on a quiet stream.
POLL: Final = 1.0
ALIVE: Final = 15.0
#: A revision may become visible this much later than the time it carries, ms: so far back every look begins.
OVERLAP: Final = 10 * clock.SECOND
_ID: Final = re.compile(r"(\d{1,16})-([0-9a-f-]{36})-(\d{1,20})")
_MOST: Final = 1_000
#: Epochs that a stream of events looks back over when it goes on.
_EPOCHS: Final = 10

Look = Callable[[], Awaitable[list[bytes]]]
#: Whether who listens may still listen.
Still = Callable[[], Awaitable[bool]]


def response(look: Look, still: Still) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_run(look, still), media_type="text/event-stream", headers=headers)


async def _run(look: Look, still: Still) -> AsyncIterator[bytes]:
    """What `look` finds, until the client leaves or may listen no longer; a sign of life when there is nothing."""
    loop = asyncio.get_running_loop()
    yield b"retry: 2000\n\n"
    spoken = asked = loop.time()
    while True:
        try:
            if loop.time() - asked > ALIVE:
                asked = loop.time()
                if not await still():
                    return
            found = await look()
        except StoreUnavailable as error:
            log.warning("a stream waits for the store: %s", error)
            found = [b": the store is away\n\n"]
        for message in found:
            yield message
        if found:
            spoken = loop.time()
        elif loop.time() - spoken > ALIVE:
            yield b": alive\n\n"
            spoken = loop.time()
        await asyncio.sleep(POLL)


def message(event: str, data: object, *, id: str = "") -> bytes:
    head = f"id: {id}\n" if id else ""
    return f"{head}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _foreign_id() -> Problem:
    return Problem(400, "last_event_id", "Last-Event-ID is none of this stream's ids; leave it out to start now")


def parse_id(text: str) -> Said:
    """A Last-Event-ID that the stream of alerts has given; Problem 400 otherwise."""
    found = _ID.fullmatch(text)
    if found is None:
        raise _foreign_id()
    return Said(int(found[1]), found[2], int(found[3]))


class AlertStream:
    """The live revisions of one tenant's alerts, each at least once and in order of writing as far as that is known.

    After a reconnection what was written in the ten seconds before `last` may come once more, under the same id.
    """

    def __init__(self, alerts: AlertStore, events: EventStore, tenant: str, *, last: Said | None, now: int) -> None:
        self._alerts, self._events, self._tenant = alerts, events, tenant
        self._reached = last.written_at if last else now + OVERLAP  # without an id nothing from before now
        self._said: dict[tuple[str, int], int] = {(last.alert_id, last.version): last.written_at} if last else {}

    async def look(self) -> list[bytes]:
        """The messages that are due; called again and again."""
        since = self._reached - OVERLAP
        found: list[bytes] = []
        rows = await self._alerts.said(self._tenant, since=since, limit=_MOST)
        while rows:
            for row in rows:
                if (row.alert_id, row.version) not in self._said:
                    self._said[row.alert_id, row.version] = row.written_at
                    found += await self._tell(row)
            self._reached = max(self._reached, rows[-1].written_at)
            if len(rows) < _MOST:
                break
            rows = await self._alerts.said(self._tenant, since=since, after=rows[-1], limit=_MOST)
        bound = self._reached - 2 * OVERLAP
        self._said = {key: at for key, at in self._said.items() if at > bound}
        return found

    async def _tell(self, row: Said) -> list[bytes]:
        stored = await self._alerts.get(self._tenant, row.alert_id)
        if stored is None:
            return []  # its time to live is over
        content = stored.content
        names = await self._events.names(self._tenant, [*tokens(content), content.subject.rpartition("|")[2]])
        kind = "withdrawn" if stored.withdrawn else "alert"
        return [message(kind, shapes.alert(stored, names), id=f"{row.written_at}-{row.alert_id}-{row.version}")]


class Heard(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How far a stream of events has come: of an epoch, per lane the last offset that was told."""

    epoch: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    lanes: dict[str, Annotated[int, msgspec.Meta(ge=-1, lt=2**62)]]

    @property
    def id(self) -> str:
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).rstrip(b"=").decode()

    @staticmethod
    def parse(text: str) -> Heard:
        """A Last-Event-ID that the stream of events has given; Problem 400 otherwise."""
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return msgspec.msgpack.decode(packed, type=Heard)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            raise _foreign_id() from None


class EventStream:
    """The activities of one tenant as they are stored, from `last` or from now on.

    Those that occurred over an hour ago are left out; of more than a thousand that were stored between two looks the
    newest are told, after a `gap`. The last message of a look carries its id, so what one look found comes whole again.
    """

    def __init__(
        self, tail: TailStore, epochs: EpochStore, events: EventStore, tenant: str, *, last: Heard | None = None
    ) -> None:
        self._tail, self._epochs, self._events, self._tenant = tail, epochs, events, tenant
        self._heard = last

    async def look(self) -> list[bytes]:
        """The messages that are due; called again and again."""
        current = await self._epochs.current()
        if current is None:
            return []
        if self._heard is None or self._heard.epoch > current.epoch:
            self._heard = Heard(current.epoch, await self._events.lanes(current.epoch))
            return []
        found: list[bytes] = []
        heard = self._heard
        # also what was stored last in epochs that have ended since
        for epoch in range(max(heard.epoch, current.epoch - _EPOCHS, 0), current.epoch + 1):
            if epoch != heard.epoch:
                heard = Heard(epoch, {})
            told, heard = await self._due(heard)
            found += told
        self._heard = heard
        return found

    async def _due(self, heard: Heard) -> tuple[list[bytes], Heard]:
        """What was stored above `heard` in its epoch, and how far that is."""
        through = await self._events.lanes(heard.epoch)
        due = {lane: at for lane, at in through.items() if at > heard.lanes.get(lane, -1)}
        if not due:
            return [], heard
        rows = await self._tail.between(
            self._tenant, heard.epoch, heard.lanes, due, since=clock.now() - clock.HOUR, limit=_MOST + 1
        )
        reached = Heard(heard.epoch, {**heard.lanes, **due})
        told = [message("event", shapes.event(row)) for row in rows[-_MOST:-1]]
        told += [message("event", shapes.event(row), id=reached.id) for row in rows[-1:]]
        if len(rows) > _MOST:
            detail = f"more than {_MOST} events were stored at once; the newest follow, GET /api/v1/events has all"
            told.insert(0, message("gap", {"detail": detail}))
        return told, reached
