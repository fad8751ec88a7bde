"""Where the log must go on after a load: what lies between a commit and the first message was judged by nobody."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from detectors.registry import load
from storage.settings import StoreSettings
from stream.app import EXIT_FAILED, Detect
from stream.settings import DetectSettings
from transport.settings import KafkaSettings
from transport.topics import ACTIVITY

PARTITION = TP(ACTIVITY, 2)


class Exits:
    def __init__(self, data: Path, *, committed: int | None, earliest: int = 0) -> None:
        self.codes: list[int] = []
        registry, none = load({}), StoreSettings()
        kafka = KafkaSettings(bootstrap="127.0.0.1:9")
        self.detect = Detect(kafka, none, DetectSettings(), registry, data=data, fatal=self.codes.append)

        async def begins(*_: TP) -> dict[TP, int]:
            return {PARTITION: earliest}

        consumer: Any = SimpleNamespace(_committed_offset={PARTITION: committed}, earliest_offsets=begins)
        self.detect.app.consumer = consumer


@pytest.mark.parametrize(
    ("committed", "earliest", "offset"), [(None, 0, 0), (28, 0, 28), (28, 0, 12), (None, 500, 500), (28, 500, 500)]
)
async def test_a_log_goes_on_where_it_was_committed_or_begins(
    tmp_path: Path, committed: int | None, earliest: int, offset: int
) -> None:
    exits = Exits(tmp_path, committed=committed, earliest=earliest)
    assert await exits.detect._goes_on(PARTITION, offset)
    assert exits.codes == []


@pytest.mark.parametrize("committed", [None, 28])
async def test_a_hole_in_the_log_ends_the_process(
    tmp_path: Path, committed: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    exits = Exits(tmp_path, committed=committed)
    assert not await exits.detect._goes_on(PARTITION, 39)
    assert exits.codes == [EXIT_FAILED]
    assert f"partition 2: offset 39 came, {committed or 0} was committed" in caplog.text
