"""`vedette settings history` and `apply`: what was in effect from when on, and putting the file in effect."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from detectors.registry import load
from domain.clock import rfc3339
from domain.configuration import Configuration
from storage.client import connect
from storage.configurations import ConfigurationStore
from storage.settings import StoreSettings
from tests.vedette.test_replay_command import words
from vedette.cli import main

__all__ = ["words"]
BURST = "failed_login_burst"


def recorded(database: StoreSettings) -> list[Configuration]:
    async def read() -> list[Configuration]:
        client = await connect(database, "reader")
        try:
            return [each for each in await ConfigurationStore(client).history() if each.detector == BURST]
        finally:
            await client.close()

    return asyncio.run(read())


def test_what_is_applied_is_told_with_its_time_and_what_it_changed(
    database: StoreSettings, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", "apply", *words]) == 0
    first = capsys.readouterr().out.splitlines()
    assert len(first) == len(load({}).all)
    assert first[2].startswith("always                    failed_login_burst.v1  settings ")
    config = tmp_path / "vedette.toml"
    config.write_text(f"{config.read_text()}\n[detectors.{BURST}]\nthreshold = 5\nspan = '5m'\nstage = 'shadow'\n")
    assert main(["settings", "apply", *words]) == 0
    before, after = recorded(database)
    changed = [
        f"{rfc3339(after.effective_from)}  failed_login_burst.v1  settings {after.hash}",
        f"{'':28}span: 10 m → 5 m",
        f"{'':28}threshold: 10 → 5",
        f"{'':28}stage of count: live → shadow",
    ]
    assert capsys.readouterr().out.splitlines() == changed
    assert main(["settings", "apply", *words]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "the settings in effect are those of the file already\n")

    assert main(["settings", "history", "--detector", BURST, *words]) == 0
    always = f"{'always':24}  failed_login_burst.v1  settings {before.hash}"
    assert capsys.readouterr().out.splitlines() == [always, *changed]
    assert main(["settings", "history", "--detector", BURST, "--json", *words]) == 0
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["effective_from"] for line in lines] == [None, rfc3339(after.effective_from)]
    assert lines[1]["changed"][1] == {"what": "threshold", "before": 10, "after": 5}
    assert main(["settings", "history", *words]) == 0
    told = capsys.readouterr().out
    assert len(re.findall("settings", told)) == len(load({}).all) + 1
    assert main(["settings", "history", "--detector", "nobody", *words]) == 1
    assert capsys.readouterr().err.startswith("no detector nobody was ever in effect; there are app_new_network, ")
