"""Ingest takes every record of its lanes once it owns them, also those that it read while they were shared out anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from aiokafka import TopicPartition

from domain.errors import StoreUnavailable
from ingest.pipeline import Fetch, Pipeline
from ingest.record import Record, lane_name
from ingest.settings import IngestSettings
from ingest.worker import IDLE_AFTER, MARK_EVERY, Worker, between_marks

RAW = "raw"
FIRST, SECOND = TopicPartition(RAW, 0), TopicPartition(RAW, 1)
SETTINGS = IngestSettings(cycle=0.01)
#: Two records at a time.
PAIRS = IngestSettings(cycle=0.01, fetch_rows=2)


class Message(NamedTuple):
    offset: int
    timestamp: int
    value: bytes = b"{}"
    headers: tuple[()] = ()


class Group:
    """A consumer of the group, with a log of its own. During its first fetch it is given `anew`."""

    def __init__(self, log: Mapping[TopicPartition, int], *, anew: Collection[TopicPartition]) -> None:
        self._log = {tp: [Message(n, 1_000 + n) for n in range(length)] for tp, length in log.items()}
        self._anew = anew
        self.committed = dict.fromkeys(log, 0)
        self._positions: dict[TopicPartition, int] = {}
        self._listener: Any = None
        tell = SimpleNamespace(state_value=self._state)
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=tell))

    def subscribe(self, *, topics: list[str], listener: Worker) -> None:
        assert topics == [RAW]
        self._listener = listener

    async def assign(self, lanes: Collection[TopicPartition]) -> None:
        await self._listener.on_partitions_revoked(set(self._positions))
        self._positions = {tp: self.committed[tp] for tp in lanes}
        await self._listener.on_partitions_assigned(set(lanes))

    async def getmany(self, *lanes: TopicPartition, timeout_ms: int, max_records: int) -> dict[Any, list[Message]]:
        await asyncio.sleep(timeout_ms / 1000)
        if self._anew:
            anew, self._anew = self._anew, ()
            await self.assign(anew)
        read = {}
        for tp in set(lanes) & self._positions.keys():
            start = self._positions[tp]
            read[tp] = self._log[tp][start : start + max_records]
            self._positions[tp] += len(read[tp])
        return {tp: messages for tp, messages in read.items() if messages}

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.committed |= offsets

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    async def position(self, tp: TopicPartition) -> int:
        return self._positions[tp]

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {tp.partition for tp in self._log if tp.topic == topic}

    def highwater(self, tp: TopicPartition) -> int:
        assert tp in self._positions, "Partition is not assigned"
        return len(self._log[tp])

    def last_poll_timestamp(self, tp: TopicPartition) -> int:
        assert tp in self._positions, "Partition is not assigned"
        return 1

    def _state(self, tp: TopicPartition) -> Any:
        return SimpleNamespace(has_valid_position=True, position=self._positions[tp]) if tp in self._positions else None


class Ledger:
    """A pipeline that refuses what is not its own: records of a lane follow on those before, from where it began."""

    epoch = 1

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self.finished: dict[str, list[int]] = {}

    def own(self, lanes: Mapping[str, int]) -> None:
        self._next = dict(lanes)

    def live(self) -> set[str]:
        return set()

    def reached(self) -> dict[str, int]:
        return {}

    def add(self, fetch: Fetch, records: Sequence[Record]) -> None:
        for record in records:
            assert self._next.get(record.lane) == record.offset, f"{record.lane} at {record.offset}, owned {self._next}"
            self._next[record.lane] += 1
            fetch.received[record.lane] = record.offset
            self.finished.setdefault(record.lane, []).append(record.offset)

    def encode(self, fetch: Fetch) -> None:
        """Nothing is stored here."""

    async def store(self, fetch: Fetch) -> None:
        """Nor here."""

    async def send(self, fetch: Fetch, names: Iterable[str]) -> None:
        """And nobody judges."""


class Pairs(Ledger):
    """Of fetches of two records each: what was stored and sent, by the last offset; `away` cannot be stored.

    The first one is not sent before the second one is stored.
    """

    def __init__(self, *, away: int = -1) -> None:
        super().__init__()
        self.stored: list[int] = []
        self.sent: list[int] = []
        self._away, self._second = away, asyncio.Event()

    async def store(self, fetch: Fetch) -> None:
        await asyncio.sleep(0)
        if self._away in fetch.received.values():
            raise StoreUnavailable("the store is away")
        self.stored += fetch.received.values()
        if len(self.stored) > 1:
            self._second.set()

    async def send(self, fetch: Fetch, names: Iterable[str]) -> None:
        if fetch.received:
            await self._second.wait()
        self.sent += fetch.received.values()


@asynccontextmanager
async def working(
    group: Group, ledger: Ledger, lanes: Collection[TopicPartition], settings: IngestSettings = SETTINGS
) -> AsyncIterator[asyncio.Task[None]]:
    worker = Worker(group, cast(Pipeline, ledger), settings, topics=(RAW,))
    work = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    await group.assign(lanes)
    try:
        yield work
    finally:
        worker.stop()
        await work


@pytest.mark.parametrize("anew", [(FIRST, SECOND), (SECOND,), (FIRST,)])
async def test_what_was_read_just_when_lanes_were_shared_out_anew_is_kept_for_its_owner(
    anew: Collection[TopicPartition],
) -> None:
    lengths = {FIRST: 4, SECOND: 3}
    group, ledger = Group(lengths, anew=anew), Ledger()
    async with working(group, ledger, (FIRST,)) as work, asyncio.timeout(20):
        while not work.done() and any(group.committed[tp] < lengths[tp] for tp in anew):  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.005)
    assert ledger.finished == {lane_name(tp.topic, tp.partition): list(range(lengths[tp])) for tp in anew}


async def test_the_next_fetch_is_stored_while_one_is_sent_and_all_is_sent_and_committed_in_order() -> None:
    group, ledger = Group({FIRST: 8}, anew=()), Pairs()
    async with working(group, ledger, (FIRST,), PAIRS) as work, asyncio.timeout(20):
        while not work.done() and group.committed[FIRST] < 8:  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.005)
    assert (ledger.stored, ledger.sent) == ([1, 3, 5, 7], [1, 3, 5, 7])


async def test_behind_a_fetch_that_could_not_be_stored_nothing_is_stored_sent_or_committed() -> None:
    group, ledger = Group({FIRST: 8}, anew=()), Pairs(away=5)
    with pytest.raises(StoreUnavailable):
        async with working(group, ledger, (FIRST,), PAIRS) as work, asyncio.timeout(20):
            await work
    assert (ledger.stored, ledger.sent, group.committed) == ([1, 3], [1, 3], {FIRST: 4})


def test_marks_are_seldom_only_where_nothing_comes_and_no_other_process_waits_for_them() -> None:
    silent = IDLE_AFTER + 1
    assert between_marks(0.0, alone=True) < MARK_EVERY
    assert between_marks(silent, alone=False) < MARK_EVERY
    assert between_marks(silent, alone=True) >= 2 * MARK_EVERY
