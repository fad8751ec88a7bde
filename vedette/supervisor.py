"""The supervisor: starts the embedded parts and the roles as children, restarts what dies, stops all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Protocol

import msgspec

from domain.errors import VedetteError
from storage.settings import StoreSettings
from vedette.children import Backoff, Child, ended, finish, kill
from vedette.compose import Running, run_file, write_run_file
from vedette.room import Room
from vedette.settings import Settings

#: The roles, in the order they start.
ROLES = ("ingest", "detect", "api", "notify")
#: Those that belong to one epoch and end before the next is opened.
_OF_AN_EPOCH = ("ingest", "detect")
#: Seconds that a clean stop gives the roles, the broker and the store: 10 in all, with a little to spare.
STOP_ROLES, STOP_BROKER, STOP_STORE = 6.0, 0.5, 2.5
#: Seconds that roles get to end when the broker is gone: they can only lose what they would do again anyway.
END_OF_EPOCH = 3.0


def processes(workers: int) -> dict[str, str]:
    """The processes of a system and the role of each, in the order they start: with more than one worker, detect has
    one process for each of them (`detect`, `detect-2`, ...).
    """
    names = {"detect": ["detect", *(f"detect-{n}" for n in range(2, workers + 1))]}
    return {name: role for role in ROLES for name in names.get(role, [role])}


def of_an_epoch(name: str) -> bool:
    """Whether a process ends with its epoch."""
    return name.partition("-")[0] in _OF_AN_EPOCH


class StopAsked(KeyboardInterrupt):
    """A signal asked us to stop; raised wherever we are, so that no wait delays a stop."""


class Broker(Protocol):
    """The embedded broker, as far as the supervisor knows it."""

    process: subprocess.Popen[bytes] | None
    broker_id: str

    @property
    def bootstrap(self) -> str: ...
    def start(self) -> None: ...
    def memory(self) -> int: ...
    def stop(self, *, seconds: float) -> None: ...


class Store(Protocol):
    """The embedded store, as far as the supervisor knows it."""

    process: subprocess.Popen[bytes] | None

    def start(self) -> StoreSettings: ...


class Supervisor:
    """`start`, then `watch` until a signal, then `stop`. `say` gets one line per thing a person should know.

    `prepare(settings, broker)` brings schema, topics and epoch up to date and returns the epoch's number; `broker`
    names this life of an embedded one, else it is "". It is called while ingest and detect do not run. A part that is
    None is somebody else's: only its address is used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        commands: Mapping[str, list[str]],
        prepare: Callable[[Settings, str], int],
        say: Callable[[str], None],
        broker: Broker | None = None,
        store: Store | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.settings, self.broker, self.store = settings, broker, store
        self.data, self.logs = settings.data_dir, settings.data_dir / "logs"
        self.children = {
            name: Child(name, command, self.logs / f"{name}.log", environ=environ) for name, command in commands.items()
        }
        self.environ = environ
        self.epoch = 0
        self._prepare, self._say = prepare, say
        self._open = False  # whether an epoch is open, so that its roles may run
        self._backoff = {"broker": Backoff(), "store": Backoff()}
        self._began: dict[str, float] = {}
        self._room = Room(self.data, memory=broker.memory if broker else lambda: 0, say=say)

    # -- starting
    def start(self) -> None:
        """Parts, schema, topics, epoch, roles. VedetteError says in one sentence why not; then call `stop`."""
        run_file(self.data).unlink(missing_ok=True)  # of one that was killed: its addresses are dead
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._room.look(time.monotonic())
        if self.store:
            self._start_store()
        self._open_epoch()
        for child in self.children.values():
            child.start()
        self._write()

    def _start_store(self) -> None:
        assert self.store is not None
        try:
            self.settings = msgspec.structs.replace(self.settings, store=self.store.start())
        except VedetteError:
            if self.store.process:
                kill(self.store.process)
            raise
        self._began["store"] = time.monotonic()

    def _open_epoch(self) -> None:
        """Nothing of the old epoch runs any more: start the broker if it is ours and gone, then open the next."""
        identity = ""  # a Kafka of its own is asked who it is
        if self.broker:
            if not _runs(self.broker.process):
                self.broker.start()
                self._began["broker"] = time.monotonic()
            identity = self.broker.broker_id
            kafka = msgspec.structs.replace(self.settings.kafka, bootstrap=self.broker.bootstrap)
            self.settings = msgspec.structs.replace(self.settings, kafka=kafka)
        self.epoch = self._prepare(self.settings, identity)
        self._open = True
        self._write()

    def _write(self) -> None:
        """run.json: where everything is."""
        api = self.settings.api
        found = Running(
            pid=os.getpid(),
            bootstrap=self.settings.kafka.bootstrap,
            store_url=self.settings.store.url,
            broker=self.broker.broker_id if self.broker else "",
            api_url=f"http://{api.host}:{api.port}",
            epoch=self.epoch,
            pids=self.pids(),
        )
        write_run_file(self.data, found)

    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        parts = {"broker": self.broker, "store": self.store} | self.children
        return {name: part.process.pid for name, part in parts.items() if part and part.process}

    # -- watching
    def watch(self, *, tick: float = 0.2) -> None:
        """Restarts what dies, until StopAsked."""
        while True:
            self.look()
            time.sleep(tick)

    def look(self) -> None:
        """One round: parts first, then the roles that may run."""
        now = time.monotonic()
        changed = self._tend("store", self.store, now, self._start_store)
        changed |= self._tend_broker(now)
        for name, child in self.children.items():
            if of_an_epoch(name) and not self._open:
                continue
            line = child.tend()
            changed |= line is not None
            if line:
                self._say(line)
        if changed:
            self._write()
        self._room.look(now)

    def _tend(self, name: str, part: Broker | Store | None, now: float, again: Callable[[], None]) -> bool:
        """Notices that a part has died, and starts it again when it is due; whether anything changed."""
        if part is None or _runs(part.process):
            return False
        backoff = self._backoff[name]
        if part.process is not None:
            waiting = backoff.failed(now, lived=now - self._began.get(name, now))
            self._say(f"{name} ended ({ended(part.process)}); it starts again in {waiting:.1f} s")
            part.process = None
            return True
        return backoff.due(now) and self._try(name, part, again)

    def _try(self, name: str, part: Broker | Store, again: Callable[[], None]) -> bool:
        try:
            again()
        except VedetteError as error:
            now = time.monotonic()
            waiting = self._backoff[name].failed(now, lived=0.0)
            said = str(error).partition("\n")[0][:400]
            self._say(f"{name}: {said}; next try in {waiting:.1f} s")
            part.process = part.process if _runs(part.process) else None
            return False
        self._say(f"{name} runs again")
        return True

    def _tend_broker(self, now: float) -> bool:
        """A broker that died took the activity log with it: what belongs to the epoch ends, then a new one begins."""
        if self.broker is None:
            return False
        if _runs(self.broker.process) and not self._open:  # it came up, but the epoch could not be opened
            return self._backoff["broker"].due(now) and self._try("broker", self.broker, self._next_epoch)
        changed = self._tend("broker", self.broker, now, self._next_epoch)
        if self._open and not _runs(self.broker.process):
            self._open = False
            self._end(filter(of_an_epoch, self.children), time.monotonic() + END_OF_EPOCH, quietly=True)
        return changed

    def _next_epoch(self) -> None:
        self._open_epoch()
        for name in filter(of_an_epoch, self.children):
            self.children[name].start()
        self._say(f"epoch {self.epoch} is open")

    # -- stopping
    def stop(self) -> None:
        """Roles first, then the broker, the store last, within 10 s; who does not end in time is killed.

        StopAsked once more kills at once.
        """
        try:
            self._end(self.children, time.monotonic() + STOP_ROLES)
            if self.broker:
                self.broker.stop(seconds=STOP_BROKER)
            if self.store and self.store.process and _runs(self.store.process):
                self.store.process.terminate()
                if not finish(self.store.process, time.monotonic() + STOP_STORE):
                    self._say("store did not end in time and was killed")
        except StopAsked:
            self._say("asked again: killing what still runs")
        finally:
            for part in (*self.children.values(), self.broker, self.store):
                if part and part.process:
                    kill(part.process)
            run_file(self.data).unlink(missing_ok=True)

    def _end(self, names: Iterable[str], deadline: float, *, quietly: bool = False) -> None:
        """SIGTERM to all of them at once, SIGKILL to those that still run at `deadline` (monotonic)."""
        ending = [self.children[name] for name in names if name in self.children]
        for child in ending:
            child.term()
        for child in ending:
            if not finish(child.process, deadline) and not quietly:
                self._say(f"{child.name} did not end in time and was killed")
            child.process = None


def _runs(process: subprocess.Popen[bytes] | None) -> bool:
    return process is not None and process.poll() is None


def raise_on_signals() -> None:
    """From now on SIGTERM and SIGINT raise StopAsked in the main thread, twice at most."""
    asked = 0

    def ask(number: int, _: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_IGN)
        raise StopAsked(signal.Signals(number).name)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask)


def role_command(python: str, role: str, arguments: Iterable[str], data: Path) -> list[str]:
    """How a role is started: `-P`, so that a stranger's `models/` in the working directory never shadows ours."""
    return [python, "-P", "-m", "vedette", role, "--data", str(data), *arguments]
