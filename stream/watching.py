"""Looks again and again for what was put in effect, and gives up before it could judge without it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from domain.errors import Unavailable, VedetteError

log = logging.getLogger("vedette.detect")


async def watch(
    take: Callable[[], Awaitable[None]],
    *,
    what: str,
    every: float,
    patience: float,
    stopped: Callable[[], bool],
    lost: Callable[[VedetteError], None],
) -> None:
    """`take` every so many seconds until `stopped`; a store that is away is waited for, at most `patience` seconds.

    Then, and for every other error of ours at once, `lost` is called and this ends.
    """
    loop = asyncio.get_running_loop()
    last = loop.time()
    while not stopped():
        await asyncio.sleep(every)
        try:
            await take()
            last = loop.time()
        except Unavailable as error:
            if loop.time() - last > patience:
                lost(error)
                return
            log.warning("%s cannot be read, they are tried again: %s", what, error)
        except VedetteError as error:
            lost(error)
            return
