"""`vedette ingest`: the role that turns raw records into stored activities and bundles."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal

from vedette import compose
from vedette.settings import Settings

#: New containers until the garbage collector looks at them; a fetch makes many, and hardly any in cycles.
_COLLECT_AFTER = 100_000


def register(parser: argparse.ArgumentParser) -> None:
    """No options beyond the common ones."""


def run(args: argparse.Namespace) -> int:
    compose.log_to_stderr()
    asyncio.run(_run(compose.reachable(compose.settings(args))))
    return 0


async def _run(made: Settings) -> None:
    from domain import clock
    from domain.errors import VedetteError
    from ingest.enrich.refresh import keep_up
    from ingest.normalise import Normaliser
    from ingest.pipeline import Pipeline
    from ingest.store import ClickHouseIngestStore
    from ingest.worker import Worker, consumer
    from ingest.worker import run as work
    from storage.client import connect
    from storage.epochs import EpochStore
    from storage.facts import FactStore
    from transport.producer import producer
    from transport.topics import ACTIVITY, RAW_TOPICS

    enricher = compose.enricher(made)
    enricher.take_up(made.ingest.enrich, at=clock.now())
    client = await connect(made.store, "writer")
    epoch = await EpochStore(client).current()
    if epoch is None:
        raise VedetteError("no epoch is open; start the system with `vedette up`, or run `vedette migrate` first")
    sender = await producer(made.kafka)

    async def send(partition: int, message: bytes) -> None:
        await sender.send_and_wait(ACTIVITY, message, partition=partition)

    pipeline = Pipeline(
        normalise=Normaliser(made.ingest, compose.keys(made).tokeniser, origins=enricher.lookup).rows,
        store=ClickHouseIngestStore(client),
        send=send,
        routing=compose.registry(made).routing(),
        epoch=epoch.epoch,
        partitions=epoch.partitions,
        lateness=int(made.ingest.lateness * 1000),
    )
    reader = consumer(made.kafka)
    worker = Worker(reader, pipeline, made.ingest, topics=RAW_TOPICS)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stop)
    await reader.start()
    gc.freeze()  # what there is by now stays
    gc.set_threshold(_COLLECT_AFTER)
    refresh = asyncio.create_task(keep_up(enricher, made.ingest.enrich, facts=FactStore(client).stated))
    try:
        await work(worker, lambda: print("ready", flush=True))
    finally:
        refresh.cancel()
        await asyncio.gather(refresh, reader.stop(), sender.stop(), client.close(), return_exceptions=True)
