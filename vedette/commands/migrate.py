"""`vedette migrate`: bring the store, the topics and the epoch up to date, for systems not started by `vedette up`."""

from __future__ import annotations

import argparse
import asyncio

from vedette import compose
from vedette.settings import Settings


def register(parser: argparse.ArgumentParser) -> None:
    """No options beyond the common ones."""


def run(args: argparse.Namespace) -> int:
    made = compose.reachable(compose.settings(args))
    asyncio.run(prepare(made, broker=f"kafka:{made.kafka.bootstrap}", say=print))
    return 0


async def prepare(made: Settings, *, broker: str, say: object = None) -> int:
    """Schema, topics and epoch; the number of the open epoch."""
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
    if callable(say):
        say(f"{len(applied)} migrations applied, {len(created)} topics created, epoch {epoch} open")
    return epoch
