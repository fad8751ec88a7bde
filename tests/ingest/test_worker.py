"""Ingest takes every record of its lanes once it owns them, also those that it read while they were shared out anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from aiokafka import TopicPartition

from ingest.pipeline import Fetch, Pipeline
from ingest.record import Record, lane_name
from ingest.settings import IngestSettings
from ingest.worker import Worker

RAW = "raw"
FIRST, SECOND = TopicPartition(RAW, 0), TopicPartition(RAW, 1)
SETTINGS = IngestSettings(cycle=0.01)


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

    async def finish(self, fetch: Fetch, names: Iterable[str]) -> None:
        """Nothing is stored here."""


@asynccontextmanager
async def working(group: Group, ledger: Ledger, lanes: Collection[TopicPartition]) -> AsyncIterator[asyncio.Task[None]]:
    worker = Worker(group, cast(Pipeline, ledger), SETTINGS, topics=(RAW,))
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
