"""Whatever is killed with SIGKILL under load, nothing stored is lost and no alert is lost or doubled."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.system import System, Traffic, steady

VICTIMS = ("ingest", "detect", "store", "api", "notify")


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    made = System(tmp_path / "data")
    await made.start()
    yield made
    await made.stop()


async def kill_each(system: System, *, times: int, per_second: int) -> None:
    traffic, victims = Traffic(1), list(VICTIMS) * times
    due = 3.0
    load = steady(system, traffic, seconds=30.0 * len(victims), per_second=per_second)
    async with contextlib.aclosing(load):
        async for gone in load:  # the supervisor's back-off decides how long it takes
            if gone < due:
                continue
            if not victims:
                break
            name = victims.pop(0)
            await system.reborn(name, -1, seconds=30)  # one that went down with the store may not be back yet
            await system.reborn(name, system.kill(name))
            due = gone + 4.0
    assert not victims
    await system.settled(events=len(traffic.sent))
    assert await system.count("events") == len(traffic.sent)
    alerts = await system.alerts()
    assert alerts
    assert alerts == await system.truth()


async def test_every_part_but_the_broker_may_be_killed_once_under_load(system: System) -> None:
    await kill_each(system, times=1, per_second=200)


@pytest.mark.faults
@pytest.mark.timeout(1_800)
async def test_every_part_but_the_broker_may_be_killed_ten_times_under_load(system: System) -> None:
    await kill_each(system, times=10, per_second=500)


async def test_when_the_broker_is_killed_only_what_was_not_stored_is_lost(system: System) -> None:
    before = Traffic(2)
    await system.send([before.record(at) for at in _moments(2_000)])
    await system.settled(events=2_000)
    alerts = await system.alerts()
    epoch = system.running["epoch"]
    await system.reborn("broker", system.kill("broker"))
    after = Traffic(3)
    after.sent = list(before.sent)  # other ids than before
    await system.reborn("detect", -1)
    await system.send([after.record(at) for at in _moments(1_000)])
    await system.settled(events=3_000)
    assert system.running["epoch"] == epoch + 1
    assert await system.count("events") == 3_000
    assert alerts
    assert await system.alerts() == await system.truth()


def _moments(n: int) -> list[int]:
    from domain import clock

    now = clock.now()
    return [now - 60_000 + k * 20 for k in range(n)]
