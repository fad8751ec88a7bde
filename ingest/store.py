"""The store as ingest sees it: dead letters, skips, events and lanes of one fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from domain.incident import Notice
from domain.rows import Rows
from ingest.dead_letters import COLUMNS, DeadLetter
from ingest.pipeline import Put, SkipRow
from storage.client import Client
from storage.events import EventStore
from storage.notices import NoticeStore

_SKIPS = ("epoch", "tenant", "source", "feed", "kind", "lane", "first_offset", "last_offset", "rows")


class ClickHouseIngestStore:
    """IngestStore over the writer's client; every call may be repeated and stores the same rows."""

    def __init__(self, client: Client) -> None:
        self._client, self._events, self._notices = client, EventStore(client), NoticeStore(client)

    async def put_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        await self._client.insert("dead_letters", COLUMNS, letters)

    async def put_skips(self, epoch: int, rows: Sequence[SkipRow]) -> None:
        await self._client.insert("skips", _SKIPS, [(epoch, *row) for row in rows])

    def encode_events(self, rows: Rows) -> Put:
        return partial(self._events.put, self._events.encode(rows))

    async def put_lanes(self, epoch: int, through: Mapping[str, int]) -> None:
        await self._events.put_lanes(epoch, through)

    async def put_notices(self, notices: Sequence[Notice]) -> None:
        await self._notices.put(notices)
