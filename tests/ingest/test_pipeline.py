"""The pipeline: what a fetch is called when it is stored, so that no other fetch is taken for it."""

from __future__ import annotations

from collections.abc import Sequence

from domain.activity import Activity
from ingest.pipeline import Pipeline
from ingest.record import Record
from tests.engine.memory import MemoryStore, run
from tests.engine.world import activity, one_by_one

LANES = {"raw:0": 0, "raw:1": 0, "raw:2": 0}


def stored(store: MemoryStore) -> set[str]:
    return {a.native_id for a in store.events.values()}


def normalise(record: Record) -> Sequence[Activity]:
    return [activity(f"{record.partition}-{record.offset}", 90)]


def pipeline(store: MemoryStore) -> Pipeline:
    async def send(partition: int, message: bytes) -> None:
        """Who judges is no matter here."""

    made = Pipeline(
        normalise=normalise, store=store, send=send, routing={}, epoch=1, partitions=1, lateness=0, together=one_by_one
    )
    made.own(LANES)
    return made


def records(partition: int, offsets: range) -> list[Record]:
    return [Record("raw", partition, offset, 1, 0, (), b"") for offset in offsets]


def test_a_fetch_done_again_with_other_lanes_behind_the_same_first_one_is_stored_too() -> None:
    store = MemoryStore()
    before = [*records(0, range(3)), *records(1, range(2))]
    again = [*records(0, range(3)), *records(2, range(2))]  # as many rows, and the same first lane
    run(pipeline(store).take(before, {}, LANES))
    run(pipeline(store).take(again, {}, LANES))
    assert stored(store) == {"0-0", "0-1", "0-2", "1-0", "1-1", "2-0", "2-1"}


def test_the_same_fetch_done_again_is_the_same_insert() -> None:
    store = MemoryStore()
    for _ in range(2):
        run(pipeline(store).take([*records(0, range(3)), *records(1, range(2))], {}, LANES))
    assert len(store.tokens) == 1
