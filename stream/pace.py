"""How settling shares a process with live judging: as it likes while that keeps up, a small part of the time while not.

It reads the loop's clock: that decides when a subject is settled, never what comes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.settle import MOST, TOGETHER, Pause

#: What is judged now came in so long ago while live judging keeps up, ms.
PROMPT = 2_000
#: The least part of the time that all settling of a process has, however far live judging is behind.
LEAST = 0.05
#: Subjects settled at a time at least. Where live judging does not keep up they are fewer than else: it would wait for
#: a checkpoint that writes all of them.
FEW = 25
#: Seconds between two looks whether there is time to settle.
LOOK = 0.05
#: The same between two slices, and how many looks at most: what is applied of the subjects meanwhile has to be folded
#: once more, so that what has begun is not held up for long.
BETWEEN, LOOKS = 0.005, 10


class Pace:
    """Of all settling of one process. `delay` says how long ago (ms) came in what its judges judge now."""

    def __init__(self, delay: Callable[[], float]) -> None:
        self._delay = delay
        self._at_work = 0
        self._until = 0.0  # by the loop's time: until then live judging goes first, unless it keeps up

    @property
    def share(self) -> float:
        """The part of the time that settling has now."""
        return max(LEAST, min(1.0, PROMPT / max(1.0, self._delay())))

    async def settle(self, some: Callable[[int, Pause], Awaitable[int]]) -> int:
        """When there is time for it, `some` is given how many subjects to settle at most, and how to pause."""
        while self.share < 1 and (self._at_work or _now() < self._until):  # noqa: ASYNC110 nobody tells of the end
            await asyncio.sleep(LOOK)
        since = _now()

        async def pause() -> None:
            nonlocal since
            self._used(since)
            await asyncio.sleep(0)
            for _ in range(LOOKS):
                if self.share == 1 or _now() >= self._until:
                    break
                await asyncio.sleep(BETWEEN)
            since = _now()

        self._at_work += 1
        try:
            return await some(MOST if self.share == 1 else max(FEW, int(TOGETHER * self.share)), pause)
        finally:
            self._at_work -= 1
            self._used(since)

    def _used(self, since: float) -> None:
        now = _now()
        self._until = max(self._until, now) + (now - since) * (1 / self.share - 1)


def _now() -> float:
    return asyncio.get_running_loop().time()
