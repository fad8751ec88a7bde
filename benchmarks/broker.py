"""The embedded broker of a benchmark, with the backlog in its raw topic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.processes import Process
from transport import topics
from transport.producer import producer
from transport.settings import KafkaSettings
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker

#: Records handed to the producer before it is waited for.
TOGETHER = 5_000


class Broker:
    """A running broker whose topics exist."""

    def __init__(self, settings: KafkaSettings, pid: int) -> None:
        self.settings, self.process = settings, Process(pid)

    async def fill(self, records: Sequence[bytes], times: Sequence[int]) -> None:
        """Send the records to the raw topic, in turn to each of its partitions; returns when all are acknowledged.

        Their Kafka timestamps are `times` (ms), as if each had been sent when it happened: ingest paces lanes by them.
        """
        sender = await producer(self.settings)
        try:
            for start in range(0, len(records), TOGETHER):
                some = range(start, min(start + TOGETHER, len(records)))
                await asyncio.gather(*[await send(sender, n, records[n], at=times[n]) for n in some])
        finally:
            await sender.stop()

    async def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's committed offset per partition, 0 where there is none. Does not join the group."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.bootstrap, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            number = self.settings.activity_partitions if topic == topics.ACTIVITY else self.settings.raw_partitions
            parts = [TopicPartition(topic, n) for n in range(number)]
            consumer.assign(parts)
            return {tp.partition: await consumer.committed(tp) or 0 for tp in parts}
        finally:
            await consumer.stop()


async def send(sender: Any, number: int, record: bytes, *, at: int | None = None, batch: bool = False) -> Any:
    """Hand one record to a producer; to be awaited once more for its acknowledgement. `at` (ms) is now if None.

    A record marked `batch` is one of a file: it holds no clock back.
    """
    partition = number % KafkaSettings().raw_partitions
    headers = [("batch", b"1")] if batch else None
    return await sender.send(topics.RAW, record, partition=partition, timestamp_ms=at, headers=headers)


@asynccontextmanager
async def embedded(logs: Path) -> AsyncIterator[Broker]:
    """A broker of its own, stopped at the end. BrokerUnavailable when it does not come up."""
    running = EmbeddedBroker(port=ports.free(), log=logs / "broker.log")
    await asyncio.to_thread(running.start)
    assert running.process is not None
    try:
        settings = KafkaSettings(bootstrap=running.bootstrap)
        await topics.ensure(settings)
        yield Broker(settings, running.process.pid)
    finally:
        running.stop()
