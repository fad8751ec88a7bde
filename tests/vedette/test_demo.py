"""The demo, whole: real broker, real store, four processes, and every alert that it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_shows_its_alerts_whatever_is_set_around_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path), "VEDETTE_API__HOST": "not.for.the.demo"}
    command = [sys.executable, "-P", "-m", "vedette", "demo", "--exit"]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=tmp_path, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
