"""Carries due deliveries to their channels: two at a time each, so that a slow receiver holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from domain import clock
from domain.alert import Severity
from domain.errors import SettingsInvalid, VedetteError
from domain.incident import DISABLED, Delivery, Notice, notice_id
from notify import delivery as attempts
from notify.delivery import Answer
from notify.settings import Channel, NotifySettings, secrets_of

log = logging.getLogger("vedette.notify")

#: Attempts at one channel at the same time.
AT_ONCE = 2
#: Seconds between tries to record what a receiver answered while the store is away.
RECORD_AGAIN = 1.0
#: Revisions remembered against reads that were under way while they were written.
REMEMBERED = 10_000


class Deliveries(Protocol):
    """What the courier asks of the store."""

    async def due(self, at: int) -> list[Delivery]: ...
    async def disabled_channels(self) -> set[str]: ...
    async def put_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...
    async def put_notice(self, notice: Notice) -> None: ...


Send = Callable[[Delivery, Channel, tuple[bytes, ...], int], Awaitable[Answer]]


async def post(delivery: Delivery, channel: Channel, keys: tuple[bytes, ...], at: int) -> Answer:
    """One attempt over the network."""
    return await attempts.send(
        delivery.body.encode(),
        url=channel.url,
        webhook_id=delivery.webhook_id,
        keys=keys,
        at=at,
        allow_private=channel.allow_private,
    )


@dataclass
class _Lane:
    """One channel's deliveries in this process: waiting, and how many are on their way."""

    waiting: deque[Delivery] = field(default_factory=deque)
    running: int = 0
    not_before: int = 0  # the receiver asked for patience until then, ms


class Courier:
    """Takes what the store says is due. A row exists before a delivery's first attempt and is replaced after each.

    An attempt that a crash cut off is repeated with the same webhook-id.
    """

    def __init__(
        self,
        settings: NotifySettings,
        data_dir: Path,
        store: Deliveries,
        *,
        send: Send = post,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._store = store
        self._send = send
        self._now = now
        self._lanes: dict[str, _Lane] = {}
        self._taken: set[tuple[str, str]] = set()
        self._recorded: dict[tuple[str, str], int] = {}  # the last revisions written here
        self._disabled: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def poll(self) -> int:
        """Take up what is due now; the number taken. StoreUnavailable when the store does not answer."""
        now = self._now()
        due = [d for d in await self._store.due(now) if self._is_news(d)]
        if due:
            self._disabled = await self._store.disabled_channels()
        taken = 0
        for delivery in due:
            lane = self._lanes.setdefault(delivery.channel, _Lane())
            if lane.not_before <= now:
                self._taken.add((delivery.webhook_id, delivery.channel))
                lane.waiting.append(delivery)
                taken += 1
        for lane in self._lanes.values():
            self._start(lane)
        return taken

    def _is_news(self, delivery: Delivery) -> bool:
        """Not taken, nor read by the store before it knew what became of the last attempt."""
        key = (delivery.webhook_id, delivery.channel)
        return key not in self._taken and delivery.revision >= self._recorded.get(key, 0)

    async def drained(self) -> None:
        """Wait until nothing that was taken is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self, grace: float) -> None:
        """Take nothing more, give attempts on their way `grace` seconds, then leave the rest to the next start."""
        for lane in self._lanes.values():
            lane.waiting.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self, lane: _Lane) -> None:
        while lane.waiting and lane.running < AT_ONCE:
            task = asyncio.create_task(self._carry(lane, lane.waiting.popleft()))
            lane.running += 1
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, lane: _Lane, delivery: Delivery) -> None:
        try:
            now = self._now()
            if lane.not_before > now:
                return  # still due: a later poll takes it again
            after, answer = await self._attempt(delivery, now)
            if answer.retry_after:
                lane.not_before = self._now() + answer.retry_after
            await self._record(after)
        finally:
            self._taken.discard((delivery.webhook_id, delivery.channel))
            lane.running -= 1
            self._start(lane)

    async def _attempt(self, delivery: Delivery, now: int) -> tuple[Delivery, Answer]:
        """The row after one attempt, or after none when there is nobody to try."""
        if delivery.channel in self._disabled:
            return attempts.disabled(delivery), Answer()
        channel = self._settings.channels.get(delivery.channel)
        if channel is None:
            answer = Answer(error=f"notify.channels has no {delivery.channel!r} any more")
        else:
            try:
                keys = secrets_of(delivery.channel, channel, self._data_dir)
                answer = await self._send(delivery, channel, keys, now)
            except SettingsInvalid as error:
                answer = Answer(error=str(error))
        after = attempts.after(delivery, answer, self._now())
        outcome = f"{after.status} ({after.error})" if after.error else after.status
        log.info("%s to %s, attempt %d: %s", after.webhook_id, after.channel, after.attempts, outcome)
        return after, answer

    async def _record(self, after: Delivery) -> None:
        """Write the row; while the store is away the answer is kept, so that nothing is sent twice meanwhile."""
        switched_off = after.status == DISABLED and after.response_status == 410
        if switched_off:
            self._disabled.add(after.channel)
        while True:
            try:
                await self._store.put_deliveries([after])
                self._remember(after)
                if switched_off:
                    await self._store.put_notice(_switched_off(after))
                return
            except VedetteError as error:
                log.warning("the result of %s waits for the store: %s", after.webhook_id, error)
                await asyncio.sleep(RECORD_AGAIN)

    def _remember(self, after: Delivery) -> None:
        self._recorded[after.webhook_id, after.channel] = after.revision
        if len(self._recorded) > REMEMBERED:
            del self._recorded[next(iter(self._recorded))]


def _switched_off(delivery: Delivery) -> Notice:
    return Notice(
        notice_id=notice_id("channel_disabled", delivery.channel, delivery.webhook_id),
        tenant=delivery.tenant,
        kind="channel_disabled",
        subject=delivery.channel,
        text=(
            f"channel {delivery.channel} is off: its receiver answered 410 (gone); when it is back, "
            f"`vedette channels enable {delivery.channel}` takes up what was not delivered"
        ),
        severity=int(Severity.HIGH),
    )
