"""What is made of the figures that are read off."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks import stages
from benchmarks.flatout import rate
from benchmarks.halfload import quantile
from benchmarks.machine import here
from benchmarks.processes import Process
from benchmarks.stages import Stage
from benchmarks.traffic import backlog
from detectors.registry import specs
from domain.sources import SOURCES

NOON = 1_700_000_000_000


def test_a_rate_runs_from_the_first_look_behind_the_warm_up_to_the_first_that_saw_all() -> None:
    looks = [(0.0, 0), (1.0, 40), (2.0, 200), (3.0, 600), (5.0, 1_000), (9.0, 1_000)]
    assert rate(looks, 100) == 266.7


def test_a_rate_is_nought_when_all_was_seen_at_one_look() -> None:
    assert rate([(0.0, 0), (1.0, 1_000), (2.0, 1_000)], 100) == 0.0


def test_a_quantile_is_a_value_that_was_measured() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert [quantile(hundred, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    assert quantile([3.0], 0.99) == 3.0


def test_a_process_says_what_it_has_used() -> None:
    me = Process(os.getpid())
    before = me.cpu()
    while me.cpu() == before:
        sum(range(10_000))
    assert me.peak_mb() > 1


def test_the_machine_is_told_in_one_line() -> None:
    line = here().line()
    assert f"{here().cores} cores of " in line
    assert "\n" not in line


async def test_every_stage_and_every_detector_is_measured(tmp_path: Path) -> None:
    found = await stages.measure(backlog(1_000, seed=7, end=NOON, per_second=100), tmp_path)
    names = [
        "identify",
        "normalise",
        "insert encode",
        "bundle encode",
        "bundle decode",
        "judge",
        "checkpoint",
    ]
    steps = [f"step: {spec_id}" for spec_id in sorted(s.id for s in specs())]
    others = [f"normalise: {source}" for source in SOURCES]
    sources = [name for source in others for name in (source, f"{source}, the first")]
    assert [s.stage for s in found] == names + steps + sources
    assert [s.handled for s in found[:4]] == [1_000] * 4
    assert all(isinstance(s, Stage) and s.handled > 0 for s in found)
