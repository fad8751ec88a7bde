"""Configurations in the store: the first hold always, every other from a minute ahead, and none ever changes."""

from __future__ import annotations

import asyncio

from domain import clock
from domain.clock import MINUTE
from domain.configuration import ALWAYS, Configuration
from storage.client import Client
from storage.configurations import MARGIN, ConfigurationStore

BURST = Configuration("burst", "burst.v1", '{"threshold":10}', {"burst": "live"}, "aaaa")
SPRAY = Configuration("spray", "spray.v2", "{}", {"fast": "live", "slow": "shadow"}, "bbbb")
LOWER = Configuration("burst", "burst.v1", '{"threshold":5}', {"burst": "live"}, "cccc")


async def test_the_first_hold_always_and_every_other_from_a_minute_ahead(store: Client, reader: Client) -> None:
    configurations = ConfigurationStore(store)
    assert await configurations.history() == []
    await configurations.put([BURST, SPRAY])
    now = clock.now()
    await asyncio.gather(configurations.put([LOWER]), configurations.put([]))
    found = await ConfigurationStore(reader).history()
    assert [(each.detector, *each.content, each.hash) for each in found] == [
        (each.detector, *each.content, each.hash) for each in (BURST, SPRAY, LOWER)
    ]
    assert [each.effective_from for each in found[:2]] == [ALWAYS, ALWAYS]
    assert now + MARGIN - 5_000 < found[2].effective_from < now + MARGIN + MINUTE
    assert abs(found[2].effective_from - found[2].made_at - MARGIN) < 5_000
