"""Settings change: what came before keeps its alerts, whatever arrives late, and what comes after has the new ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from domain import clock
from domain.alert import Content
from domain.clock import MINUTE, rfc3339
from tests.e2e.system import CONFIG, System, until, vedette

BURST = "failed_login_burst"
LOWER = f"{CONFIG}\n[detectors.{BURST}]\nthreshold = 5\n"


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    made = System(tmp_path / "data")
    yield made
    await made.stop()


def failures(who: str, first: int, *moments: int) -> list[bytes]:
    return [
        json.dumps(
            {
                "id": f"{who}/{first + n}",
                "tenant": "acme",
                "occurred_at": rfc3339(at),
                "action": "auth.login.failed",
                "actor": {"id": who},
                "origin": {"ip": "203.0.113.9"},
                "reason": "bad_password",
                "request_id": f"{who}/{first + n}",
            }
        ).encode()
        for n, at in enumerate(moments)
    ]


async def contents(system: System) -> list[Content]:
    found = [msgspec.json.decode(each, type=Content) for each in (await system.alerts()).values()]
    return sorted((each for each in found if each.detector == BURST), key=lambda each: each.opener)


async def test_a_change_of_settings_never_rewrites_an_alert_completed_before_it(system: System) -> None:
    await system.start()
    old = clock.now() - 30 * MINUTE
    await system.send(failures("ada", 0, *(old + n * 1_000 for n in range(10))))
    await system.send(failures("bob", 0, *(old + n * 1_000 for n in range(6))))
    await system.settled(events=16)
    before = await system.alerts()
    [burst] = await contents(system)
    await system.stop()

    await system.start(LOWER)
    lines = (await vedette(system, "settings", "history", "--detector", BURST, "--json")).splitlines()
    first, second = map(json.loads, lines)
    assert (first["effective_from"], first["settings_hash"]) == (None, burst.settings)
    assert {"what": "threshold", "before": 10, "after": 5} in second["changed"]
    # late, for the time before the change: one more of ada, who has had enough, and two of bob, who has not
    await system.send(failures("ada", 10, old + 11_000))
    await system.send(failures("bob", 6, old + 7_000, old + 8_000))
    await system.settled(events=19)
    assert await system.alerts() == before

    async def in_effect() -> bool:
        return rfc3339(clock.now() - 1_000) > str(second["effective_from"])

    await until(in_effect, seconds=90, what=system.said, pause=1)
    now = clock.now()
    await system.send(failures("cyd", 0, *(now + n for n in range(6))))
    await system.settled(events=25)
    found = await contents(system)
    told = [(each.settings, each.threshold) for each in found]
    assert told == [(burst.settings, 10.0), (second["settings_hash"], 5.0)]
    assert (await system.alerts()).items() >= before.items()
    await system.send(failures("ada", 11, old - 1_000))  # what is late is judged, and as it would have been then
    await system.settled(events=26)
    moved, new = await contents(system)
    assert (moved.opener[0], moved.settings) == (burst.opener[0] - 1_000, burst.settings)
    assert new == found[1]
    # a file of the old time, of people whom nobody has seen: too little then for one, enough for the other
    rows = [*failures("dan", 0, *(old + n for n in range(6))), *failures("eve", 0, *(old + n for n in range(10)))]
    file = system.data.parent / "old.jsonl"
    file.write_bytes(b"\n".join([*rows, *failures("fay", 0, *(now + n for n in range(6)))]))
    await vedette(system, "import", str(file), "--history")
    await system.settled(events=48)
    told = [(each.settings, each.threshold) for each in await contents(system)]
    assert sorted(told) == sorted([(burst.settings, 10.0)] * 2 + [(second["settings_hash"], 5.0)] * 2)

    async def replayed() -> bool:
        said = await vedette(system, "replay", "--compare")
        assert "\n0 added, 0 lost, 0 changed; " in said
        return f"; {len(await system.alerts())} the same, 0 frozen" in said  # once the clock has passed the last

    await until(replayed, seconds=90, what=system.said, pause=1)
