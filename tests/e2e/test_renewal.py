"""The embedded broker is renewed while people send: what HTTP answered is kept, and a kill takes what DESIGN says."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain import clock
from domain.clock import rfc3339
from tests.e2e.system import System, Traffic, until
from tests.e2e.test_http import post
from transport.producer import producer
from transport.topics import RAW, RAW_HTTP

#: Clients at once, and events of each request.
CLIENTS, TOGETHER = 4, 20


class Clients:
    """They post until told to stop, the same again after a 503; `answered` counts the events of every 2xx, by epoch."""

    def __init__(self, system: System) -> None:
        self._system, self._url, self._key = system, f"{system.running['api_url']}/api/v1/events", system.key
        self._numbers = itertools.count()
        self.answered: dict[int, int] = {}
        self.refused = 0
        self.stop = asyncio.Event()

    async def post(self) -> None:
        while not self.stop.is_set():
            at = rfc3339(clock.now())
            events: list[dict[str, Any]] = [
                {"id": f"h{n}", "occurred_at": at, "action": "record.read", "actor": {"id": f"u{n % 50}"}}
                for n in itertools.islice(self._numbers, TOGETHER)
            ]
            while (answer := await asyncio.to_thread(post, self._url, self._key, events)) is None:
                self.refused += 1
                await asyncio.sleep(0.05)
            assert answer["stored"] + answer["duplicate"] == TOGETHER
            epoch = self._system.running["epoch"]
            self.answered[epoch] = self.answered.get(epoch, 0) + TOGETHER


@asynccontextmanager
async def sending(system: System) -> AsyncIterator[Clients]:
    clients = Clients(system)
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(clients.post())
        try:
            yield clients
        finally:
            clients.stop.set()


def ask_renewal(system: System) -> None:
    assert system.process is not None
    os.kill(system.process.pid, signal.SIGUSR1)


def answered_in(clients: Clients, epoch: int) -> Callable[[], Any]:
    async def some() -> bool:
        return clients.answered.get(epoch, 0) >= CLIENTS * TOGETHER

    return some


async def stored(system: System, topic: str) -> int:
    client = await system.client()
    rows: list[Any] = await client.query(
        "SELECT count() FROM events FINAL WHERE startsWith(lane, {lane:String})", {"lane": f"{topic}:"}, row=list
    )
    return int(rows[0][0])


async def test_what_http_answered_while_the_broker_was_renewed_is_stored(system: System) -> None:
    async with sending(system) as clients:
        await until(answered_in(clients, 1), seconds=60, what=system.said)
        ask_renewal(system)
        await until(answered_in(clients, 2), seconds=90, what=system.said)
    assert "broker renewed in" in system.said()
    assert clients.refused > 0, "HTTP was to wait meanwhile"
    assert await stored(system, RAW_HTTP) == sum(clients.answered.values())


@pytest.mark.faults
async def test_a_broker_that_is_killed_while_it_is_renewed_takes_what_kafka_clients_sent_and_nothing_else(
    system: System,
) -> None:
    traffic = Traffic(8)

    async def flood() -> None:
        """Without a pause, so that there is always something that is not stored and the renewal has to wait."""
        sender = await producer(system.kafka)
        try:
            while True:
                now = clock.now()
                await asyncio.gather(*[await sender.send(RAW, traffic.record(now)) for _ in range(200)])
        finally:
            with contextlib.suppress(TimeoutError):  # what a dead broker was to have is gone
                await asyncio.wait_for(sender.stop(), 3)

    async def renewing() -> bool:
        return bool(system.running["renewing"])

    flooding = asyncio.create_task(flood())
    try:
        async with sending(system) as clients:
            await until(answered_in(clients, 1), seconds=60, what=system.said)
            ask_renewal(system)
            await until(renewing, seconds=30, what=system.said, pause=0.01)
            before = await stored(system, RAW)
            dead = system.kill("broker")
            flooding.cancel()
            await system.reborn("broker", dead, seconds=60)
            await until(answered_in(clients, 2), seconds=90, what=system.said)
    finally:
        flooding.cancel()
        await asyncio.wait([flooding])
    answered = sum(clients.answered.values())
    await system.settled(events=answered, seconds=180)
    assert await stored(system, RAW_HTTP) == answered
    assert before <= await stored(system, RAW) <= len(traffic.sent)
