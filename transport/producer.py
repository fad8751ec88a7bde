"""Producers: every send is acknowledged by all replicas before it counts."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from domain.errors import BrokerUnavailable
from transport.security import arguments
from transport.settings import KafkaSettings

#: Above the largest record we accept, below what brokers take by default.
MAX_REQUEST = 1_000_000


async def producer(settings: KafkaSettings, **options: Any) -> AIOKafkaProducer:
    """A started producer, acks=all. Raises BrokerUnavailable."""
    made = AIOKafkaProducer(
        **arguments(settings),
        acks="all",
        compression_type="lz4",
        linger_ms=5,
        max_batch_size=1 << 18,
        max_request_size=MAX_REQUEST,
        request_timeout_ms=10_000,
        **options,
    )
    try:
        await made.start()
    except (KafkaError, OSError) as error:
        await made.stop()
        raise BrokerUnavailable(
            f"Kafka at {settings.bootstrap} did not answer ({error}); check kafka.bootstrap and its security settings"
        ) from error
    return made
