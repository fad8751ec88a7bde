"""The Faust app: one agent over `vedette.activity` that hands each message to its partition's runner.

Offsets are committed by us after a checkpoint: the topic is declared with `acks=False` and two private names of Faust
0.15 are used (`Consumer._commit_offsets`, `Consumer._committed_offset`), guarded by contract tests. `acks=False` also
switches off Faust's livelock detector, so a watchdog of our own ends the process when there is work and nothing
advances.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust
from faust.types import TP

from detectors.registry import Registry
from domain.errors import Fenced, VedetteError
from engine.contexts import Contexts
from engine.fold import Folder
from engine.judge import Judge
from storage.client import connect
from storage.configurations import ConfigurationStore
from storage.epochs import EpochStore
from storage.judge import PATIENCE, ClickHouseJudgeStore
from storage.models import ModelStore
from storage.patience import patiently
from storage.settings import StoreSettings
from stream.configurations import ConfigurationWatch, record
from stream.models import ModelWatch
from stream.pace import Pace
from stream.runner import PartitionRunner
from stream.settings import DetectSettings
from transport.groups import DETECT, client_id
from transport.security import context, password
from transport.settings import METADATA_AGE, KafkaSettings
from transport.topics import ACTIVITY

log = logging.getLogger("vedette.detect")

#: A member of the group that is not heard of for so long has lost its partitions, s.
SESSION = 6
#: How often a member is heard of, and hears that the partitions are to be shared out anew, s.
HEARTBEAT = 0.5
#: How long a member that does not answer may hold up the others while they share the partitions out anew, s.
REBALANCE = 10
#: A process that got less than this share of a session's time has stood still: it was stopped, not busy.
STOOD_STILL = 0.25

#: What the process exits with when it must be started anew.
EXIT_FENCED, EXIT_FAILED, EXIT_STUCK = 70, 71, 72


def build(kafka: KafkaSettings, *, data: Path) -> faust.App:
    """A Faust app with the settings that are not optional (DESIGN section 2)."""
    return faust.App(
        DETECT,
        broker_client_id=client_id(DETECT, os.getpid()),
        broker=[f"kafka://{address}" for address in kafka.bootstrap.split(",")],
        broker_credentials=_credentials(kafka),
        datadir=str(data / "faust"),
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_session_timeout=SESSION,
        broker_rebalance_timeout=REBALANCE,
        broker_heartbeat_interval=HEARTBEAT,
        broker_request_timeout=20,
        broker_max_poll_interval=300,
        consumer_max_fetch_size=4 << 20,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_AGE,
        stream_buffer_maxsize=16,
        stream_wait_empty=False,
        producer_linger=0.005,
        stream_recovery_delay=0.0,
        stop_timeout=5.0,
    )


def stood_still(slept: float, worked: float) -> bool:
    """Whether a process that meant to sleep for 1 s and slept for `slept`, with `worked` s of processor time, was
    stopped for longer than its session. One that folds for so long is heard of meanwhile: its consumer has a thread.
    """
    return slept > SESSION and worked < STOOD_STILL * slept


def _credentials(kafka: KafkaSettings) -> Any:
    tls = context(kafka)
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.username,
            password=password(kafka),
            mechanism=kafka.sasl_mechanism or "SCRAM-SHA-512",
            ssl_context=tls,
        )
    return faust.SSLCredentials(context=tls) if tls else None


class Detect:
    """Wires the app to runners. `fatal` ends the process: a supervisor starts a new one, which loads from the store."""

    def __init__(
        self,
        kafka: KafkaSettings,
        store: StoreSettings,
        settings: DetectSettings,
        registry: Registry,
        *,
        data: Path,
        fatal: Callable[[int], None] = os._exit,
    ) -> None:
        self._kafka, self._store_settings, self._settings = kafka, store, settings
        self._contexts = Contexts()
        self._registry, self._folder, self._fatal = registry, Folder(registry, self._contexts), fatal
        self._runners: dict[int, PartitionRunner] = {}
        self._pace = Pace(self._delay)
        self._store: ClickHouseJudgeStore | None = None
        self._models: ModelWatch | None = None
        self._configurations: ConfigurationWatch | None = None
        self._epoch = 0
        self._partitions = 0
        self.app = build(kafka, data=data)
        self._topic = self.app.topic(
            ACTIVITY, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False
        )
        self.app.agent(self._topic, concurrency=1)(self._judge)
        self.app.on_partitions_revoked.connect(self._revoked)
        self.app.task(self._watch)
        self.app.task(self._watch_models)
        self.app.task(self._watch_configurations)

    async def prepare(self) -> None:
        """Connect, put our configuration in effect, read what else is and which epoch is open.

        Waits for a store that is away as judges do, then raises StoreUnavailable. Raises SettingsInvalid when another
        program's configuration is in effect, and Fenced.
        """
        client = await patiently(lambda: connect(self._store_settings, "writer"), patience=PATIENCE)
        self._store = ClickHouseJudgeStore(client)
        self._models = ModelWatch(ModelStore(client), self._contexts, every=self._settings.models_every)
        await self._models.take()
        configurations = ConfigurationStore(client)
        await record(configurations, self._registry)
        self._configurations = ConfigurationWatch(configurations, self._folder, every=self._settings.models_every)
        await self._configurations.take()
        epoch = await EpochStore(client).current()
        if epoch is None:
            raise Fenced("no epoch is open; start the system with `vedette up`, or run `vedette migrate` first")
        self._epoch, self._partitions = epoch.epoch, epoch.partitions

    async def _judge(self, stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            if TP(ACTIVITY, message.partition) not in self.app.consumer.assignment():
                continue  # left over from before a rebalance: to load it would take the partition from its new owner
            runner = self._runners.get(message.partition)
            if runner is None:
                if not await self._goes_on(message.tp, message.offset):
                    return
                runner = self._runners[message.partition] = PartitionRunner(
                    message.partition,
                    load=self._load,
                    commit=self._commit,
                    settings=self._settings,
                    failed=self._failed,
                    pace=self._pace,
                )
            await runner.put(message.offset, event.value)

    async def _goes_on(self, tp: TP, offset: int) -> bool:
        """Whether the log goes on where it was committed, or where it begins now; else the process starts anew.

        Faust throws away what it has fetched when the partitions are shared out and seeks back to what was committed,
        but aiokafka does not where that is nothing or 0: what lies between would never be judged.
        """
        committed = self.app.consumer._committed_offset[tp] or 0
        if offset <= committed or offset <= (await self.app.consumer.earliest_offsets(tp))[tp]:
            return True
        self._failed(VedetteError(f"partition {tp.partition}: offset {offset} came, {committed} was committed"))
        return False

    async def _load(self, partition: int, offset: int) -> Judge:
        assert self._store is not None
        judge = await Judge.load(
            self._store,
            self._folder,
            partition=partition,
            partitions=self._partitions,
            epoch=self._epoch,
            generation=secrets.randbelow(1 << 16),  # of two that claim at once, one must be the higher
            offset=offset,
        )
        log.info("partition %d: loaded at offset %d with term %d", partition, offset, judge.term)
        return judge

    async def _commit(self, partition: int, offset: int) -> None:
        await self.app.consumer._commit_offsets({TP(ACTIVITY, partition): offset})

    async def _revoked(self, *_: Any, **__: Any) -> None:
        """Whoever owns a partition next loads it; what was not checkpointed here is read again there."""
        runners, self._runners = self._runners, {}
        for runner in runners.values():
            await runner.drop()

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, Fenced):
            log.error("%s", error)
            self._fatal(EXIT_FENCED)
        log.error("a judge failed: %s", error, exc_info=error)
        self._fatal(EXIT_FAILED)

    async def _watch(self) -> None:
        """Exit when messages wait and no checkpoint was made for a while, and when
        the process stood still for longer than its session: it may not find its way back into the group.
        """
        last: dict[int, int] = {}
        still, loop = 0.0, asyncio.get_running_loop()
        while not self.app.should_stop:
            slept, worked = loop.time(), time.process_time()
            await asyncio.sleep(1.0)
            slept, worked = loop.time() - slept, time.process_time() - worked
            if stood_still(slept, worked):
                log.error("the process stood still for %.0f s and lost its partitions; starting anew", slept)
                self._fatal(EXIT_STUCK)
            progress = {p: r.progress for p, r in self._runners.items()}
            still = still + 1.0 if self._behind() and progress == last else 0.0
            last = progress
            if still > self._settings.watchdog:
                log.error("nothing advanced for %.0f s while messages wait; starting anew", still)
                self._fatal(EXIT_STUCK)

    def _behind(self) -> bool:
        """Messages wait, by the high watermark of fetches."""
        return any(
            (self.app.consumer.highwater(tp) or 0) > self._taken(tp.partition)
            for tp in self.app.consumer.assignment()
            if tp.topic == ACTIVITY
        )

    def _delay(self) -> float:
        """How long ago (ms) came in what is judged now: ingest may be behind while nothing waits here.

        By what it was when the last mark was heard: there are few marks while nothing comes.
        """
        return max((runner.delay for runner in self._runners.values()), default=0)

    async def _watch_models(self) -> None:
        assert self._models is not None
        await self._models.watch(lambda: bool(self.app.should_stop), self._failed)

    async def _watch_configurations(self) -> None:
        assert self._configurations is not None
        await self._configurations.watch(lambda: bool(self.app.should_stop), self._failed)

    def _taken(self, partition: int) -> int:
        """The offset its judge will take next; 0 while there is none, so a partition nobody reads waits."""
        runner = self._runners.get(partition)
        return runner.judge.offset if runner and runner.judge else 0

    def run(self) -> None:
        """Until SIGTERM. Does not return before the app has stopped."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self.prepare())
        # States and activities hold no cycles: what is looked through for them again and again is only our libraries.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        worker = faust.Worker(self.app, loop=loop, override_logging=False, quiet=True, debug=False)
        worker.execute_from_commandline()
