"""Sends the load, again where a broker died, and knows how far it is stored and settled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from domain.errors import BrokerUnavailable, StoreUnavailable
from ingest.record import lane_name
from storage.client import Client
from storage.events import EventStore
from storage.settled import SettledStore
from transport.batch import send_all
from transport.producer import producer
from transport.settings import KafkaSettings
from vedette.chaos.load import TENANT, Sent

#: Seconds that a broker gets to take what it is sent: the system must be looked after in between.
PATIENCE = 3.0
#: Records that it is sent together: of a few it takes some in that time even where all is slow.
TOGETHER = 1_000


class Progress(NamedTuple):
    """Records that are not stored yet; once none is, `settled_through` (ms) and the dirty subjects."""

    left: int
    through: int | None
    dirty: int

    def __str__(self) -> str:
        return (
            f"{self.left:,} records to be stored" if self.left else f"all stored, {self.dirty} subjects to be settled"
        )


class Feed:
    """`send`, then ask for `progress`; `renew` when a new epoch has begun. Close it."""

    def __init__(self, reader: Client) -> None:
        self._events, self._settled = EventStore(reader), SettledStore(reader)
        self._sender: Any = None
        self._kafka = KafkaSettings()
        self._unsent: list[Sent] = []
        self._placed: dict[str, list[tuple[int, Sent]]] = {}  # by lane, what is not known to be stored
        self._epoch = 0
        self.acknowledged = 0
        self.given_up: list[Sent] = []  # acknowledged by a broker that died before they were stored

    async def renew(self, kafka: KafkaSettings, epoch: int) -> None:
        """From now on to this broker. What the last one had and ingest had not stored is given up."""
        await self._know_stored()
        self.given_up += [sent for placed in self._placed.values() for _, sent in placed]
        self._placed.clear()
        await self.close()
        self._kafka, self._epoch = kafka, epoch
        self._sender = await producer(kafka)

    async def close(self) -> None:
        if self._sender is not None:
            with contextlib.suppress(TimeoutError):  # what a dead broker was to have is sent again to the next
                await asyncio.wait_for(self._sender.stop(), PATIENCE)

    def keep(self, records: Iterable[Sent]) -> None:
        """For the next `send`."""
        self._unsent += records

    async def send(self, records: Iterable[Sent]) -> None:
        """Those that no broker takes now are sent again at the next call."""
        self.keep(records)
        waiting, self._unsent = self._unsent, []
        while waiting:
            some = list(next(groupby(waiting[:TOGETHER], key=lambda sent: sent.topic))[1])
            if not await self._send(some):
                self._unsent = waiting
                return
            waiting = waiting[len(some) :]

    async def _send(self, some: Sequence[Sent]) -> bool:
        records, keys = [(sent.raw, sent.headers) for sent in some], [sent.key for sent in some]
        try:
            sending = send_all(self._sender, self._kafka, some[0].topic, records, keys=keys)
            placed = await asyncio.wait_for(sending, PATIENCE)
        except (BrokerUnavailable, TimeoutError):
            return False
        self.acknowledged += len(some)
        for sent, place in zip(some, placed, strict=True):
            self._placed.setdefault(lane_name(sent.topic, place.partition), []).append((place.offset, sent))
        return True

    async def _know_stored(self) -> None:
        stored = await self._events.lanes(self._epoch) if self._placed else {}
        for lane, placed in self._placed.items():
            through = stored.get(lane, -1)
            self._placed[lane] = [(offset, sent) for offset, sent in placed if offset > through]

    async def progress(self) -> Progress | None:
        """None while the store is away."""
        try:
            await self._know_stored()
            left = len(self._unsent) + sum(map(len, self._placed.values()))
            if left:
                return Progress(left, None, 0)
            return Progress(0, await self._settled.through(TENANT), await self._settled.dirty(TENANT))
        except StoreUnavailable:
            return None
