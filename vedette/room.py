"""Room to work in: warns, once each time, when the disk runs full or the broker's memory grows large."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

DISK_FREE_SHARE, DISK_FREE_BYTES = 0.10, 500_000_000
#: The embedded broker never frees memory; from here on it is to be renewed.
BROKER_MEMORY = 2_000_000_000
#: From here on nothing more is taken over HTTP: better refused than lost with a broker that the system ends.
BROKER_FULL = 2 * BROKER_MEMORY
EVERY = 60.0  # seconds


def disk_is_short(data: Path) -> str:
    """A sentence when less than 10 % or 500 MB are free on the disk of `data`, else ""."""
    usage = shutil.disk_usage(data)
    if usage.free >= DISK_FREE_BYTES and usage.free >= DISK_FREE_SHARE * usage.total:
        return ""
    share = 100 * usage.free // max(1, usage.total)
    return f"only {usage.free // 1_000_000} MB ({share} %) are free on the disk of {data}; make room before it is full"


def memory_is_large(held: int) -> str:
    """A sentence when a broker that holds `held` bytes should be restarted, else ""."""
    if held <= BROKER_MEMORY:
        return ""
    return f"the embedded broker holds {held // 1_000_000} MB; it is renewed as soon as all of it is stored"


def no_room(held: int, *, renewing: bool = False) -> str:
    """A sentence when a broker that holds `held` bytes, or is about to be emptied, should be given nothing more."""
    if renewing:
        return "the embedded broker is being renewed, which takes some seconds; send the same again"
    if held <= BROKER_FULL:
        return ""
    return f"the embedded broker is full ({held // 1_000_000} MB); restart `vedette up`, then send the same again"


class Room:
    """Looks at most once a minute, and says a warning once until it has gone."""

    def __init__(self, data: Path, *, memory: Callable[[], int], say: Callable[[str], None]) -> None:
        self._data, self._memory, self._say = data, memory, say
        self._next = 0.0
        self._said: set[str] = set()

    def look(self, now: float) -> None:
        """`now` is monotonic, in seconds."""
        if now < self._next:
            return
        self._next = now + EVERY
        for what, line in (("disk", disk_is_short(self._data)), ("memory", memory_is_large(self._memory()))):
            if line and what not in self._said:
                self._say(line)
            self._said = self._said | {what} if line else self._said - {what}
