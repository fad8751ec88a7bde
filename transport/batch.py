"""Sending many records and knowing where each came to stand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError

from transport.cluster import unavailable
from transport.settings import KafkaSettings

#: Headers of a Kafka record, in order.
Headers = Sequence[tuple[str, bytes]]


class Sent(NamedTuple):
    """Where a record stands, and the broker's time for it in ms."""

    partition: int
    offset: int
    at: int


async def send_all(
    producer: Any,
    settings: KafkaSettings,
    topic: str,
    records: Sequence[tuple[bytes, Headers]],
    *,
    keys: Sequence[bytes | None] | None = None,
) -> list[Sent]:
    """Send the records in order and wait until all are acknowledged. Raises BrokerUnavailable when one is not.

    `producer` is what `transport.producer` gives; records of one key stay in order. After an error some of the records
    may stand in the topic.
    """
    chosen: Sequence[bytes | None] = keys if keys is not None else [None] * len(records)
    try:
        waiting = [
            await producer.send(topic, value, key=key, headers=list(headers))
            for (value, headers), key in zip(records, chosen, strict=True)
        ]
        placed = await asyncio.gather(*waiting)
    except (KafkaError, OSError, TimeoutError) as error:
        raise unavailable(settings, error) from error
    return [Sent(each.partition, each.offset, each.timestamp) for each in placed]
