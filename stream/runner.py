"""One partition's queue and pace: takes messages in order, checkpoints between them, settles beside them. No Faust."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from domain import clock
from domain.errors import Fenced
from domain.wire import Marks, decode
from engine.judge import Judge
from engine.settle import Pause
from stream.pace import Pace
from stream.settings import DetectSettings

log = logging.getLogger("vedette.detect")

#: While messages wait, a checkpoint may be late by so many times its interval: fewer ones write each state less often.
BUSY = 5
#: What came in longer ago is a backlog, ms. At its end a checkpoint is due: a crash then repeats nothing of it.
BACKLOG = 10_000
#: Seconds from the load to the first checkpoint, even while messages wait: settling begins with it, and what was read
#: again need not be read a third time if the partitions are shared out once more.
FIRST = 0.5
#: Seconds until a task that goes on is cancelled once more.
CANCELLED_AGAIN = 0.5
#: Messages waiting for a partition before the agent waits.
QUEUE = 16


class PartitionRunner:
    """Owns one judge. `load` makes it at the first message; `commit` gets the offset that may be committed.

    `pace` is of all settling of this process.
    """

    def __init__(
        self,
        partition: int,
        *,
        load: Callable[[int, int], Awaitable[Judge]],
        commit: Callable[[int, int], Awaitable[None]],
        settings: DetectSettings,
        failed: Callable[[BaseException], None],
        pace: Pace,
    ) -> None:
        self.partition, self._load, self._commit, self._settings = partition, load, commit, settings
        self._queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(QUEUE)
        self._task = asyncio.create_task(self._run(), name=f"judge-{partition}")
        self._failed, self._pace = failed, pace
        self._dropped = False
        self._task.add_done_callback(self._ended)
        self._settling: asyncio.Task[int] | None = None
        self._due = self._latest = 0.0  # when the next checkpoint is, even while messages wait; by the loop's time
        self.delay = 0  # how long before the last mark was heard what it tells of had come in, ms
        self.progress = 0  # rises with every checkpoint, for the watchdog
        self.judge: Judge | None = None

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._failed(error)

    async def put(self, offset: int, message: bytes) -> None:
        """Waits while the queue is full; what comes after a drop is forgotten like all the rest."""
        if not self._dropped:
            await self._queue.put((offset, message))

    async def drop(self) -> None:
        """Forget everything that was not checkpointed; the next owner loads.

        Nothing waits for us after that: neither whoever stands in `put`, nor a task that has swallowed its
        cancellation, as `asyncio.wait_for` of Python 3.11 does when its answer comes at the same moment.
        """
        self._dropped = True
        while tasks := [task for task in (self._task, self._settling) if task and not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCELLED_AGAIN)
        while not self._queue.empty():
            self._queue.get_nowait()

    async def _run(self) -> None:
        offset, message = await self._queue.get()
        judge = self.judge = await self._load(self.partition, offset)
        loop = asyncio.get_running_loop()
        early = loop.time()
        self._due = self._latest = early + min(FIRST, self._settings.checkpoint_every)
        taken = 0
        while True:
            if not judge.expects(offset):
                raise Fenced(f"partition {self.partition}: offset {offset} came, {judge.offset} was expected")
            heard = decode(message)
            await judge.take(offset, heard)
            if isinstance(heard, Marks):
                behind, self.delay = self.delay, clock.now() - judge.reached
                if behind > BACKLOG >= self.delay:
                    self._due = 0.0
            taken += 1
            now = loop.time()
            due = now >= (self._due if self._queue.empty() else self._latest)
            if due and judge.quiet:
                due = now >= self._due + self._settings.checkpoint_every
            if due or taken >= self._settings.checkpoint_bundles:
                self._due = now + self._settings.checkpoint_every
                self._latest = self._due + BUSY * self._settings.checkpoint_every
                await self._checkpoint(judge)
                judge.forget()
                if self._settings.settle:
                    self._settle(judge)
                taken = 0
            elif judge.urgent and now >= early:
                await judge.publish()
                early = loop.time() + 1 / self._settings.findings_per_second
            offset, message = await self._queue.get()

    def _settle(self, judge: Judge) -> None:
        """Beside the messages that go on, unless the last time has not ended yet."""
        if self._settling is None or self._settling.done():
            loop = asyncio.get_running_loop()

            def some(most: int, pause: Pause) -> Awaitable[int]:
                return judge.settle(loop.time(), most=most, pause=pause)

            self._settling = asyncio.create_task(self._pace.settle(some), name=f"settle-{self.partition}")
            self._settling.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[int]) -> None:
        self._ended(task)
        if not task.cancelled() and not task.exception() and task.result() and self._pace.share == 1:
            self._due = self._latest = 0.0  # what came of it is written next

    async def _checkpoint(self, judge: Judge) -> None:
        await self._commit(self.partition, await judge.checkpoint())
        self.progress += 1
