"""One `vedette up` per data directory."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import VedetteError
from vedette.lock import Lock, held


def test_a_second_start_is_refused_with_the_pid_and_the_remedy(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    with pytest.raises(VedetteError) as caught:
        Lock(tmp_path)
    pid = os.getpid()
    assert str(caught.value) == (
        f"{tmp_path} is in use by another `vedette up` (pid {pid}); stop it with `kill {pid}`, "
        f"or choose another directory with --data"
    )
    lock.release()
    Lock(tmp_path).release()


def test_it_is_held_until_released_and_no_longer(tmp_path: Path) -> None:
    assert not held(tmp_path / "none")
    lock = Lock(tmp_path)
    assert held(tmp_path)
    lock.release()
    assert not held(tmp_path)


def test_it_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    program = (
        f"from pathlib import Path; from vedette.lock import Lock; lock = Lock(Path({str(tmp_path)!r})); "
        f"print('held', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert held(tmp_path)
        process.kill()
        process.wait()
    assert not held(tmp_path)


def test_the_directory_is_ours_alone(tmp_path: Path) -> None:
    wide = tmp_path / "wide"
    wide.mkdir(mode=0o755)
    Lock(wide).release()
    Lock(tmp_path / "new" / "one").release()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (wide, tmp_path / "new" / "one")] == [0o700, 0o700]


def test_a_directory_that_cannot_be_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VedetteError) as caught:
        Lock(tmp_path / "file" / "data")
    assert str(caught.value) == (
        f"{tmp_path / 'file' / 'data'} cannot be used (Not a directory); make it yours, "
        f"or choose another directory with --data"
    )
