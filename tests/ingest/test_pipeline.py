"""The pipeline: what a fetch is called when it is stored, so that no other fetch is taken for it."""

from __future__ import annotations

import msgspec

from domain.activity import Activity
from domain.clock import BEGINNING
from domain.wire import LaneMark, Marks, decode
from ingest.pipeline import Pipeline
from ingest.record import Record
from tests.engine.memory import MemoryStore, run
from tests.engine.world import activity, one_by_one, taken

LANES = {"raw:0": 0, "raw:1": 0, "raw:2": 0}


def stored(store: MemoryStore) -> set[str]:
    return {a.native_id for a in store.events.values()}


def normalise(record: Record) -> list[Activity]:
    made = activity(f"{record.partition}-{record.offset}", 90)
    return [msgspec.structs.replace(made, lane=record.lane, received_at=record.received_at)]


def pipeline(store: MemoryStore, said: list[Marks] | None = None) -> Pipeline:
    async def send(partition: int, message: bytes) -> None:
        """Who judges is no matter here."""
        if said is not None and isinstance(mark := decode(message), Marks):
            said.append(mark)

    made = Pipeline(
        normalise=lambda records: taken(map(normalise, records)),
        store=store,
        send=send,
        routing={},
        epoch=1,
        partitions=1,
        lateness=0,
        together=one_by_one,
    )
    made.own(LANES)
    return made


def records(partition: int, offsets: range, *, received_at: int = 0) -> list[Record]:
    return [Record("raw", partition, offset, 1, received_at, (), b"") for offset in offsets]


def test_a_fetch_done_again_with_other_lanes_behind_the_same_first_one_is_stored_too() -> None:
    store = MemoryStore()
    before = [*records(0, range(3)), *records(1, range(2))]
    again = [*records(0, range(3)), *records(2, range(2))]  # as many rows, and the same first lane
    run(pipeline(store).take(before, {}, LANES, at=0))
    run(pipeline(store).take(again, {}, LANES, at=0))
    assert stored(store) == {"0-0", "0-1", "0-2", "1-0", "1-1", "2-0", "2-1"}


def test_the_same_fetch_done_again_is_the_same_insert() -> None:
    store = MemoryStore()
    for _ in range(2):
        run(pipeline(store).take([*records(0, range(3)), *records(1, range(2))], {}, LANES, at=0))
    assert len(store.tokens) == 1


def test_it_says_how_far_each_lane_has_been_read_and_which_are_live() -> None:
    made = pipeline(MemoryStore())
    assert (made.reached(), made.live()) == ({}, set())
    run(made.take(records(0, range(1), received_at=20_000), {}, LANES, at=90_000))
    run(made.take(records(1, range(1), received_at=14_999), {"raw:1": 90_000}, LANES, at=90_000))
    assert made.reached() == {"raw:0": 20_000, "raw:1": 14_999}, "raw:0 has a backlog of about that time"
    assert made.live() == {"raw:1"}
    run(made.take(records(1, range(1, 2), received_at=95_000), {}, LANES, at=99_000))
    assert (made.reached(), made.live()) == ({"raw:0": 20_000, "raw:1": 95_000}, set())


def test_the_first_of_several_lanes_at_the_end_of_an_old_backlog_does_not_make_the_others_late() -> None:
    said: list[Marks] = []
    made = pipeline(MemoryStore(), said)
    old, now = 1_000_000, 9_000_000
    run(made.take(records(0, range(1), received_at=old), {}, LANES, at=now))
    run(made.take(records(1, range(1), received_at=old + 1_000), {"raw:1": now, "raw:2": now}, LANES, at=now))
    bases = {lane: mark.base for lane, mark in said[-1].lanes.items()}
    assert bases == {"raw:0": old, "raw:1": old + 1_000, "raw:2": now}, "raw:2 was never anything but empty"
    run(made.take(records(0, range(1, 2), received_at=old + 2_000), {"raw:0": now, "raw:1": now}, LANES, at=now))
    assert {mark.base for mark in said[-1].lanes.values()} == {now}


def test_a_mark_says_how_far_a_lane_was_read_and_believes_no_clock_that_is_ahead() -> None:
    said: list[Marks] = []
    made = pipeline(MemoryStore(), said)
    run(made.take(records(0, range(2), received_at=10**15), {"raw:1": 70_000}, LANES, at=90_000))
    [marks] = said
    tenants = {"t": 90_000}  # of the event: it took place long after the fetch, if its clock is to be believed
    assert marks.lanes == {
        "raw:0": LaneMark(90_000, tenants, 1), "raw:1": LaneMark(70_000, {}, -1), "raw:2": LaneMark(BEGINNING, {}, -1),
    }  # fmt: skip
