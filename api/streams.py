"""Server-sent events: alerts as they are revised, activities as they are stored."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

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

Look = Callable[[], Awaitable[list[bytes]]]


def response(look: Look) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_run(look), media_type="text/event-stream", headers=headers)


async def _run(look: Look) -> AsyncIterator[bytes]:
    """What `look` finds, until the client leaves; a sign of life when there is nothing to say."""
    loop = asyncio.get_running_loop()
    yield b"retry: 2000\n\n"
    spoken = loop.time()
    while True:
        try:
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


def parse_id(text: str) -> Said:
    """A Last-Event-ID that this API has given; Problem 400 otherwise."""
    found = _ID.fullmatch(text)
    if found is None:
        raise Problem(400, "last_event_id", "Last-Event-ID is none of this stream's ids; leave it out to start now")
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


class EventStream:
    """The activities of one tenant stored from now on; those that occurred over an hour ago are left out."""

    def __init__(self, tail: TailStore, epochs: EpochStore, events: EventStore, tenant: str) -> None:
        self._tail, self._epochs, self._events, self._tenant = tail, epochs, events, tenant
        self._epoch = -1
        self._heard: dict[str, int] = {}

    async def look(self) -> list[bytes]:
        """The messages that are due; called again and again."""
        epoch = await self._epochs.current()
        if epoch is None:
            return []
        through = await self._events.lanes(epoch.epoch)
        if epoch.epoch != self._epoch:
            first, self._epoch = self._epoch < 0, epoch.epoch
            self._heard = dict(through) if first else {}
        due = {lane: at for lane, at in through.items() if at > self._heard.get(lane, -1)}
        if not due:
            return []
        rows = await self._tail.between(
            self._tenant, epoch.epoch, self._heard, due, since=clock.now() - clock.HOUR, limit=_MOST
        )
        self._heard.update(due)
        return [message("event", shapes.event(row)) for row in rows]
