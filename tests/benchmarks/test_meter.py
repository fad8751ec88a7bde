"""How peers are counted."""

from __future__ import annotations

import json

import pytest

from benchmarks.peers.meter import Meter


def test_the_warm_up_is_not_measured() -> None:
    meter = Meter(events=1_000, warm_up=100, seconds=60)
    assert [meter.add() for _ in range(1_000)] == [False] * 999 + [True]
    assert meter.measured is not None
    assert meter.measured.events == 900


def test_what_a_batch_brings_beyond_the_warm_up_belongs_to_it() -> None:
    meter = Meter(events=1_000, warm_up=100, seconds=60)
    assert [meter.add(400), meter.add(400), meter.add(200)] == [False, False, True]
    assert meter.measured is not None
    assert meter.measured.events == 600


def test_a_slow_peer_is_done_when_its_time_is_over() -> None:
    meter = Meter(events=1_000_000, warm_up=10, seconds=0)
    while not meter.add():
        pass
    assert meter.measured is not None
    assert meter.measured.events == 4_999


def test_the_report_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter(events=10, warm_up=1, seconds=60)
    while not meter.add():
        pass
    meter.report()
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["events", "seconds", "per_second", "cpu_us", "peak_mb"]
    assert said["events"] == 9


def test_nothing_is_reported_before_it_is_done() -> None:
    meter = Meter(events=10, warm_up=1, seconds=60)
    meter.add(5)
    with pytest.raises(RuntimeError, match="only 5 of 10 events were read"):
        meter.report()


def test_a_warm_up_of_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="the warm-up is 10 events of 10; it must leave some to measure"):
        Meter(events=10, warm_up=10, seconds=60)
