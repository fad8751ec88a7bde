"""A round of a collector: each feed from where it stood to now, its cursor behind what was delivered."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

import msgspec

from domain import clock
from domain.errors import Unavailable, VedetteError
from ingest.collect.feeds import Feed, Unreadable
from ingest.collect.web import Busy, Refused
from ingest.files import MOST_ROW
from storage.cursors import Cursor

log = logging.getLogger("vedette.collect")

#: Records that are sent and waited for together.
_TOGETHER: Final = 2_000
_REMEMBERED: Final = 200_000
#: A page token of another round may have ended: the vendor says so with one of these.
_GONE: Final = (400, 404, 410)


class Cursors(Protocol):
    """The part of storage.cursors.CursorStore that is needed here."""

    async def get(self, tenant: str, collector: str, feed: str) -> Cursor | None: ...
    async def put(self, tenant: str, collector: str, feed: str, cursor: Cursor) -> None: ...


class Recent:
    """Digests of records that were delivered a while ago: those of the overlap are not sent again while we run."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most, self._known = most, OrderedDict[bytes, None]()

    def fresh(self, records: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        """(digest, record) of those that are not known."""
        digests = ((hashlib.blake2b(record, digest_size=16).digest(), record) for record in records)
        return [(digest, record) for digest, record in digests if digest not in self._known]

    def delivered(self, digests: Iterable[bytes]) -> None:
        for digest in digests:
            self._known[digest] = None
            self._known.move_to_end(digest)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


class Told(msgspec.Struct, frozen=True):
    """What became of a feed in a round: records sent, and a sentence when it could not be read to its end."""

    feed: str
    sent: int
    fault: str = ""
    passing: bool = False  # another round may do better by itself


class Collecting:
    """Collects for one tenant under one name. `since` (ms) is where a feed begins that was never read."""

    def __init__(
        self,
        *,
        tenant: str,
        name: str,
        since: int,
        cursors: Cursors,
        deliver: Callable[[Sequence[bytes]], Awaitable[None]],
        recent: Recent,
    ) -> None:
        self._tenant, self._name, self._since = tenant, name, since
        self._cursors, self._deliver, self._recent = cursors, deliver, recent
        self._sent = 0

    async def round(self, feeds: Sequence[Feed], *, at: int) -> list[Told]:
        """Every feed up to `at`; one that fails does not keep the others from being read.

        Raises what the store, the broker or the log raise: then nothing further can be delivered.
        """
        return [await self._feed(feed, at) for feed in feeds]

    async def _feed(self, feed: Feed, at: int) -> Told:
        self._sent = 0
        try:
            await self._walk(feed, at)
        except (Refused, Unreadable, Unavailable) as error:
            if isinstance(error, Unavailable) and not _vendors(error):
                raise
            log.warning("%s %s: %s", self._name, feed.name, error)
            return Told(feed.name, self._sent, str(error), isinstance(error, Unavailable))
        return Told(feed.name, self._sent)

    async def _walk(self, feed: Feed, at: int) -> None:
        cursor = await self._cursors.get(self._tenant, self._name, feed.name)
        cursor = cursor or Cursor(self._since)
        if not cursor.token:
            cursor = msgspec.structs.replace(cursor, until=at)
        resumed = bool(cursor.token)
        while True:
            try:
                cursor = await self._page(feed, cursor)
            except Refused as error:
                if not (resumed and error.status in _GONE):
                    raise
                cursor = msgspec.structs.replace(cursor, token="")
            resumed = False
            if cursor.through == cursor.until and not cursor.token:
                return

    async def _page(self, feed: Feed, cursor: Cursor) -> Cursor:
        """Delivers a page, then puts the cursor behind it; the new cursor."""
        since = cursor.through - feed.overlap
        page = await feed.page(since, cursor.until, cursor.token)
        try:
            for some in _batches(page.records):
                fresh = self._recent.fresh(some)
                if fresh:
                    await self._deliver([record for _, record in fresh])
                    self._recent.delivered(digest for digest, _ in fresh)
                self._sent += len(fresh)
        finally:
            page.close()
        through = cursor.through if page.token else max(cursor.through, cursor.until)
        behind = Cursor(through, cursor.until if page.token else through, page.token, cursor.revision + 1)
        await self._cursors.put(self._tenant, self._name, feed.name, behind)
        return behind


def _vendors(error: Unavailable) -> bool:
    """Whether it is the vendor that is away: of ours, nothing can be done without any of them."""
    return isinstance(error, Busy)


def _batches(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """A record that no broker takes whole is cut, so that it becomes a dead letter instead of stopping the feed."""
    rest = (record[:MOST_ROW] for record in records)
    while some := list(islice(rest, _TOGETHER)):
        yield some


def fault(told: Sequence[Told]) -> VedetteError | None:
    """The first feed's fault, as an error; None when all were read to their end."""
    found = next((each for each in told if each.fault), None)
    return None if found is None else VedetteError(f"{found.feed}: {found.fault}")


def summary(told: Sequence[Told], *, at: int) -> str:
    """`2026-11-24T09:00:00.000Z login 12, security 0, audit-logs failed: …`."""
    parts = [f"{each.feed} {each.sent}" + (f" failed: {each.fault}" if each.fault else "") for each in told]
    return f"{clock.rfc3339(at)} {', '.join(parts)}"
