"""What the API is built from, in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from api.settings import ApiSettings
from detectors.registry import Registry
from storage.client import Client
from storage.keys import TenantKeys


class Producer(Protocol):
    """The verb of a Kafka producer: the inner awaitable is the acknowledgement, with topic, partition and offset.

    Records of one `key` go to one partition.
    """

    async def send(
        self, topic: str, value: bytes, *, key: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> Awaitable[Any]: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """`reader` answers questions, `writer` records decisions; `pepper` keys API keys and cursors."""

    reader: Client
    writer: Client
    producer: Producer
    registry: Registry
    settings: ApiSettings
    keys: TenantKeys
    pepper: bytes
    version: str = "0"
