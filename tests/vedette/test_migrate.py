"""`vedette migrate`: when an epoch goes on, and when a new one begins."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.settings import StoreSettings
from transport import topics
from transport.cluster import admin
from transport.settings import KafkaSettings
from vedette.commands.migrate import prepare
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker
from vedette.settings import Settings


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    made = EmbeddedBroker(port=ports.free(), log=tmp_path / "broker.log")
    made.start()
    yield made
    made.stop()


async def test_an_epoch_goes_on_while_cluster_and_topics_are_the_same(
    broker: EmbeddedBroker, database: StoreSettings
) -> None:
    made = Settings(kafka=KafkaSettings(bootstrap=broker.bootstrap), store=database)
    first = await prepare(made)
    assert first.topics == sorted(topics.TOPICS)
    moved = Settings(kafka=KafkaSettings(bootstrap=broker.bootstrap.replace("127.0.0.1", "localhost")), store=database)
    assert [(await prepare(each)).epoch for each in (made, moved)] == [first.epoch, first.epoch]

    async with admin(made.kafka) as client:
        await client.delete_topics([topics.ACTIVITY])
    again = await prepare(made)
    assert (again.topics, again.epoch) == ([topics.ACTIVITY], first.epoch + 1)
    assert (await prepare(made)).epoch == first.epoch + 1

    await asyncio.to_thread(broker.stop)
    await asyncio.to_thread(broker.start)  # it calls itself by another name, and has forgotten everything
    assert (await prepare(made)).epoch == first.epoch + 2
