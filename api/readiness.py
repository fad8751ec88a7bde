"""Whether everything the API needs can be used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from domain.errors import Unavailable
from storage.epochs import EpochStore

#: How long an answer is told again, seconds: nobody needs a key to ask, so asking must cost little.
FRESH: Final = 1.0


class State(msgspec.Struct, frozen=True):
    """The open epoch, or in `fault` a sentence that says what does not answer and the remedy."""

    epoch: int = 0
    fault: str = ""


class Readiness:
    """Looks at the store and at `usable`, at most once a second."""

    def __init__(self, epochs: EpochStore, usable: Callable[[], Awaitable[None]]) -> None:
        self._epochs, self._usable = epochs, usable
        self._looking = asyncio.Lock()
        self._last: tuple[float, State] | None = None

    async def look(self) -> State:
        loop = asyncio.get_running_loop()
        async with self._looking:
            if self._last is None or loop.time() - self._last[0] >= FRESH:
                self._last = (loop.time(), await self._examine())
            return self._last[1]

    async def _examine(self) -> State:
        try:
            epoch = await self._epochs.current()
            await self._usable()
        except Unavailable as error:
            return State(fault=str(error))
        if epoch is None:
            return State(fault="no epoch is open; start the system with `vedette up`, or run `vedette migrate`")
        return State(epoch=epoch.epoch)
