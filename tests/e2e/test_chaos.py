"""Whatever is killed, stalled, joins or leaves under load: nothing stored is lost, and alerts are the truth.

`vedette chaos` is the test, as a sceptic would run it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from domain import clock
from tests.e2e.system import CONFIG, System, Traffic, until
from vedette.chaos.plan import Plan
from vedette.chaos.verdict import Verdict


def chaos(*words: str, seconds: float) -> Verdict:
    """The verdict of the command; a difference is told in its own words."""
    command = [sys.executable, "-P", "-m", "vedette", "chaos", "--json", *words]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, env=environ)
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=Verdict)


def test_every_part_may_be_killed_under_load_and_workers_come_and_go() -> None:
    mangled = ["--duplicates", "5%", "--disorder", "10%", "--late", "2%"]
    strikes = ["--kills", "6", "--joins", "1", "--broker-kills", "1", "--workers", "2"]
    verdict = chaos("--events", "5000", *strikes, *mangled, seconds=170)
    assert sum(verdict.struck.values()) == 8
    assert len(verdict.recoveries) == 2
    assert verdict.stored + verdict.lost_with_broker == 5_000
    assert verdict.alerts > 20


@pytest.mark.faults
@pytest.mark.timeout(1_800)
def test_fifty_kills_under_a_hundred_thousand_events() -> None:
    verdict = chaos("--events", "100000", "--kills", "50", "--joins", "4", "--workers", "2", seconds=1_500)
    assert sum(verdict.struck.values()) == 54
    assert verdict.alerts > 400


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_killed_broker_takes_exactly_what_was_not_stored() -> None:
    verdict = chaos("--events", "20000", "--broker-kills", "3", "--kills", "6", "--workers", "2", seconds=800)
    assert verdict.stored + verdict.lost_with_broker == 20_000


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_renewed_broker_takes_nothing_with_it() -> None:
    verdict = chaos("--events", "20000", "--renewals", "4", "--workers", "2", seconds=800)
    assert (verdict.stored, verdict.struck) == (20_000, {"renew broker": 4})


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_stalled_worker_that_wakes_changes_nothing() -> None:
    verdict = chaos("--events", "20000", "--stalls", "2", "--workers", "3", seconds=800)
    assert verdict.struck == {"stall detect": 2}
    assert sum(count for name, count in verdict.restarts.items() if name.startswith("detect")) == 2


@pytest.mark.faults
@pytest.mark.timeout(1_800)
def test_workers_and_partitions_change_no_byte_of_any_alert(tmp_path: Path) -> None:
    from vedette.chaos.run import run

    start, said, digests = clock.now(), list[str](), dict[tuple[int, int], str]()
    for workers, partitions in ((1, 1), (1, 16), (2, 4), (4, 16)):
        plan = Plan(events=10_000, workers=workers, partitions=partitions, duplicates=0.05, disorder=0.1, late=0.02)
        verdict = run(plan, tmp_path / f"{workers}-{partitions}", said.append, start=start)
        assert verdict.ok, said
        digests[workers, partitions] = verdict.digest
    assert len(set(digests.values())) == 1, digests


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_the_partition_count_may_change_between_two_starts(tmp_path: Path) -> None:
    system, traffic = System(tmp_path / "data"), Traffic(6)
    for number, partitions in enumerate((4, 16, 1), 1):
        try:
            await system.start(f"{CONFIG}[kafka]\nactivity_partitions = {partitions}\n[detect]\nworkers = 2\n")
            now = clock.now()
            await system.send([traffic.record(now - n * 40) for n in range(1_000)])
            if number < 3:  # what is not judged by now is the next one's

                async def stored(least: int = 1_000 * number) -> bool:
                    return await system.count("events") >= least

                await until(stored, seconds=60, what=system.said)
            else:
                await system.settled(events=3_000, seconds=180)
                assert system.running["epoch"] == 3
                assert len(await system.alerts()) > 20
        finally:
            await system.stop()
