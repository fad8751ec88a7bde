"""A real ClickHouse server on loopback, from the chdb-core wheel, with three users.

    python -P -m vedette.embedded.store --dir DIR --http PORT [--database NAME ...]

Prints one ready line and runs until SIGTERM, or until the process that started it is gone. kill -9 loses no
acknowledged insert. The wheel carries clickhouse-local whole, and clickhouse-local has listeners: a sleeping query
keeps it alive, and ending that query stops it cleanly.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.errors import StoreUnavailable
from storage.settings import StoreSettings, StoreUser
from vedette.embedded import ports
from vedette.embedded.store_files import ROLES, STOPPER, credentials, own, prepare

#: Sleeps in short spells, each of which can be ended: a stop takes less than one of them longer.
_HOLD = (
    "SELECT sleepEachRow(0.25) AS hold_open FROM system.numbers "
    "SETTINGS max_block_size=1, max_execution_time=0 FORMAT Null"
)
_IS_HELD = "SELECT count() FROM system.processes WHERE user = '' AND query LIKE '%AS hold_open%'"
_LET_GO = "KILL QUERY WHERE user = '' AND query LIKE '%AS hold_open%' ASYNC"
#: Seconds until a server that does not answer is given up, and until one that does not stop is killed.
START_TIMEOUT, STOP_TIMEOUT = 60, 15
_NO_SPACE = ("NOT_ENOUGH_SPACE", "No space left on device")


def settings_for(home: Path, port: int, database: str = "vedette") -> StoreSettings:
    """How to reach the server that runs in `home`."""
    migrator, writer, reader = (
        StoreUser(name=f"vedette_{role}", password_file=str(home / f"secrets/{role}")) for role in ROLES
    )
    url = f"http://127.0.0.1:{port}"
    return StoreSettings(url=url, database=database, migrator=migrator, writer=writer, reader=reader)


def _serve(home: Path, port: int, parent: int, stopper: str) -> int:
    """Run the engine in a thread until asked to stop; 0 when it stopped cleanly."""
    os.chdir(home)  # where the engine looks for its settings
    try:
        from chdb import _chdb

        engine_query: Any = _chdb.query  # type: ignore[attr-defined]  # compiled, and its stub leaves it out
    except ImportError as error:
        return _say(f"the store has no build for this platform ({error}); set store.url to a ClickHouse server", 2)
    failure: list[str] = []

    def run() -> None:
        try:
            engine_query(f"SYSTEM START LISTEN HTTP; {_HOLD}", "TabSeparated", path=str(home / "data"))
        except Exception as error:  # the engine's text is the message
            failure.append(str(error))

    asked = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked.set())
    engine = threading.Thread(target=run, name="engine", daemon=True)
    engine.start()
    if _holds(port, engine, stopper):
        print(f"ready http://127.0.0.1:{port}", flush=True)
    while engine.is_alive() and not asked.wait(0.5):
        if parent and os.getppid() != parent:
            asked.set()
    if engine.is_alive():
        _end(port, stopper)
        engine.join(STOP_TIMEOUT)
    if not asked.is_set():
        return _say(_why(failure[0] if failure else "the engine ended by itself", home), 1)
    return 1 if engine.is_alive() else 0


def _holds(port: int, engine: threading.Thread, password: str) -> bool:
    """Wait until the port is open and the query that keeps it open runs: from then on `default` is refused."""
    deadline = time.monotonic() + START_TIMEOUT
    while engine.is_alive() and time.monotonic() < deadline:
        try:
            if _ask(port, _IS_HELD, password):
                return True
        except OSError:  # not open yet
            pass
        time.sleep(0.02)
    return False


def _ask(port: int, sql: str, password: str) -> bytes:
    """The answer to a statement of STOPPER, without white space, b"" for 0."""
    headers = {"Authorization": credentials(STOPPER, password)}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", sql.encode(), headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        read: bytes = answer.read()
        return read.strip().removeprefix(b"0")


def _end(port: int, password: str) -> None:
    """End the query that keeps the server open: parts are flushed and the directory can be opened again."""
    try:
        _ask(port, _LET_GO, password)
    except OSError as error:
        _say(f"the store could not be asked to stop: {error}", 1)


def _why(words: str, home: Path) -> str:
    if any(sign in words for sign in _NO_SPACE):
        return f"the disk of {home} is full; make room and start again, nothing that was stored is lost"
    return f"the store stopped: {words.splitlines()[0][:400]}"


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return code


class EmbeddedStore:
    """A server child for the supervisor and for tests: `start` waits until it answers, `stop` until it is gone."""

    def __init__(
        self, home: Path, *, port: int = 0, databases: Sequence[str] = ("vedette",), log: Path | None = None
    ) -> None:
        self.home, self.port, self.databases = home.resolve(), port or ports.free(), databases
        self._log = log or self.home / "store.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> StoreSettings:
        """Raises StoreUnavailable with the server's own words when it does not come up."""
        if ports.taken(self.port):
            raise StoreUnavailable(_taken(self.port))
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self._log, "ab") as out:
            before = out.tell()
            self.process = subprocess.Popen(self._command(), stdout=out, stderr=out, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            if f"ready http://127.0.0.1:{self.port}\n" in self._said(before):
                return settings_for(self.home, self.port, self.databases[0])
            time.sleep(0.02)
        words = self._said(before).strip().splitlines()
        raise StoreUnavailable(f"the embedded store did not start: {words[-1] if words else 'it said nothing'}")

    def _said(self, before: int) -> str:
        """What the log says behind its first `before` bytes."""
        with open(self._log, "rb") as file:
            file.seek(before)
            return file.read().decode(errors="replace")

    def _command(self) -> list[str]:
        names = [part for database in self.databases for part in ("--database", database)]
        place = ["--dir", str(self.home), "--http", str(self.port), "--parent", str(os.getpid())]
        return [sys.executable, "-P", "-m", "vedette.embedded.store", *place, *names]

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _taken(port: int) -> str:
    return f"port {port} is taken; stop what listens there or choose another port for the store"


def main() -> int:
    cli = argparse.ArgumentParser(prog="vedette.embedded.store")
    cli.add_argument("--dir", type=Path, required=True)
    cli.add_argument("--http", type=int, required=True)
    cli.add_argument("--database", action="append")
    cli.add_argument("--parent", type=int, default=0, help="stop when this process is no longer the parent")
    a = cli.parse_args()
    if ports.taken(a.http):
        return _say(_taken(a.http), 3)
    home = a.dir.resolve()
    try:
        with own(home):
            stopper = prepare(home, port=a.http, databases=a.database or ["vedette"])
            return _serve(home, a.http, a.parent, stopper)
    except StoreUnavailable as error:
        return _say(str(error), 3)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return _say(_why(os.strerror(errno.ENOSPC), home), 1)
        return _say(f"the store cannot use {home}: {error.strerror}; choose a directory of your own", 1)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the engine's threads do not end by themselves
