"""Why a fetch is named by all its lanes: the real engine drops another block under a name it has seen."""

from __future__ import annotations

import msgspec

from domain.activity import Activity
from domain.clock import now
from domain.rows import Rows
from ingest.normalise import Taken
from ingest.pipeline import Pipeline
from ingest.record import Record
from ingest.store import ClickHouseIngestStore
from storage.client import Client

LANES = {"raw:0": 0, "raw:1": 0, "raw:2": 0}


async def test_a_fetch_done_again_with_other_lanes_is_stored_by_the_real_engine(store: Client) -> None:
    at = now()

    def normalise(record: Record) -> Activity:
        id = f"00000000-0000-8000-8000-0000000000{record.partition}{record.offset}"
        made = Activity("acme", id, at, "record.read", "toy", "", native_id=id, actor_token="0" * 32)
        return msgspec.structs.replace(made, epoch=1, lane=record.lane, offset=record.offset, received_at=at)

    async def send(partition: int, message: bytes) -> None:
        """Who judges is no matter here."""

    def records(*places: tuple[int, int]) -> list[Record]:
        return [Record("raw", lane, offset, 1, at, (), b"") for lane, offset in places]

    for fetch in (records((0, 0), (0, 1), (1, 0)), records((0, 0), (0, 1), (2, 0))):
        made = Pipeline(
            normalise=lambda records: Taken(Rows.of([*map(normalise, records)])),
            store=ClickHouseIngestStore(store),
            send=send,
            routing={},
            epoch=1,
            partitions=1,
            lateness=0,
        )
        made.own(LANES)
        await made.take(fetch, {}, LANES, at=0)
    rows = await store.query("SELECT lane, offset FROM events FINAL ORDER BY lane, offset", row=tuple[str, int])
    assert rows == [("raw:0", 0), ("raw:0", 1), ("raw:1", 0), ("raw:2", 0)]
