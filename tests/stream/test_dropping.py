"""A partition's runner that is dropped lets go of everybody, whatever it was doing."""

from __future__ import annotations

import asyncio
from typing import Any

from domain.wire import Marks, encode
from stream import runner
from stream.pace import Pace
from stream.runner import QUEUE, PartitionRunner
from stream.settings import DetectSettings

MESSAGE = encode(Marks(1, 0, {}, ()))


async def never(*_: Any) -> Any:
    await asyncio.Event().wait()


def made(load: Any) -> PartitionRunner:
    return PartitionRunner(
        0, load=load, commit=never, settings=DetectSettings(), failed=lambda error: None, pace=Pace(lambda: 0)
    )


async def test_whoever_waits_for_room_in_its_queue_is_let_go() -> None:
    dropped = made(never)
    for offset in range(QUEUE + 1):  # the first was taken out, and its judge is being loaded
        await dropped.put(offset, MESSAGE)
        await asyncio.sleep(0)
    waiting = asyncio.create_task(dropped.put(QUEUE + 1, MESSAGE))
    await asyncio.sleep(0)
    assert not waiting.done()
    await dropped.drop()
    await asyncio.wait_for(waiting, 1)
    await asyncio.wait_for(dropped.put(QUEUE + 2, MESSAGE), 1)


async def test_a_cancellation_that_is_swallowed_is_repeated(monkeypatch: Any) -> None:
    monkeypatch.setattr(runner, "CANCELLED_AGAIN", 0.01)
    swallowed = asyncio.Event()

    async def swallowing(*_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    dropped = made(swallowing)
    await dropped.put(0, MESSAGE)
    await asyncio.sleep(0)
    await asyncio.wait_for(dropped.drop(), 1)
    assert swallowed.is_set()
