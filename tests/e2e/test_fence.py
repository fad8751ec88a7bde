"""A judge that is stopped in the middle of a checkpoint and wakes after another has taken over changes nothing."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

from domain import clock
from domain.clock import MINUTE
from storage.client import Client
from storage.settled import SettledStore
from tests.e2e import stalling
from tests.e2e.system import System, Traffic, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="how a process stands is read from /proc")

#: Everything that a judge writes but its markers, which go on with time.
TABLES = {
    "states": "subject, position, seen, body",
    "alerts": "toString(alert_id), version, withdrawn, content",
    "dirty": "mark_id, cleared",
}


async def written(client: Client) -> dict[str, list[Any]]:
    return {
        table: sorted(await client.query(f"SELECT {columns} FROM {table} FINAL", row=list))
        for table, columns in TABLES.items()
    }


async def terms(client: Client) -> dict[int, int]:
    rows: list[Any] = await client.query("SELECT partition, max(term) FROM claims GROUP BY partition", row=list)
    return dict(rows)


async def send(system: System, traffic: Traffic, number: int) -> None:
    """As they happen, every fifth of them minutes late."""
    now = clock.now()
    await system.send([traffic.record(now - (20 * MINUTE if n % 5 == 0 else 0)) for n in range(number)])


async def settled(system: System, client: Client, traffic: Traffic) -> None:
    """All is judged, and no activity waits any more for its clock."""
    newest = clock.now()
    await system.settled(events=len(traffic.sent))

    async def through() -> bool:
        found = await SettledStore(client).through("acme")
        return found is not None and found > newest

    await until(through, seconds=30, what=system.said)


async def wakes_in_vain(system: System, step: str) -> None:
    client, traffic, ask = await system.client("writer"), Traffic(4), system.data / "stop-now"
    stalled = stalling.start(step, ask, system.data, system.data.parent / "stalled.log")
    try:
        before = await terms(client)
        while not await joined(client, before):
            await send(system, traffic, 20)
        ask.touch()
        while not stalling.stopped(stalled):
            await send(system, traffic, 20)
        asleep = await terms(client)
        await send(system, traffic, 500)

        async def taken_over() -> bool:
            return await joined(client, asleep)

        await until(taken_over, seconds=60, what=system.said)
        await settled(system, client, traffic)
        expected = await written(client)
        os.kill(stalled.pid, signal.SIGCONT)
        outcome = ask.with_name(f"{ask.name}.done")

        async def woke() -> bool:
            return outcome.exists() and bool(outcome.read_text())

        await until(woke, seconds=60)
        assert ("Fenced" in outcome.read_text()) is (step != "commit"), outcome.read_text()
        await settled(system, client, traffic)
        assert await written(client) == expected
    finally:
        stalled.kill()
        stalled.wait()


async def joined(client: Client, before: dict[int, int]) -> bool:
    """Whether the group has shared its partitions out anew: every one is claimed again."""
    now = await terms(client)
    return len(now) == 4 and all(now[partition] > before.get(partition, 0) for partition in now)


async def test_a_judge_that_slept_before_its_states_wakes_in_vain(system: System) -> None:
    await wakes_in_vain(system, "states")


@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.parametrize("step", sorted(set(stalling.STEPS) - {"states"}))
async def test_wherever_a_judge_slept_it_wakes_in_vain(system: System, step: str) -> None:
    await wakes_in_vain(system, step)
