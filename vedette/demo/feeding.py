"""Bringing the company's events in by the front door, and waiting until all of them are judged and settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.errors import VedetteError
from ingest.record import lane_name
from simulation.records import TENANT, Event
from storage.client import Client
from storage.epochs import Epoch, EpochStore
from storage.events import EventStore
from storage.settled import SettledStore
from transport.batch import Headers, send_all
from transport.producer import producer
from vedette.settings import Settings

#: What `vedette import --history` says of its records.
HISTORY: Headers = (("tenant", TENANT.encode()), ("source", b"generic"), ("batch", b"1"), ("history", b"1"))
LIVE: Headers = ()


class Progress(NamedTuple):
    """How many of the records sent are not stored yet; once none is, `settled_through` (ms) and the dirty subjects."""

    left: int
    through: int | None
    dirty: int

    def reached(self, until: int) -> bool:
        """Whether everything is stored and settled through `until` (ms)."""
        return not self.left and not self.dirty and self.through is not None and self.through >= until

    def __str__(self) -> str:
        return f"{self.left:,} events to be stored" if self.left else f"all stored, {self.dirty} subjects to be settled"


class Feeder:
    """Sends events, each actor's in order; knows how far they are stored and settled. Close it."""

    def __init__(self, made: Settings, reader: Client, sender: Any, epoch: Epoch) -> None:
        self._made, self._sender, self._epoch = made, sender, epoch
        self._events, self._settled = EventStore(reader), SettledStore(reader)
        self._sent: dict[str, int] = {}  # the highest offset by lane

    @classmethod
    async def open(cls, made: Settings, reader: Client) -> Feeder:
        """Over the reader's client, which stays the caller's."""
        epoch = await EpochStore(reader).current()
        if epoch is None:
            raise VedetteError("no epoch is open: the system has not started; its logs say why")
        return cls(made, reader, await producer(made.kafka), epoch)

    async def close(self) -> None:
        await self._sender.stop()

    async def send(self, topic: str, events: Sequence[Event], headers: Headers) -> None:
        """Send and wait for the broker. BrokerUnavailable."""
        records, keys = [(event.raw, headers) for event in events], [event.key for event in events]
        for sent in await send_all(self._sender, self._made.kafka, topic, records, keys=keys):
            lane = lane_name(topic, sent.partition)
            self._sent[lane] = max(self._sent.get(lane, -1), sent.offset)

    async def progress(self) -> Progress:
        """How far everything that was sent has come."""
        stored = await self._events.lanes(self._epoch.epoch)
        left = sum(max(0, offset - stored.get(lane, -1)) for lane, offset in self._sent.items())
        if left:
            return Progress(left, None, 0)
        through = await self._settled.through(TENANT, self._epoch)
        return Progress(0, through, await self._settled.dirty(TENANT))
