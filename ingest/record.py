"""The raw record as ingest takes it from Kafka, and what it says when it keeps none of it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from domain.errors import Skipped

Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One Kafka message of a raw topic; `received_at` is its Kafka timestamp in ms."""

    topic: str
    partition: int
    offset: int
    epoch: int
    received_at: int
    headers: Headers
    value: bytes

    @property
    def lane(self) -> str:
        return lane_name(self.topic, self.partition)


@lru_cache(maxsize=4096)
def lane_name(topic: str, partition: int) -> str:
    return f"{topic}:{partition}"


class Skip(Skipped, frozen=True):
    """A record that is no business of ours, with where it is counted."""

    tenant: str = ""
    source: str = ""
    feed: str = ""
