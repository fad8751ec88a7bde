"""`vedette migrate`: bring the store, the topics and the epoch up to date, for systems not started by `vedette up`."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

import msgspec

from domain.errors import VedetteError
from vedette import compose
from vedette.settings import Settings

if TYPE_CHECKING:
    from storage.epochs import EpochStore
    from transport.settings import KafkaSettings


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What there was to do: migrations applied, topics created; and the number of the epoch that is open."""

    migrations: list[str]
    topics: list[str]
    epoch: int


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Brings the store's schema, the topics and the epoch up to date. For systems whose roles you start yourself: "
        "run it while no ingest and no detect runs. `vedette up` does the same by itself."
    )


def run(args: argparse.Namespace) -> int:
    made = compose.settings(args)
    if compose.running(made.data_dir):
        raise VedetteError(f"`vedette up` runs on {made.data_dir} and has done this already; stop it first")
    made = compose.reachable(made)
    done = asyncio.run(prepare(made))
    print(f"{len(done.migrations)} migrations applied, {len(done.topics)} topics created, epoch {done.epoch} is open")
    return 0


async def prepare(made: Settings, *, broker: str = "") -> Prepared:
    """Schema, topics and the epoch of `broker`, in this order; every step can be repeated.

    `broker` names this life of the embedded one; "" is a Kafka that keeps what it was given, known by its cluster id.
    Nothing of ingest or detect may run. StoreUnavailable and BrokerUnavailable say which part does not answer.
    """
    from engine.epoch import open_epoch
    from storage.client import connect
    from storage.epochs import EpochStore
    from storage.migrate import migrate
    from transport.topics import ensure

    applied = await migrate(made.store)
    created = await ensure(made.kafka)
    client = await connect(made.store, "writer")
    try:
        store = EpochStore(client)
        life = broker or await _life(made.kafka, store, anew=bool(created))
        epoch = await open_epoch(store, broker=life, partitions=made.kafka.activity_partitions)
    finally:
        await client.close()
    return Prepared(migrations=applied, topics=created, epoch=epoch)


async def _life(kafka: KafkaSettings, store: EpochStore, *, anew: bool) -> str:
    """What a Kafka cluster and its topics are called: the cluster's own id, which stays when its addresses change.

    Topics that were made `anew` count from 0 again. Under the old name, judges would take what comes for long judged.
    """
    from transport.cluster import cluster_id

    cluster = f"kafka:{await cluster_id(kafka) or kafka.bootstrap}"
    current = await store.current()
    if current is not None and not anew and current.broker.rpartition("/")[0] == cluster:
        return current.broker
    return f"{cluster}/{current.epoch + 1 if current else 1}"
