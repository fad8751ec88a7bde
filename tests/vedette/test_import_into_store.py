"""Import against a real store: what the summary says is what the tables hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from zlib import crc32

import msgspec

from detectors.registry import load
from ingest.files import rows
from ingest.pipeline import Pipeline
from ingest.record import Headers, Record
from ingest.store import ClickHouseIngestStore
from storage.client import Client
from storage.events import EventStore
from storage.feeds import FeedStore
from storage.places import PlaceStore
from tests.ingest.made import RECEIVED, normaliser
from transport.batch import Sent
from vedette.importing import Importer, RowAt

SAMPLE = Path(__file__).parent.parent / "ingest" / "fixtures" / "SalesforceServiceCloud_CL.json"
HEADERS: Headers = (("tenant", b"acme"), ("source", b"salesforce"), ("batch", b"1"))
LANES = {f"vedette.raw.import:{partition}": partition for partition in range(4)}


class Kafka:
    """Four partitions whose records ingest takes at once: one by key, or in turn where there is no key."""

    def __init__(self, client: Client, epoch: int) -> None:
        self._epoch, self._next, self._turn = epoch, [0] * 4, 0
        self._events = EventStore(client)
        self._pipeline = Pipeline(
            normalise=normaliser().rows,
            store=ClickHouseIngestStore(client),
            send=self._bundle,
            routing=load({}).routing(),
            epoch=epoch,
            partitions=4,
            lateness=2_000,
        )
        self._pipeline.own(dict.fromkeys(LANES, 0))

    async def _bundle(self, partition: int, message: bytes) -> None:
        """Nobody judges here."""

    async def send(self, raw: Sequence[bytes], keys: Sequence[bytes | None]) -> list[Sent]:
        placed = []
        for key in keys:
            self._turn += 1
            partition = (self._turn if key is None else crc32(key)) % 4
            placed.append(Sent(partition, self._next[partition], RECEIVED))
            self._next[partition] += 1
        records = [
            Record("vedette.raw.import", sent.partition, sent.offset, self._epoch, sent.at, HEADERS, value)
            for sent, value in zip(placed, raw, strict=True)
        ]
        await self._pipeline.take(records, {}, list(LANES), at=RECEIVED)
        return placed

    async def through(self) -> Mapping[str, int]:
        return await self._events.lanes(self._epoch)


async def test_the_sample_is_stored_once_and_a_second_import_is_all_duplicates(store: Client) -> None:
    kafka = Kafka(store, epoch=1)
    broken = RowAt("x", 99, msgspec.json.encode({"EVENT_TYPE": "Login", "USER_ID": "u"}))
    summaries = []
    for _ in range(2):
        importer = Importer(
            send=kafka.send,
            through=kafka.through,
            fates=PlaceStore(store),
            normalise=normaliser().normalise,
            headers=HEADERS,
            epoch=1,
            patience=5.0,
            now=lambda: RECEIVED,
        )
        reading = (RowAt(SAMPLE.name, line, raw) for line, raw in rows(SAMPLE, "salesforce"))
        while batch := list(islice(reading, 10)):
            await importer.take(batch)
        await importer.take([broken])
        summaries.append(importer.summary)
    told = [(s.read, s.stored, s.duplicate, s.skipped.total(), dict(s.rejected)) for s in summaries]
    assert told == [(39, 11, 0, 27, {"field_missing": 1}), (39, 0, 11, 27, {"field_missing": 1})]
    stored = await EventStore(store).list("acme", limit=100)
    assert (len(stored), {activity.batch for activity in stored}) == (11, {True})
    feeds = await FeedStore(store).list("acme", since=RECEIVED - 1)
    assert {(feed.source, feed.feed): feed.rejected for feed in feeds} == {
        ("salesforce", "siem export"): 0,
        ("salesforce", ""): 2,
    }
