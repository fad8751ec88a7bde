"""Warnings when room runs short."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from vedette.room import Room, disk_is_short, memory_is_large


def disk(monkeypatch: pytest.MonkeyPatch, *, total: int, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=total, free=free, used=total - free))


@pytest.mark.parametrize(
    ("total", "free", "short"),
    [
        (100 * 10**9, 10 * 10**9, False),
        (100 * 10**9, 10 * 10**9 - 1, True),
        (10**9, 500_000_000, False),
        (10**9, 499_999_999, True),
    ],
)
def test_a_disk_is_short_below_a_tenth_or_500_mb(
    monkeypatch: pytest.MonkeyPatch, total: int, free: int, short: bool
) -> None:
    disk(monkeypatch, total=total, free=free)
    assert bool(disk_is_short(Path("/data"))) is short


def test_it_is_said_once_and_again_after_it_had_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    room = Room(Path("/data"), memory=lambda: 0, say=said.append)
    for minute, free in enumerate((5, 5, 50, 5)):
        disk(monkeypatch, total=100 * 10**9, free=free * 10**9)
        room.look(minute * 60.0)
        room.look(minute * 60.0 + 59.0)
    words = "only 5000 MB (5 %) are free on the disk of /data; make room before it is full"
    assert said == [words, words]


def test_a_broker_above_two_gigabytes_is_named() -> None:
    assert memory_is_large(2_000_000_000) == ""
    assert memory_is_large(2_100_000_000) == (
        "the embedded broker holds 2100 MB; it is renewed as soon as all of it is stored"
    )
