"""What the API is built from, in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

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


class DataSet(NamedTuple):
    """A source of what is known about addresses: what it tells, its name and date, and since which event time, ms."""

    kind: str
    name: str
    date: str  # YYYY-MM-DD, "" of what has none
    effective_from: int  # 0: everything before
    attribution: str  # to be shown where its answers are


async def _nothing() -> None:
    """Nothing to look at, nothing to close."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """`reader` answers questions, `writer` records decisions; `pepper` keys API keys and cursors; `datasets` says what
    data about addresses is in effect.

    `usable` raises Unavailable, with a sentence, while what is beside the store cannot be used: the broker, or room for
    it. `full` says, in a sentence, why nothing more may be sent to the broker, "" while it may. `close` is awaited
    once, when the app ends: a server that ends by a signal runs nothing of ours after that.
    """

    reader: Client
    writer: Client
    producer: Producer
    registry: Registry
    settings: ApiSettings
    keys: TenantKeys
    pepper: bytes
    version: str = "0"
    datasets: Callable[[], Sequence[DataSet]] = tuple
    usable: Callable[[], Awaitable[None]] = _nothing
    full: Callable[[], str] = str
    close: Callable[[], Awaitable[None]] = _nothing
