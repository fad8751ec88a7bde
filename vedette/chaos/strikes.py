"""Faults that strike a running system: kills, stalls, workers that join and leave."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence

from vedette.chaos.plan import BESIDE, STALL, STAY, Fault
from vedette.chaos.watch import Recoveries
from vedette.children import kill, launch
from vedette.supervisor import Supervisor

#: Seconds in which one that stood still has noticed that it did, and ended, once it goes on.
NOTICES = 20.0


class Strikes:
    """`look` often; times are seconds from the first event. `recoveries` are told of what strikes the way of events."""

    def __init__(
        self,
        faults: Sequence[Fault],
        supervisor: Supervisor,
        joining: Sequence[str],
        *,
        recoveries: Recoveries,
        say: Callable[[str], None],
    ) -> None:
        self._faults, self._supervisor, self._joining = list(faults), supervisor, joining
        self._recoveries, self._say = recoveries, say
        self._asleep: list[tuple[float, str, subprocess.Popen[bytes]]] = []
        self._woken: list[tuple[float, subprocess.Popen[bytes]]] = []
        self._guests: list[tuple[float, bool, subprocess.Popen[bytes]]] = []
        self.done: Counter[str] = Counter()

    @property
    def over(self) -> bool:
        """Nothing is to come: no fault, nobody sleeps, and who was woken has noticed and ended."""
        return not (self._faults or self._asleep or self._woken or self._guests)

    def look(self, now: float) -> None:
        while self._faults and self._faults[0].at <= now and self._strike(self._faults[0], now):
            self._faults.pop(0)
        self._wake(now)
        self._leave(now)

    def close(self) -> None:
        """No process stays stopped, and no guest stays."""
        self._wake(float("inf"))
        for _, _, guest in self._guests:
            kill(guest)
        self._guests.clear()

    def _strike(self, fault: Fault, now: float) -> bool:
        """Whether there was something to strike; else it is tried again at the next look."""
        if fault.kind == "join":
            return self._join(fault, now)
        if fault.kind == "renew":
            return self._renew(now)
        name, process = self._victim(fault)
        if process is None:
            return False
        if fault.kind == "stall":
            if any(other is process for _, _, other in self._asleep):
                return False
            os.kill(process.pid, signal.SIGSTOP)
            self._recoveries.struck()
            self._asleep.append((now + STALL, name, process))
        else:
            if fault.kind == "broker":
                self._end_guests()
            os.kill(process.pid, signal.SIGKILL)
            if fault.victim == "detect":
                self._recoveries.killed(name, process.pid)
            elif fault.victim not in BESIDE:
                self._recoveries.struck()
        self.done[f"{fault.kind} {fault.victim}"] += 1
        self._say(f"{now:6.1f} s  {'SIGSTOP' if fault.kind == 'stall' else 'SIGKILL'} {name}")
        return True

    def _victim(self, fault: Fault) -> tuple[str, subprocess.Popen[bytes] | None]:
        parts = {"broker": self._supervisor.broker, "store": self._supervisor.store} | self._supervisor.children
        names = [name for name in parts if name.partition("-")[0] == fault.victim]
        name = names[int(fault.dice * len(names))]
        part = parts[name]
        process = part.process if part else None
        return name, process if process is not None and process.poll() is None else None

    def _join(self, fault: Fault, now: float) -> bool:
        number = self.done["join detect"] + 1
        self.done["join detect"] = number
        log = self._supervisor.logs / f"detect-guest-{number}.log"
        guest = launch(self._joining, log, environ=self._supervisor.environ)
        self._recoveries.struck()
        rng = random.Random(fault.dice)  # noqa: S311 (a plan, not a secret)
        self._guests.append((now + rng.uniform(*STAY), rng.random() < 0.5, guest))
        self._say(f"{now:6.1f} s  another detect joins")
        return True

    def _renew(self, now: float) -> bool:
        self._end_guests()
        if not self._supervisor.renew_broker():
            return False
        self._recoveries.struck()
        self.done["renew broker"] += 1
        self._say(f"{now:6.1f} s  the broker was renewed")
        return True

    def _wake(self, now: float) -> None:
        self._woken = [(due, process) for due, process in self._woken if now < due and process.poll() is None]
        for due, name, process in [each for each in self._asleep if each[0] <= now]:
            self._asleep.remove((due, name, process))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                self._woken.append((now + NOTICES, process))
                self._recoveries.struck()
                self._say(f"{min(now, due):6.1f} s  SIGCONT {name}")

    def _leave(self, now: float) -> None:
        """A guest leaves politely or not; one that was refused has ended by itself."""
        for guest in [each for each in self._guests if each[0] <= now or each[2].poll() is not None]:
            _, rudely, process = guest
            if process.poll() is None:
                self._say(f"{now:6.1f} s  it leaves ({'SIGKILL' if rudely else 'SIGTERM'})")
                process.kill() if rudely else process.terminate()
                self._recoveries.struck()
                self._guests[self._guests.index(guest)] = (now + STAY[0], True, process)
            else:
                self._guests.remove(guest)

    def _end_guests(self) -> None:
        """Nothing of an epoch outlives it."""
        for _, _, guest in self._guests:
            kill(guest)
        self._guests.clear()
