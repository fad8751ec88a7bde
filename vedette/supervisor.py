"""The supervisor: starts the embedded parts and the roles as children, restarts what dies, stops all in order."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from domain import clock
from domain.errors import VedetteError
from vedette import nightly
from vedette.children import Backoff, Child, ended, finish, kill
from vedette.compose import Running, run_file, write_run_file
from vedette.parts import Broker, Store
from vedette.roles import of_an_epoch
from vedette.room import Room
from vedette.settings import Settings
from vedette.signals import StopAsked

#: Seconds that a clean stop gives the roles, the broker and the store: 10 in all, with a little to spare.
STOP_ROLES, STOP_BROKER, STOP_STORE = 6.0, 0.5, 2.5
#: Seconds that roles get to end when the broker is gone: they can only lose what they would do again anyway.
END_OF_EPOCH = 3.0
#: Seconds in which all that the broker holds must be stored and judged before it is renewed; from one try to the next.
DRAIN, DRAIN_AGAIN = 30.0, 60.0


class Supervisor:
    """`start`, then `watch` until a signal, then `stop`. `say` gets one line per thing a person should know.

    `prepare(settings, broker)` brings schema, topics and epoch up to date and returns the epoch's number; `broker`
    names this life of an embedded one, else it is "". It is called while ingest and detect do not run. A part that is
    None is somebody else's: only its address is used.

    `leave(settings, name, pid)` is told of each child found dead, so that others take over its share at once.

    `drained(settings, epoch)` says whether all that the embedded broker was given is stored and was heard by every
    judge; without it the broker is never renewed.
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
        drained: Callable[[Settings, int], bool] | None = None,
        leave: Callable[[Settings, str, int], None] = lambda *_: None,
    ) -> None:
        self.settings, self.broker, self.store = settings, broker, store
        self.data, self.logs = settings.data_dir, settings.data_dir / "logs"
        self.children = {
            name: Child(name, command, self.logs / f"{name}.log", environ=environ) for name, command in commands.items()
        }
        self.environ = environ
        self.epoch = 0
        self._prepare, self._say, self._drained, self._leave = prepare, say, drained, leave
        self._renewing, self._renewal_asked, self._renew_at = False, False, 0.0  # monotonic
        self._nightly = nightly.Nightly(settings.embedded.broker_nightly, clock.now())
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
            renewing=self._renewing,
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
        changed = self._tend("store", self.store, now, self._start_store) | self._tend_broker(now)
        for name, child in self.children.items():
            if of_an_epoch(name) and not self._open:
                continue
            process = child.process
            line = child.tend()
            changed |= line is not None
            if line and process:
                self._say(line)
                self._take_leave(name, process.pid)
        if changed:
            self._write()
        self._room.look(now)
        night = self._nightly.due(clock.now()) and self._is_large(share=nightly.WORTH)
        if self._open and now >= self._renew_at and (night or self._renewal_asked or self._is_large()):
            self._renewal_asked = False
            self.renew_broker()

    def _take_leave(self, name: str, pid: int) -> None:
        try:
            self._leave(self.settings, name, pid)
        except VedetteError as error:
            self._say(f"{name}: its work is shared out only when its session has ended: {error}")

    def _is_large(self, *, share: int = 1) -> bool:
        return self.broker is not None and self.broker.memory() > self.settings.embedded.broker_memory // share

    def ask_renewal(self) -> None:
        """Renew the embedded broker at the next look, however much it holds; safe in a signal handler."""
        self._renewal_asked = True

    # -- renewing
    def renew_broker(self) -> bool:
        """Give the embedded broker's memory back: it is emptied by a restart, which is a new epoch.

        HTTP is told to wait; then everything must have been stored and judged, or it is put off and False. What Kafka
        clients send between the last look and the end of the old broker is lost, as when it is killed.
        """
        if self.broker is None or self._drained is None or not _runs(self.broker.process):
            return False
        began = time.monotonic()
        self._renewing = True
        self._write()
        try:
            while not self._is_drained():
                waited = time.monotonic() - began
                if waited > DRAIN or not self._is_whole():
                    self._renew_at = time.monotonic() + DRAIN_AGAIN
                    self._say(f"broker: not all it holds was stored within {waited:.0f} s; it is renewed later")
                    return False
                time.sleep(0.1)
            self._replace_broker()
            self._nightly.done(clock.now())
        finally:
            self._renewing = False
            self._write()
        self._say(f"broker renewed in {time.monotonic() - began:.1f} s; epoch {self.epoch} is open")
        return True

    def _is_whole(self) -> bool:
        """Whether everything runs that is ours; what does not is for `look` to bring back."""
        return all(_runs(part.process) for part in (self.broker, self.store, *self.children.values()) if part)

    def _is_drained(self) -> bool:
        assert self._drained is not None
        try:
            return self._drained(self.settings, self.epoch)
        except VedetteError:  # a part is away, and `look` brings it back when we give up
            return False

    def _replace_broker(self) -> None:
        """The broker first: while it goes, nobody can be told any more that it has what nobody will store."""
        assert self.broker is not None
        self.broker.stop(seconds=STOP_BROKER)
        self._open, self.broker.process = False, None
        self._end(filter(of_an_epoch, self.children), time.monotonic() + END_OF_EPOCH, quietly=True)
        if self._try("broker", self.broker, self._next_epoch):
            self._renew_at = time.monotonic() + DRAIN_AGAIN

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
