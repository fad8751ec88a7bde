"""The ingest role: reads raw topics with aiokafka, hands each fetch to the pipeline, commits raw offsets last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from domain import clock
from domain.errors import BrokerUnavailable, StoreUnavailable
from ingest.pipeline import Fetch, Pipeline
from ingest.record import Record
from ingest.settings import IngestSettings
from transport.security import arguments
from transport.settings import METADATA_AGE, KafkaSettings

log = logging.getLogger("vedette.ingest")

GROUP = "vedette-ingest"
#: Marks go out at least this often, seconds.
MARK_EVERY = 1.0
#: A lane this far ahead of the slowest waits for it, ms: read evenly, hardly anything comes late.
AHEAD = 5_000
#: No lane's share of a fetch is less than a part of so many.
SHARES = 8
#: Records that are normalised at once, about 15 ms.
SLICE = 1_000
#: A lane that gave no answer for so long (its broker is away) holds nobody back, seconds.
SILENT = 30.0


def consumer(kafka: KafkaSettings) -> AIOKafkaConsumer:
    """Of the ingest group, not started; offsets are committed by the worker alone."""
    return AIOKafkaConsumer(
        **arguments(kafka),
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=250,
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
        self._since = 0  # when they were assigned, ms

    def stop(self) -> None:
        self._stopping.set()

    # -- the group
    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 (the listener's signature)
        self._assigned = set()
        self._pipeline.own({})

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self._assigned, self._since = set(assigned), clock.now()

    async def _own(self) -> None:
        """Tell the pipeline which lanes are ours, once their positions are known."""
        lanes = {}
        for tp in self._assigned & self._consumer.assignment():
            lanes[f"{tp.topic}:{tp.partition}"] = await self._consumer.position(tp)
        self._pipeline.own(lanes)

    def _names(self) -> tuple[str, ...]:
        return tuple(
            f"{topic}:{partition}"
            for topic in self._topics
            for partition in sorted(self._consumer.partitions_for_topic(topic) or ())
        )

    # -- the work
    async def run(self) -> None:
        """While one fetch is being stored, the next is read and normalised."""
        self._consumer.subscribe(topics=list(self._topics), listener=self)
        owned: set[TopicPartition] = set()
        loop = asyncio.get_running_loop()
        marked, finishing = 0.0, _done()
        while not self._stopping.is_set():
            wait, began = int(self._settings.cycle * 1000), loop.time()
            fetched = await self._fetch(owned, wait)
            if self._assigned != owned:
                await finishing
                owned = set(self._assigned)
                await self._own()
            fetched = {tp: records for tp, records in fetched.items() if tp in owned}
            if not fetched and loop.time() < marked + MARK_EVERY * 0.5:
                continue
            fetch = await self._prepare(fetched, self._caught_up(owned))
            await finishing
            offsets = {tp: batch[-1].offset + 1 for tp, batch in fetched.items()}
            finishing = asyncio.ensure_future(self._finish(fetch, offsets))
            marked = loop.time()
            if sum(map(len, fetched.values())) < self._settings.fetch_rows:  # few and large inserts cost the store less
                await finishing
                await asyncio.sleep(max(0.0, began + self._settings.cycle - loop.time()))
        await finishing

    async def _finish(self, fetch: Fetch, offsets: dict[TopicPartition, int]) -> None:
        await self._pipeline.finish(fetch, self._names())
        if offsets:
            await self._commit(offsets)

    async def _prepare(self, fetched: dict[TopicPartition, list[Any]], caught_up: dict[str, int]) -> Fetch:
        """A slice at a time: the answers to what is being stored and sent are heard in between."""
        fetch = Fetch(caught_up, clock.now())
        for tp, batch in fetched.items():
            for start in range(0, len(batch), SLICE):
                self._pipeline.add(fetch, self._records(tp, batch[start : start + SLICE]))
                await asyncio.sleep(0)
        return fetch

    def _records(self, tp: TopicPartition, batch: list[Any]) -> list[Record]:
        topic, partition, epoch = tp.topic, tp.partition, self._epoch
        return [Record(topic, partition, r.offset, epoch, r.timestamp, r.headers, r.value or b"") for r in batch]

    async def _fetch(self, owned: set[TopicPartition], wait: int) -> dict[TopicPartition, list[Any]]:
        """Up to `fetch_rows` records, from each lane its share: left alone, the consumer empties one after the other.

        Waits `wait` ms for the first; lanes that are far ahead of others are left for later.
        """
        held = {f"{tp.topic}:{tp.partition}": tp for tp in owned & self._consumer.assignment()}
        wanted = [held[name] for name in self._pipeline.behind(AHEAD) if name in held]
        most = self._settings.fetch_rows
        # before the first answer nobody knows which lanes there are
        share = max(1, most // min(SHARES, len(wanted) or SHARES))
        fetched: dict[TopicPartition, list[Any]] = await self._consumer.getmany(
            *wanted, timeout_ms=wait, max_records=share
        )
        left = most - sum(map(len, fetched.values()))
        for tp in wanted if fetched else ():
            if left > 0 and len(fetched.get(tp, ())) < share:
                more = await self._consumer.getmany(tp, timeout_ms=0, max_records=min(left, share))
                for lane, records in more.items():
                    fetched[lane] = fetched.get(lane, []) + records
                    left -= len(records)
        return fetched

    def _caught_up(self, owned: set[TopicPartition]) -> dict[str, int]:
        """Lanes of which everything below the high watermark has been handed out, and when that was so, ms."""
        found = {}
        silent = clock.now() > self._since + SILENT * 1000
        for tp in owned & self._consumer.assignment():
            state = self._consumer._subscription.subscription.assignment.state_value(tp)
            highwater, at = self._consumer.highwater(tp), self._consumer.last_poll_timestamp(tp)
            if silent and not at:
                found[f"{tp.topic}:{tp.partition}"] = self._since
            elif state is None or not state.has_valid_position or highwater is None or not at:
                continue
            elif state.position >= highwater:
                found[f"{tp.topic}:{tp.partition}"] = int(at)
        return found

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # the partitions went to another process: it reads the same records again, which stores the same rows
            log.warning("raw offsets were not committed: %s", error)


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
