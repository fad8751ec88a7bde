"""The topics: their names, and making sure that they exist with the right number of partitions."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import IncompatibleBrokerVersion, NoError, TopicAlreadyExistsError, for_code

from domain.errors import BrokerUnavailable, SettingsInvalid
from domain.sources import GENERIC, SOURCES
from transport.cluster import admin
from transport.settings import KafkaSettings

RAW = "vedette.raw"
RAW_HTTP = "vedette.raw.http"  # written by the api role alone: its tenant header is trusted
RAW_IMPORT = "vedette.raw.import"  # written by `vedette import` alone: the same
ACTIVITY = "vedette.activity"

RAW_TOPICS = (RAW, RAW_HTTP, RAW_IMPORT, *(f"{RAW}.{source}" for source in SOURCES if source != GENERIC))
TOPICS = (*RAW_TOPICS, ACTIVITY)

#: The broker's own time is what `received_at` means; a broker that does not know this setting keeps the producer's.
_RAW_CONFIG = {"message.timestamp.type": "LogAppendTime"}


async def ensure(settings: KafkaSettings, *, timeout: float = 15.0) -> list[str]:
    """Creates the topics that are missing and returns their names, sorted; returns when all can be written to.

    A raw topic of another size is left alone, every partition is a lane anyway. The activity topic grows to
    `activity_partitions`; it cannot shrink, so a larger one is SettingsInvalid. Call it while no role runs.
    BrokerUnavailable when the broker does not answer within `timeout` seconds or refuses.
    """
    async with admin(settings, timeout=timeout) as client:
        there = await _partitions(client)
        created = [name for name in TOPICS if name not in there]
        if created:
            await _create(client, settings, created)
        have = there.get(ACTIVITY, settings.activity_partitions)
        if have > settings.activity_partitions:
            raise SettingsInvalid(
                f"kafka.activity_partitions is {settings.activity_partitions}, but the topic {ACTIVITY} has {have} "
                f"partitions and Kafka cannot take any away; set it to {have}"
            )
        if have < settings.activity_partitions:
            await _grow(client, settings, have)
        await _until_led(client, settings, timeout)
    return sorted(created)


async def partitions(settings: KafkaSettings, *, timeout: float = 10.0) -> dict[str, int]:
    """How many partitions each of our topics has; a topic that does not exist is left out. BrokerUnavailable."""
    async with admin(settings, timeout=timeout) as client:
        return await _partitions(client)


async def _partitions(client: AIOKafkaAdminClient) -> dict[str, int]:
    # Describing a topic that does not exist makes some brokers create it, with a size of their own: list first.
    names = set(await client.list_topics())
    there = [name for name in TOPICS if name in names]
    described = await client.describe_topics(there) if there else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def _create(client: AIOKafkaAdminClient, settings: KafkaSettings, names: list[str]) -> None:
    made = [
        NewTopic(
            name=name,
            num_partitions=settings.activity_partitions if name == ACTIVITY else settings.raw_partitions,
            replication_factor=settings.replication,
            topic_configs={} if name == ACTIVITY else _RAW_CONFIG,
        )
        for name in names
    ]
    response = await client.create_topics(made)
    _refused(response.topic_errors, settings)


async def _grow(client: AIOKafkaAdminClient, settings: KafkaSettings, have: int) -> None:
    try:
        grown = await client.create_partitions({ACTIVITY: NewPartitions(total_count=settings.activity_partitions)})
    except IncompatibleBrokerVersion as error:
        raise SettingsInvalid(
            f"kafka.activity_partitions is {settings.activity_partitions}, but the topic {ACTIVITY} has {have} "
            f"partitions and this broker cannot add any; set it to {have}, or delete the topic while no role runs"
        ) from error
    _refused(grown.topic_errors, settings)


def _refused(topic_errors: list[tuple[Any, ...]], settings: KafkaSettings) -> None:
    """aiokafka leaves a refusal inside the response; this raises it. A topic made meanwhile by someone else is fine."""
    for name, code, *message in topic_errors:
        if code in (NoError.errno, TopicAlreadyExistsError.errno):
            continue
        told = next((text for text in message if text), for_code(code).__name__)
        raise BrokerUnavailable(
            f"Kafka at {settings.bootstrap} refused the topic {name} ({told}); "
            f"create it by hand or allow this user to create topics"
        )


async def _until_led(client: AIOKafkaAdminClient, settings: KafkaSettings, timeout: float) -> None:
    """Waits until every partition has a leader: a topic is answered for a moment before it can be written to."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while True:
        described = await client.describe_topics(list(TOPICS))
        if all(t["error_code"] == NoError.errno and all(p["leader"] >= 0 for p in t["partitions"]) for t in described):
            return
        if loop.time() > end:
            raise BrokerUnavailable(
                f"Kafka at {settings.bootstrap} has partitions of {ACTIVITY} or {RAW}* without a leader; "
                f"check that all its nodes run"
            )
        await asyncio.sleep(0.05)
