"""What is measured while a chaos run goes on: how soon judges are back, and how much memory each part holds."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from domain import clock
from domain.errors import StoreUnavailable
from storage.client import Client
from storage.settled import SettledStore

#: A marker written so shortly after a kill may still be the dead judge's, ms.
_IN_FLIGHT = 100
#: Seconds that the store gets to answer: the system must be looked after in between.
_PATIENCE = 2.0


class Recoveries:
    """After `killed`, the time until every partition has made a checkpoint again.

    Judges make one every two seconds at most, so that is how exact it is. A partition that nobody takes over stays
    open: `open` says how many kills wait.
    """

    def __init__(self, reader: Client, partitions: int) -> None:
        self._settled, self._partitions = SettledStore(reader), partitions
        self._waiting: list[tuple[int, dict[int, int]]] = []  # when it was killed; by partition, the first marker since
        self.seconds: list[float] = []

    @property
    def open(self) -> int:
        return len(self._waiting)

    def killed(self) -> None:
        self._waiting.append((clock.now(), {}))

    async def look(self) -> None:
        if not self._waiting:
            return
        try:
            markers = await asyncio.wait_for(self._settled.markers(), _PATIENCE)
        except (StoreUnavailable, TimeoutError):
            return
        for at, since in list(self._waiting):
            for marker in markers:
                if marker.partition < self._partitions and marker.written_at > at + _IN_FLIGHT:
                    since.setdefault(marker.partition, marker.written_at)
            if len(since) == self._partitions:
                self.seconds.append((max(since.values()) - at) / 1000)
                self._waiting.remove((at, since))


class Memory:
    """The most that each process held, bytes."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}

    def look(self, pids: dict[str, int]) -> None:
        for name, pid in pids.items():
            self.most[name] = max(self.most.get(name, 0), _held(pid))


def _held(pid: int) -> int:
    """Resident bytes of a process; 0 when it has gone, or where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
