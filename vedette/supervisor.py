"""The supervisor: starts the embedded parts and the roles as children, restarts what dies, stops all in order."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from domain.errors import VedetteError
from vedette.commands.migrate import prepare
from vedette.compose import Running, run_file
from vedette.embedded.broker import EmbeddedBroker, die_with_parent
from vedette.embedded.store import EmbeddedStore, free_port
from vedette.settings import Settings

#: The roles in the order they start; they stop in reverse.
ROLES = ("ingest", "detect", "api", "notify")
#: Those that belong to one epoch and end before the next is opened.
OF_AN_EPOCH = ("ingest", "detect")
BACKOFF_FIRST, BACKOFF_LAST, HEALTHY_AFTER = 0.2, 10.0, 30.0
STOP_SECONDS = 8.0
DISK_FREE_SHARE, DISK_FREE_BYTES = 0.10, 500_000_000


class Lock:
    """One `up` per data directory."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        data.chmod(0o700)
        self._file = open(data / "lock", "a+")  # noqa: SIM115 (held until the process ends)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip() or "unknown"
            raise VedetteError(
                f"{data} is in use by another `vedette up` (pid {owner}); stop it, or choose another directory with --data"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()


@dataclass
class Child:
    """One role: its process, and when it may be started again after it died."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = BACKOFF_FIRST
    again_at: float = 0.0
    wanted: bool = True

    def start(self) -> None:
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (the supervisor has no threads)
            )
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def term(self) -> None:
        if self.alive and self.process:
            self.process.terminate()

    def reap(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic), then SIGKILL."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.05, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Supervisor:
    """`start`, then `watch` until it returns, then `stop`. `say` gets one line per thing a person should know."""

    settings: Settings
    arguments: list[str]
    say: Callable[[str], None]
    children: dict[str, Child] = field(default_factory=dict)
    broker: EmbeddedBroker | None = None
    store: EmbeddedStore | None = None
    epoch: int = 0
    stopping: bool = False

    @property
    def data(self) -> Path:
        return self.settings.data_dir

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def start(self) -> None:
        """Parts, schema, topics, epoch, roles. Raises what says in one sentence why not."""
        self.logs.mkdir(exist_ok=True, mode=0o700)
        self._look_at_disk()
        made = self.settings
        if not made.store.url:
            self.store = EmbeddedStore(
                self.data / "store", port=free_port(), databases=(made.store.database,), log=self.logs / "store.log"
            )
            made = msgspec.structs.replace(made, store=self.store.start())
        if not made.kafka.bootstrap:
            self.broker = EmbeddedBroker(port=free_port(), log=self.logs / "broker.log")
            self.broker.start()
            made = msgspec.structs.replace(
                made, kafka=msgspec.structs.replace(made.kafka, bootstrap=self.broker.bootstrap)
            )
        self.settings = made
        self._open()
        for role in ROLES:
            command = [sys.executable, "-P", "-m", "vedette", role, "--data", str(self.data), *self.arguments]
            self.children[role] = Child(role, command, self.logs / f"{role}.log")
            self.children[role].start()
        self._write()

    def _open(self) -> None:
        identity = self.broker.broker_id if self.broker else f"kafka:{self.settings.kafka.bootstrap}"
        self.epoch = asyncio.run(prepare(self.settings, broker=identity))
        self._write()

    def _write(self) -> None:
        """run.json, atomically: where everything is."""
        found = Running(
            pid=os.getpid(),
            bootstrap=self.settings.kafka.bootstrap,
            store_url=self.settings.store.url,
            broker=self.broker.broker_id if self.broker else "",
            api_url=f"http://{self.settings.api.host}:{self.settings.api.port}",
            epoch=self.epoch,
            pids=self.pids(),
        )
        draft = run_file(self.data).with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
        draft.replace(run_file(self.data))

    def pids(self) -> dict[str, int]:
        found = {name: child.process.pid for name, child in self.children.items() if child.process}
        for name, part in (("broker", self.broker), ("store", self.store)):
            if part and part.process:
                found[name] = part.process.pid
        return found

    def _look_at_disk(self) -> None:
        usage = shutil.disk_usage(self.data)
        if usage.free < DISK_FREE_BYTES or usage.free < DISK_FREE_SHARE * usage.total:
            self.say(f"little room: {usage.free // 1_000_000} MB free on the disk of {self.data}; make room before it is full")

    # -- watching
    def watch(self, *, tick: float = 0.1) -> None:
        """Until `stopping`: restart what dies."""
        while not self.stopping:
            self.look()
            time.sleep(tick)

    def look(self) -> None:
        """One round: parts first, then roles."""
        changed = False
        if self.store and self.store.process and self.store.process.poll() is not None:
            self.say(f"store ended with {self.store.process.returncode}; starting it again")
            self.store.start()
            changed = True
        if self.broker and self.broker.process and self.broker.process.poll() is not None:
            self.say(f"broker ended with {self.broker.process.returncode}; a new epoch begins")
            self._new_epoch()
            changed = True
        for child in self.children.values():
            changed |= self._tend(child)
        if changed:
            self._write()

    def _tend(self, child: Child) -> bool:
        now = time.monotonic()
        if child.alive:
            if now - child.started > HEALTHY_AFTER:
                child.backoff = BACKOFF_FIRST
            return False
        if child.process is not None:
            self.say(
                f"{child.name} ended with {child.process.returncode}; starting it again in {child.backoff:.1f} s "
                f"(see {child.log})"
            )
            child.process, child.again_at = None, now + child.backoff
            child.backoff = min(BACKOFF_LAST, child.backoff * 2)
        if now < child.again_at:
            return False
        child.start()
        return True

    def _new_epoch(self) -> None:
        """Between epochs nothing runs: end what reads and writes the log, start the broker, open, start again."""
        assert self.broker is not None
        deadline = time.monotonic() + 3
        for role in OF_AN_EPOCH:
            self.children[role].term()
        for role in OF_AN_EPOCH:
            self.children[role].reap(deadline)
        self.broker.start()
        self._open()
        for role in OF_AN_EPOCH:
            self.children[role].start()

    # -- stopping
    def stop(self) -> None:
        """Roles first, then the broker, the store last; whoever does not end in time is killed."""
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children.values():
            child.term()
        for child in reversed(self.children.values()):
            child.reap(deadline)
        if self.broker:
            self.broker.stop()
        if self.store:
            self.store.stop()
        run_file(self.data).unlink(missing_ok=True)


def stop_on_signals(supervisor: Supervisor) -> None:
    """SIGTERM and SIGINT end `watch`."""

    def asked(*_: object) -> None:
        supervisor.stopping = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, asked)
