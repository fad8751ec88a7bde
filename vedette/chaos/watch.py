"""What is measured while a chaos run goes on: how soon judges are back, and how much memory each part holds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from domain import clock
from domain.errors import StoreUnavailable
from storage.client import Client
from storage.settled import SettledStore
from vedette.chaos.load import TENANT

#: A marker written so shortly after a kill may still be the dead judge's, ms.
_IN_FLIGHT = 100
#: Seconds that the store gets to answer: the system must be looked after in between.
_PATIENCE = 2.0
#: What was struck is not whole again for so long, ms: a kill within it is not alone.
_HEALING = 20_000


class Recovery(msgspec.Struct, frozen=True):
    """Seconds from the kill of a detect process until it was started again, until every partition had made a
    checkpoint, and until every partition had judged what had occurred by then.

    `alone`: nothing else that events go through was struck shortly before or meanwhile.
    """

    alone: bool
    started: float
    judged: float
    level: float


@dataclass
class _Kill:
    at: int  # ms
    name: str
    pid: int
    alone: bool
    started: int = 0  # ms, 0 while it is not
    judged: dict[int, int] = field(default_factory=dict)  # by partition, the first marker since
    level: dict[int, int] = field(default_factory=dict)  # by partition, the first marker whose clock is beyond the kill


class Recoveries:
    """Told of every strike; `look` often. As exact as checkpoints are frequent.

    A partition that nobody takes over stays open: `open` says how many kills wait.
    """

    def __init__(self, reader: Client, partitions: int) -> None:
        self._settled, self._partitions = SettledStore(reader), partitions
        self._waiting: list[_Kill] = []
        self._struck = 0  # when anything was, ms
        self.done: list[Recovery] = []

    @property
    def open(self) -> int:
        return len(self._waiting)

    def struck(self) -> None:
        """Something that events go through was killed, stopped, woken or joined by another."""
        self._struck = clock.now()
        for kill in self._waiting:
            kill.alone = False

    def killed(self, name: str, pid: int) -> None:
        """A detect process was."""
        now = clock.now()
        alone = not self._waiting and now > self._struck + _HEALING
        self.struck()
        self._waiting.append(_Kill(now, name, pid, alone))

    async def look(self, pids: Mapping[str, int]) -> None:
        """`pids` of the processes that run now, by name."""
        if not self._waiting:
            return
        for kill in self._waiting:
            if not kill.started and pids.get(kill.name, kill.pid) != kill.pid:
                kill.started = clock.now()
        try:
            markers = await asyncio.wait_for(self._settled.markers(), _PATIENCE)
        except (StoreUnavailable, TimeoutError):
            return
        for kill in list(self._waiting):
            for marker in markers:
                if marker.partition < self._partitions and marker.written_at > kill.at + _IN_FLIGHT:
                    kill.judged.setdefault(marker.partition, marker.written_at)
                    if marker.clock_of.get(TENANT, 0) >= kill.at:
                        kill.level.setdefault(marker.partition, marker.written_at)
            if kill.started and len(kill.level) == self._partitions:
                ends = (kill.started, max(kill.judged.values()), max(kill.level.values()))
                self.done.append(Recovery(kill.alone, *((end - kill.at) / 1000 for end in ends)))
                self._waiting.remove(kill)


class Memory:
    """The most that each process held, bytes."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}

    def look(self, pids: Mapping[str, int]) -> None:
        for name, pid in pids.items():
            self.most[name] = max(self.most.get(name, 0), _held(pid))


def _held(pid: int) -> int:
    """Resident bytes of a process; 0 when it has gone, or where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
