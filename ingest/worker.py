"""The ingest role: reads raw topics with aiokafka, hands each fetch to the pipeline, commits raw offsets last."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from domain import clock
from domain.errors import BrokerUnavailable, StoreUnavailable
from ingest.pipeline import Fetch, Pipeline
from ingest.queues import Queues
from ingest.record import Record, lane_name
from ingest.settings import IngestSettings
from transport.groups import INGEST, client_id
from transport.security import arguments
from transport.settings import METADATA_AGE, KafkaSettings

log = logging.getLogger("vedette.ingest")

#: Marks go out at least this often, seconds; and when for so long nothing came, when they cost more than they tell.
MARK_EVERY, MARK_IDLE_EVERY, IDLE_AFTER = 1.0, 2.5, 60.0
#: What lanes with a backlog have is waited for so long, ms: read together, few inserts come of them.
GATHER = 100
#: Records that are normalised at once, about 15 ms.
SLICE = 1_000
#: A lane that gave no answer for so long (its broker is away) holds nobody back, seconds.
SILENT = 30.0


def consumer(kafka: KafkaSettings) -> AIOKafkaConsumer:
    """Of the ingest group, not started; offsets are committed by the worker alone."""
    return AIOKafkaConsumer(
        **arguments(kafka),
        group_id=INGEST,
        client_id=client_id(INGEST, os.getpid()),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=500,
        max_partition_fetch_bytes=4 << 20,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_500,
        max_poll_interval_ms=300_000,
        metadata_max_age_ms=METADATA_AGE,
    )


class Worker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """One process of the group. Runs until `stop`; an exception ends it and the supervisor starts it anew."""

    def __init__(
        self, consumer: AIOKafkaConsumer, pipeline: Pipeline, settings: IngestSettings, *, topics: tuple[str, ...]
    ) -> None:
        self._consumer, self._pipeline, self._settings, self._topics = consumer, pipeline, settings, topics
        self._stopping = asyncio.Event()
        self._epoch = pipeline.epoch
        self._assigned: set[TopicPartition] = set()
        self._assignment = 0  # counts the changes of what is assigned
        self._since = 0  # when they were assigned, ms
        self._queues = Queues[Any]()

    def stop(self) -> None:
        self._stopping.set()

    # -- the group
    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 (the listener's signature)
        self._assigned = set()
        self._assignment += 1
        self._queues.clear()
        self._pipeline.own({})

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self._assigned, self._since = set(assigned), clock.now()
        self._assignment += 1

    async def _own(self) -> None:
        """Tell the pipeline which lanes are ours, once their positions are known."""
        lanes = {}
        for tp in self._assigned & self._consumer.assignment():
            name = lane_name(tp.topic, tp.partition)
            try:
                first = self._queues.first(name)
                lanes[name] = await self._consumer.position(tp) if first is None else first.offset
            except IllegalStateError:  # it went to another process: that is the next assignment
                return
        self._pipeline.own(lanes)

    def _names(self) -> tuple[str, ...]:
        return tuple(
            f"{topic}:{partition}"
            for topic in self._topics
            for partition in sorted(self._consumer.partitions_for_topic(topic) or ())
        )

    # -- the work
    async def run(self) -> None:
        """While one fetch is being sent, the next is stored, and the one behind it is read and normalised."""
        self._consumer.subscribe(topics=list(self._topics), listener=self)
        self._stored = self._sent = self._sent_before = _done()
        try:
            await self._work()
        finally:
            self._stored.cancel()
            self._sent.cancel()
            await asyncio.gather(self._stored, self._sent, return_exceptions=True)

    async def _work(self) -> None:
        owned, known = set[TopicPartition](), self._assignment
        loop = asyncio.get_running_loop()
        marked, heard = 0.0, loop.time()
        while not self._stopping.is_set():
            wait, began = int(self._settings.cycle * 1000), loop.time()
            if self._assignment != known:
                await self._sent
                owned, known = set(self._assigned), self._assignment
                await self._own()
            fetched = await self._fetch(owned, wait)
            if fetched:
                heard = loop.time()
            elif loop.time() < marked + between_marks(loop.time() - heard, alone=len(owned) == len(self._names())):
                continue
            caught_up = self._caught_up(owned)
            offsets = {tp: batch[-1].offset + 1 for tp, batch in fetched.items()}
            fetch = await self._prepare(fetched, caught_up)
            await self._take_on(fetch, offsets)
            del fetch  # it is large, and gone as soon as it is sent
            marked = loop.time()
            if all(lane_name(tp.topic, tp.partition) in caught_up for tp in offsets):  # few inserts cost the store less
                await self._sent
                await asyncio.sleep(max(0.0, began + self._settings.cycle - loop.time()))
        await self._sent

    async def _take_on(self, fetch: Fetch, offsets: dict[TopicPartition, int]) -> None:
        """Begin to store the fetch, once the one before is stored and the one before that is sent."""
        await self._sent_before
        await asyncio.wait((self._stored,))
        if self._stored.exception():
            await self._sent  # which waits for it and raises the same
        self._sent_before = self._sent
        self._stored = asyncio.ensure_future(self._pipeline.store(fetch))
        self._sent = asyncio.ensure_future(self._send(fetch, offsets, self._stored, self._sent))

    async def _send(
        self,
        fetch: Fetch,
        offsets: dict[TopicPartition, int],
        stored: asyncio.Future[None],
        before: asyncio.Future[None],
    ) -> None:
        await before
        await stored
        await self._pipeline.send(fetch, self._names())
        if offsets:
            await self._commit(offsets)

    async def _prepare(self, fetched: dict[TopicPartition, list[Any]], caught_up: dict[str, int]) -> Fetch:
        """A slice at a time: the answers to what is being stored and sent are heard in between. Empties `fetched`."""
        fetch = Fetch(caught_up, clock.now())
        while fetched:
            tp, batch = fetched.popitem()
            for start in range(0, len(batch), SLICE):
                self._pipeline.add(fetch, self._records(tp, batch[start : start + SLICE]))
                await asyncio.sleep(0)
        self._pipeline.encode(fetch)
        return fetch

    def _records(self, tp: TopicPartition, batch: list[Any]) -> list[Record]:
        topic, partition, epoch = tp.topic, tp.partition, self._epoch
        return [Record(topic, partition, r.offset, epoch, r.timestamp, r.headers, r.value or b"") for r in batch]

    async def _fetch(self, owned: set[TopicPartition], wait: int) -> dict[TopicPartition, list[Any]]:
        """About `fetch_rows` records; of lanes with a backlog evenly: the consumer empties one after the other.

        Waits `wait` ms for the first.
        """
        held = {lane_name(tp.topic, tp.partition): tp for tp in owned & self._consumer.assignment()}
        if not held:
            await asyncio.sleep(wait / 1000)
            return {}
        queues, live, assignment = self._queues, self._pipeline.live(), self._assignment
        share = max(1, self._settings.fetch_rows // max(1, len(held.keys() - live)))
        hungry = {name: tp for name, tp in held.items() if queues.waiting(name) < share}
        if hungry:
            pause = 0 if queues else wait
            self._queue(await self._consumer.getmany(*hungry.values(), timeout_ms=pause, max_records=share))
        ready, ends = clock.now() + GATHER, self._ends(held)
        for name, tp in hungry.items() if queues else ():
            if queues.waiting(name) < share:
                pause = 0 if queues.waiting(name) or name in live or name in ends else max(0, ready - clock.now())
                missing = share - queues.waiting(name)
                self._queue(await self._consumer.getmany(tp, timeout_ms=pause, max_records=missing))
        if self._assignment != assignment:  # what waits now is of lanes that the pipeline does not own yet
            return {}
        reached, ends = self._pipeline.reached(), self._ends(held)
        awaited = {name: reached.get(name) for name in held.keys() - ends.keys()}
        taken = queues.take(self._settings.fetch_rows, live=live, awaited=awaited)
        return {held[name]: records for name, records in taken.items()}

    def _queue(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        for tp, records in fetched.items():
            if tp in self._assigned:  # what came for another is not ours to keep
                self._queues.put(lane_name(tp.topic, tp.partition), records)

    def _caught_up(self, owned: set[TopicPartition]) -> dict[str, int]:
        """Lanes of which everything below the high watermark has been taken, and when that was so, ms."""
        held = {lane_name(tp.topic, tp.partition): tp for tp in owned & self._consumer.assignment()}
        return {name: at for name, at in self._ends(held).items() if not self._queues.waiting(name)}

    def _ends(self, held: Mapping[str, TopicPartition]) -> dict[str, int]:
        """Lanes of which everything below the high watermark has been handed out, and when that was so, ms."""
        found = {}
        silent, assigned = clock.now() > self._since + SILENT * 1000, self._consumer.assignment()
        for name, tp in held.items():
            if tp not in assigned:  # it went to another process while we read
                continue
            state = self._consumer._subscription.subscription.assignment.state_value(tp)
            highwater, at = self._consumer.highwater(tp), self._consumer.last_poll_timestamp(tp)
            if silent and not at:
                found[name] = self._since
            elif state is None or not state.has_valid_position or highwater is None or not at:
                continue
            elif state.position >= highwater:
                found[name] = int(at)
        return found

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # the partitions went to another process: it reads the same records again, which stores the same rows
            log.warning("raw offsets were not committed: %s", error)


def between_marks(silent: float, *, alone: bool) -> float:
    """How long after marks none go out, seconds, when nothing came for `silent` seconds.

    What another process has read waits for our marks: only who reads all lanes, `alone`, may be slow to tell. And not
    soon: judges settle from message to message, so what is left to settle after the last event needs many of them.
    """
    return (MARK_IDLE_EVERY if alone and silent > IDLE_AFTER else MARK_EVERY) - 0.5


def _done() -> asyncio.Future[None]:
    made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    made.set_result(None)
    return made


async def run(worker: Worker, started: Callable[[], None]) -> None:
    """Start, work, stop; what Kafka or the store could not do surfaces as Unavailable."""
    started()
    try:
        await worker.run()
    except KafkaError as error:
        raise BrokerUnavailable(f"Kafka did not answer ingest: {error}") from error
    except StoreUnavailable:
        log.error("the store is away; ingest starts anew when it is back (at %s)", clock.rfc3339(clock.now()))
        raise
