"""`vedette migrate`: bring the store, the topics and the epoch up to date, for systems not started by `vedette up`."""

from __future__ import annotations

import argparse
import asyncio

import msgspec

from domain.errors import VedetteError
from vedette import compose
from vedette.settings import Settings


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
    done = asyncio.run(prepare(made, broker=f"kafka:{made.kafka.bootstrap}"))
    print(f"{len(done.migrations)} migrations applied, {len(done.topics)} topics created, epoch {done.epoch} is open")
    return 0


async def prepare(made: Settings, *, broker: str) -> Prepared:
    """Schema, topics and the epoch of `broker`, in this order; every step can be repeated.

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
        epoch = await open_epoch(EpochStore(client), broker=broker, partitions=made.kafka.activity_partitions)
    finally:
        await client.close()
    return Prepared(migrations=applied, topics=created, epoch=epoch)
