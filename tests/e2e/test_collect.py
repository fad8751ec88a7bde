"""A collector killed in the middle of a run, with the real broker and store: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.e2e.system import System, until
from tests.ingest.collect.vendors import TOKEN, HubSpot


async def collector(system: System, vendor: HubSpot, *more: str) -> asyncio.subprocess.Process:
    file = system.data / "hubspot.toml"
    file.touch(0o600)
    file.write_text(f'token = "{TOKEN}"\n')
    words = ["collect", "hubspot", "--credentials", str(file), "--url", vendor.url, "--since", "9999d"]
    environ = {n: v for n, v in os.environ.items() if not n.startswith("VEDETTE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "vedette", *words, "--data", str(system.data), *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environ,
    )  # fmt: skip


async def test_a_collector_killed_twice_in_the_middle_of_a_run_loses_and_doubles_nothing(system: System) -> None:
    vendor = HubSpot(logins=900, securities=250)
    async with vendor.running():
        for pages in (3, 7):
            killed = await collector(system, vendor, "--once")

            async def under_way(wanted: int = pages) -> bool:
                return len(vendor.asked) >= wanted

            await until(under_way, seconds=30)
            killed.kill()
            assert await killed.wait() != 0
        before = len(vendor.asked)
        whole = await collector(system, vendor, "--once")
        said = (await whole.communicate())[0].decode()
        assert whole.returncode == 0, said
        assert len(vendor.asked) - before < 9 + 3 + 1  # it went on, it did not begin anew
    assert TOKEN not in said
    assert await system.count("events") == 900 + 250
    assert await system.count("dead_letters") == 0


async def test_a_collector_that_polls_brings_what_is_new_and_ends_when_told(system: System) -> None:
    vendor = HubSpot(logins=5)
    async with vendor.running():
        polling = await collector(system, vendor, "--every", "0.2", "--tenant", "globex", "--feeds", "login")

        async def stored(wanted: int) -> bool:
            return await system.count("events") == wanted

        await until(lambda: stored(5), seconds=30)
        vendor.rows["login"] = HubSpot(logins=9).rows["login"]
        await until(lambda: stored(9), seconds=30)
        polling.terminate()
        said = (await polling.communicate())[0].decode()
    assert polling.returncode == 0, said
    client = await system.client()
    assert await client.query("SELECT DISTINCT tenant FROM events", row=list[str]) == [["globex"]]
