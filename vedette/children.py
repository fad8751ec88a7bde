"""Child processes: started so that they die with us, stopped with a deadline, and restarted later and later."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BACKOFF_FIRST, BACKOFF_LAST, HEALTHY_AFTER = 0.2, 10.0, 10.0  # seconds
#: A log larger than this is set aside as NAME.log.1 when its process starts.
LOG_BYTES = 20_000_000

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """In a child, before it becomes its program: SIGKILL as soon as the process that started it is gone (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def launch(command: Sequence[str], log: Path, *, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A child in a process group of its own (Ctrl-C reaches only us), without input, writing into `log` (0600)."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=environ,
            process_group=0,
            preexec_fn=die_with_parent,  # safe: the supervisor has no other threads
        )
    finally:
        os.close(descriptor)


def ended(process: subprocess.Popen[bytes]) -> str:
    """How a process ended: `exit 1` or `SIGKILL`."""
    code = process.returncode
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit {code}"


def finish(process: subprocess.Popen[bytes] | None, deadline: float) -> bool:
    """Waits for an end that was asked for, until `deadline` (monotonic), then SIGKILLs the group; whether it ended."""
    if process is None:
        return True
    try:
        process.wait(max(0.01, deadline - time.monotonic()))
        return True
    except subprocess.TimeoutExpired:
        kill(process)
        return False


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the process and whatever it has started; returns when it is gone."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
    process.wait()


@dataclass
class Backoff:
    """How long to wait before the next try: doubled each time, forgotten after a healthy while. Times are monotonic.

    What it lived is part of the wait: tries are so far apart, and what ran for longer is back at once.
    """

    delay: float = BACKOFF_FIRST
    again_at: float = 0.0

    def failed(self, now: float, *, lived: float) -> float:
        """Seconds until the next try of something that lived `lived` seconds."""
        if lived >= HEALTHY_AFTER:
            self.delay = BACKOFF_FIRST
        waiting = max(BACKOFF_FIRST, self.delay - lived)
        self.again_at = now + waiting
        self.delay = min(BACKOFF_LAST, self.delay * 2)
        return waiting

    def due(self, now: float) -> bool:
        return now >= self.again_at


class Child:
    """One role: its process, and when it may start again."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, *, environ: Mapping[str, str] | None = None
    ) -> None:
        self.name, self.log = name, log
        self._command, self._environ = command, environ
        self._backoff = Backoff()
        self._started = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = launch(self._command, self.log, environ=self._environ)
        self._started = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def term(self) -> None:
        if self.alive and self.process:
            self.process.terminate()

    def tend(self) -> str | None:
        """Call often: starts the child when it is due. A line to say when it was found dead, "" when it was started."""
        now = time.monotonic()
        if self.alive:
            return None
        if self.process is not None:
            how, self.process = ended(self.process), None
            waiting = self._backoff.failed(now, lived=now - self._started)
            return f"{self.name} ended ({how}); it starts again in {waiting:.1f} s, its log is {self.log}"
        if not self._backoff.due(now):
            return None
        self.start()
        return ""
