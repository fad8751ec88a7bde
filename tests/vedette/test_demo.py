"""The demo, whole: real broker, real store, four processes, a small company; its scorecard, twice the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detectors.registry import discover

#: Measured anew by each run; all else is the same for one plan.
_MEASURED = ("median_seconds", "worst_seconds", "seconds", "events_per_second")
ONCE = ("--seed", "7", "--exit", "--json")


def _demo(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"TMPDIR": str(cwd), "VEDETTE_API__HOST": "not.for.the.demo"}
    command = [sys.executable, "-P", "-m", "vedette", "demo", "--people", "60", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=cwd, timeout=170, check=False)


def _same(card: dict[str, Any]) -> dict[str, Any]:
    """What two runs of one plan share."""
    attacks = {name: {**attack, "seconds": None} for name, attack in card["attacks"].items()}
    return {name: value for name, value in card.items() if name not in _MEASURED} | {"attacks": attacks}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], list[Path]]:
    """One run, and what it left behind."""
    cwd = tmp_path_factory.mktemp("demo")
    return _demo(cwd, *ONCE), list(cwd.iterdir())


def test_it_keeps_score_whatever_is_set_around_it_and_leaves_nothing_behind(
    done: tuple[subprocess.CompletedProcess[str], list[Path]],
) -> None:
    first, left = done
    (line,) = first.stdout.splitlines()
    card = json.loads(line)
    assert left == []
    found = {name for name, attack in card["attacks"].items() if attack["found_by"]}
    built = {name for name, attack in card["attacks"].items() if attack["made_for"] in discover()}
    assert (found, card["false"], card["lookalikes_alerted"]) == (built, [], []), first.stderr
    assert first.returncode == (0 if found == set(card["attacks"]) else 1)
    assert card["attacks_planted"] == card["attacks_found"] + len(card["attacks_missed"]) == 6
    assert 0 < card["median_seconds"] <= card["worst_seconds"] < 60


def test_a_second_run_gives_the_same_alerts_ids_and_bytes(
    done: tuple[subprocess.CompletedProcess[str], list[Path]], tmp_path: Path
) -> None:
    again = _demo(tmp_path, *ONCE)
    assert _same(json.loads(again.stdout)) == _same(json.loads(done[0].stdout))


def test_a_directory_of_something_else_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "events.csv").touch()
    done = _demo(tmp_path, "--exit", "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.endswith("is no directory of a demo; name an empty one, or leave --data out\n")
