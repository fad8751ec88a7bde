"""Looking into the raw topics without being of any group."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from transport.cluster import unavailable
from transport.security import arguments
from transport.settings import KafkaSettings
from transport.topics import RAW_TOPICS, partitions


async def anything_beyond(settings: KafkaSettings, through: Mapping[str, int], *, timeout: float = 10.0) -> bool:
    """Whether a raw lane (`topic:partition`) holds a record above its offset in `through`; all of it where none is.

    It fetches, since what the embedded broker says of its ends is not to be trusted. BrokerUnavailable.
    """
    have = await partitions(settings, timeout=timeout)
    wanted = [TopicPartition(topic, n) for topic in RAW_TOPICS for n in range(have.get(topic, 0))]
    consumer = AIOKafkaConsumer(**arguments(settings), enable_auto_commit=False, fetch_max_wait_ms=100)
    try:
        async with asyncio.timeout(timeout):
            await consumer.start()
            consumer.assign(wanted)
            for tp in wanted:
                consumer.seek(tp, through.get(f"{tp.topic}:{tp.partition}", -1) + 1)
            while any(consumer.highwater(tp) is None for tp in wanted):
                if await consumer.getmany(timeout_ms=100, max_records=1):
                    return True
            return bool(await consumer.getmany(timeout_ms=0, max_records=1))
    except (KafkaError, OSError, TimeoutError) as error:
        raise unavailable(settings, error) from error
    finally:
        await consumer.stop()
