"""The detect role judges by what the store has: it records its own configuration, and follows every other."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from detectors.registry import load
from domain.configuration import ALWAYS, Configuration
from domain.errors import SettingsInvalid, StoreUnavailable, VedetteError
from engine.fold import Folder
from storage.client import Client
from storage.configurations import MARGIN, ConfigurationStore
from stream import configurations as stream_configurations
from stream.configurations import ConfigurationWatch, record

BURST = "failed_login_burst"


class Held(ConfigurationStore):
    """Holds what it is given, a minute apart, or does not answer."""

    def __init__(self, *rows: Configuration, away: bool = False) -> None:
        self.rows, self._away = list(rows), away

    async def history(self) -> list[Configuration]:
        if self._away:
            raise StoreUnavailable("the store did not answer")
        return list(self.rows)

    async def put(self, configurations: object) -> None:
        at = (len(self.rows) and max(each.effective_from for each in self.rows)) + MARGIN if self.rows else ALWAYS
        assert isinstance(configurations, list)
        self.rows += [msgspec.structs.replace(each, effective_from=at, made_at=at) for each in configurations]


async def test_what_differs_is_put_in_effect_and_the_same_again_is_not(store: Client) -> None:
    configurations = ConfigurationStore(store)
    first = await record(configurations, load({}))
    assert {each.detector for each in first} == {each.detector.spec.id for each in load({}).all}
    assert {each.effective_from for each in first} == {ALWAYS}
    assert await record(configurations, load({})) == []
    changed = await record(configurations, load({BURST: {"threshold": 5}}))
    assert [(each.slot, msgspec.json.decode(each.settings)["threshold"]) for each in changed] == [(f"{BURST}.v1", 5)]
    assert changed[0].effective_from > MARGIN
    assert await record(configurations, load({BURST: {"threshold": 5}})) == []


async def test_a_change_by_another_process_is_taken_up_while_it_runs() -> None:
    held, folder = Held(), Folder(load({}))
    await record(held, load({}))
    watch, stop = ConfigurationWatch(held, folder, every=0.001), asyncio.Event()
    await watch.take()
    assert len(folder.foldable.made[f"{BURST}.v1"]) == 1
    task = asyncio.create_task(watch.watch(stop.is_set, lambda error: pytest.fail(str(error))))
    await record(held, load({BURST: {"threshold": 5}}))
    async with asyncio.timeout(20):
        while len(folder.foldable.made[f"{BURST}.v1"]) == 1:  # noqa: ASYNC110 it has nobody to tell
            await asyncio.sleep(0.001)
        stop.set()
        await task


async def test_it_ends_when_it_cannot_read_them_or_cannot_judge_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_configurations, "MARGIN", 100)
    lost: list[VedetteError] = []
    newer = msgspec.structs.replace(load({}).configurations()[0], slot="app_new_network.v9")
    async with asyncio.timeout(20):
        await ConfigurationWatch(Held(away=True), Folder(load({})), every=0.01).watch(lambda: False, lost.append)
        await ConfigurationWatch(Held(newer), Folder(load({})), every=0.01).watch(lambda: False, lost.append)
    assert [str(error) for error in lost] == [
        "the store did not answer",
        f"app_new_network.v9 with settings {newer.settings} was put in effect by another program, and this one has not "
        "that version or one of these settings; start the program that put it in effect",
    ]


async def test_an_older_program_goes_back_only_when_it_is_told_to() -> None:
    newer = msgspec.structs.replace(load({}).configurations()[0], slot="app_new_network.v9")
    held = Held(newer)
    with pytest.raises(SettingsInvalid) as refused:
        await record(held, load({}))
    assert str(refused.value) == (
        "app_new_network: version 9 is in effect and this program has 1; start the newer program, or go back with "
        "`vedette settings apply --back`"
    )
    assert held.rows == [newer]
    back = await record(held, load({}), back=True)
    assert "app_new_network.v1" in {each.slot for each in back}
    await ConfigurationWatch(held, Folder(load({})), every=1).take()
