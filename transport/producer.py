"""The producer that all our processes use."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from transport.cluster import unavailable
from transport.security import client_options
from transport.settings import KafkaSettings

#: Seconds after which a send that no broker has confirmed fails: longer than a change of leaders takes (3 s measured).
SEND_TIMEOUT = 15.0
START_TIMEOUT = 10.0


async def producer(settings: KafkaSettings) -> AIOKafkaProducer:
    """A started producer; whoever asked for it stops it. BrokerUnavailable when no broker answers within 10 seconds.

    A send counts when all replicas in sync have it (`acks="all"`). It is not idempotent: the embedded broker cannot
    be, and a message that comes twice changes nothing, since ids are derived and every reader knows its position.
    """
    client = AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        compression_type="lz4",
        linger_ms=5,
        request_timeout_ms=int(SEND_TIMEOUT * 1000),
        max_request_size=1 << 20,
    )
    try:
        await asyncio.wait_for(client.start(), START_TIMEOUT)
    except (KafkaError, OSError, TimeoutError) as error:
        await client.stop()
        raise unavailable(settings, error) from error
    return client
