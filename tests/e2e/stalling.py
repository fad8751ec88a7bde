"""`vedette detect` as a process that stops itself (SIGSTOP) at a named step of a checkpoint, once, when asked to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage.judge import ClickHouseJudgeStore
from stream import app
from stream.app import Detect
from vedette.cli import main

ROOT = Path(__file__).parents[2]
#: By step: whose method it stands before, and whether a call of it does anything.
STEPS: dict[str, tuple[type, str, Callable[..., bool]]] = {
    "dirty": (ClickHouseJudgeStore, "put_dirty", lambda _p, _t, marks, *, cleared: bool(marks) and not cleared),
    "alerts": (ClickHouseJudgeStore, "put_alerts", lambda _p, _t, revisions: bool(revisions)),
    "states": (ClickHouseJudgeStore, "put_states", lambda _p, _t, states: bool(states)),
    "cleared": (ClickHouseJudgeStore, "put_dirty", lambda _p, _t, marks, *, cleared: bool(marks) and cleared),
    "marker": (ClickHouseJudgeStore, "put_marker", lambda *_: True),
    "commit": (Detect, "_commit", lambda *_: True),
}


def start(step: str, ask: Path, data: Path, log: Path) -> subprocess.Popen[bytes]:
    """Another detect process of the system on `data`. It stops before `step` as soon as the file `ask` exists."""
    program = f"from tests.e2e.stalling import run; run({step!r}, {str(ask)!r}, {str(data)!r})"
    with open(log, "ab") as out:
        return subprocess.Popen([sys.executable, "-c", program], stdout=out, stderr=out, cwd=ROOT)


def run(step: str, ask: str, data: str) -> None:
    """The process. What became of the step after it woke stands in a file beside `ask`."""
    owner, name, matters = STEPS[step]
    original, slept = getattr(owner, name), list[str]()

    async def before(self: object, *args: Any, **named: Any) -> object:
        if not os.path.exists(ask) or not matters(*args, **named):
            return await original(self, *args, **named)
        os.unlink(ask)
        slept.append(step)
        os.kill(os.getpid(), signal.SIGSTOP)
        # whatever the group makes of this process meanwhile, it shall write
        writing = asyncio.ensure_future(original(self, *args, **named))
        writing.add_done_callback(lambda task: Path(f"{ask}.done").write_text(f"{task.exception()!r}"))
        return await asyncio.shield(writing)

    setattr(owner, name, before)
    app.stood_still = lambda *_: False  # it is to write, not to notice that it slept,
    for watching in ("_watch_models", "_watch_configurations"):  # nor that it heard of nothing for too long
        setattr(Detect, watching, _nothing)
    failed = Detect._failed

    def after_writing(self: Detect, error: BaseException) -> None:
        """Another of its judges may be refused first: the process ends when the step has been tried as well."""
        if os.path.exists(f"{ask}.done") or not slept:
            failed(self, error)

    Detect._failed = after_writing  # type: ignore[method-assign]  # in this process alone
    sys.exit(main(["detect", "--data", data]))


async def _nothing(_: Detect) -> None:
    """In place of a watch."""


def stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether it stands still."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
