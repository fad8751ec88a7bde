"""Producers: every send is acknowledged by all replicas before it counts."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from transport.cluster import unavailable
from transport.security import arguments
from transport.settings import KafkaSettings

#: Above the largest record we accept, below what brokers take by default.
MAX_REQUEST = 1_000_000
#: Seconds until a start gives up.
START_TIMEOUT = 10.0


async def producer(settings: KafkaSettings, **options: Any) -> AIOKafkaProducer:
    """A started producer, acks=all; whoever asked for it stops it. BrokerUnavailable when no broker answers in 10 s.

    Not idempotent: the embedded broker cannot be, and a message that comes twice changes nothing, since ids are
    derived and every reader knows its position. `options` go to aiokafka.
    """
    made = AIOKafkaProducer(
        **arguments(settings),
        acks="all",
        # aiokafka knows one level of lz4, the slowest: zstd takes a third of the time and half of the bytes
        compression_type="zstd",
        linger_ms=5,
        max_batch_size=1 << 18,
        max_request_size=MAX_REQUEST,
        request_timeout_ms=10_000,
        **options,
    )
    try:
        await asyncio.wait_for(made.start(), START_TIMEOUT)
    except (KafkaError, OSError, TimeoutError) as error:
        await made.stop()
        raise unavailable(settings, error) from error
    return made
