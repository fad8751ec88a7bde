"""Sends records into Kafka and waits until it is known what became of each: stored, duplicate, rejected or skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from api.parts import Producer
from api.problems import RETRY_AFTER, Problem, unknown_outcome
from domain import clock
from domain.errors import BrokerUnavailable, Unavailable
from storage.client import Client
from storage.epochs import Epoch, EpochStore
from storage.events import EventStore
from storage.places import Fate, Place, PlaceStore

#: How often the store is asked how far it has come, seconds; all that wait share the answer.
POLL: Final = 0.05
DUPLICATE: Final = Fate("duplicate")
_RETRY: Final = "send the same again: an event that was stored is not stored twice"


class Outgoing(msgspec.Struct, frozen=True):
    """A record on its way; `occurred_at` (ms) where the event says it.

    Deliveries of one event share a `key`, so that they lie in one lane, where the first is the earliest: of two lanes
    either may count as the earlier one, and a repetition would be called stored.
    """

    topic: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    occurred_at: int | None = None
    key: bytes | None = None


class Sender:
    """One per process. `timeout` is how long an answer may take, seconds; `full` says why nothing more may be sent;
    `most` is how many records may wait to be stored: with more, ingest is behind and what comes would only wait too."""

    def __init__(
        self,
        producer: Producer,
        client: Client,
        *,
        timeout: float,
        full: Callable[[], str] = str,
        most: int = 100_000,
    ) -> None:
        self._producer, self._timeout, self._full, self._most, self._waiting = producer, timeout, full, most, 0
        self._epochs, self._events, self._places = EpochStore(client), EventStore(client), PlaceStore(client)
        self._asking = asyncio.Lock()
        self._lanes: tuple[float, int, dict[str, int]] = (-1.0, -1, {})

    async def send(self, tenant: str, records: Sequence[Outgoing]) -> list[Fate]:
        """The fate of each record, in order. Problem 503 when it is not known in time: then a retry is safe."""
        if not records:
            return []
        if full := self._full():
            raise Problem(503, "broker_full", full, headers={"Retry-After": "10"})
        if self._waiting and self._waiting + len(records) > self._most:
            detail = f"{self._waiting} events wait to be stored already; nothing was taken, send the same again"
            raise Problem(503, "behind", detail, headers={"Retry-After": str(RETRY_AFTER)})
        self._waiting += len(records)
        try:
            return await self._sent(tenant, records)
        finally:
            self._waiting -= len(records)

    async def _sent(self, tenant: str, records: Sequence[Outgoing]) -> list[Fate]:
        began = clock.now()
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            epoch = await self._epoch()
            places = await self._produce(records, deadline)
            await self._stored(epoch, places, deadline)
            if (await self._epoch()).epoch != epoch.epoch:
                raise unknown_outcome(f"the log was opened anew while the events were on their way; {_RETRY}")
            fates = await self._places.fates(
                tenant, epoch.epoch, places, occurred=_span(records), since=began - clock.HOUR, source=_source(records)
            )
        except Unavailable as error:
            raise unknown_outcome(f"it is not known what became of the events ({error}); {_RETRY}") from error
        return [fates.get(place, DUPLICATE) for place in places]

    async def _epoch(self) -> Epoch:
        epoch = await self._epochs.current()
        if epoch is None:
            raise Unavailable("no epoch is open; start the system with `vedette up`, or run `vedette migrate`")
        return epoch

    async def _produce(self, records: Sequence[Outgoing], deadline: float) -> list[Place]:
        try:
            async with asyncio.timeout_at(deadline):
                sent = [
                    await self._producer.send(r.topic, r.value, key=r.key, headers=list(r.headers)) for r in records
                ]
                acknowledged = await asyncio.gather(*sent)
        except Exception as error:  # whatever the driver raises, the records may or may not be in the log
            raise BrokerUnavailable(f"Kafka did not acknowledge: {error or type(error).__name__}") from error
        return [(f"{each.topic}:{each.partition}", each.offset) for each in acknowledged]

    async def _stored(self, epoch: Epoch, places: Sequence[Place], deadline: float) -> None:
        """Wait until ingest has passed the highest place of each lane."""
        highest: dict[str, int] = {}
        for lane, offset in places:
            highest[lane] = max(highest.get(lane, -1), offset)
        loop = asyncio.get_running_loop()
        while True:
            through = await self._through(epoch.epoch)
            if all(through.get(lane, -1) >= offset for lane, offset in highest.items()):
                return
            if loop.time() >= deadline:
                raise unknown_outcome(f"ingest has not stored the events within {self._timeout:g} s; {_RETRY}")
            await asyncio.sleep(POLL)

    async def _through(self, epoch: int) -> dict[str, int]:
        """How far the lanes are stored; asked at most once per POLL, whoever waits."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self._asking:
            at, known, lanes = self._lanes
            if at < asked or known != epoch:  # an answer from before we asked says nothing about what we sent
                at = loop.time()
                lanes = await self._events.lanes(epoch)
                self._lanes = (at, epoch, lanes)
            return lanes


def _source(records: Sequence[Outgoing]) -> str:
    """Whose format the records have; "" when their headers do not say."""
    return dict(records[0].headers).get("source", b"").decode()


def _span(records: Sequence[Outgoing]) -> tuple[int, int] | None:
    """Bounds of when it happened, rounded out; None when one of the records does not say."""
    times = [record.occurred_at for record in records]
    known = [at for at in times if at is not None]
    if len(known) < len(times):
        return None
    return min(known) - clock.SECOND, max(known) + clock.SECOND
