"""Half load: traffic at half of the rate measured flat out, with planted bursts, and how long their alerts take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from benchmarks.broker import send
from benchmarks.system import BenchmarkFailed, System
from benchmarks.traffic import BURST, Traffic, burst
from domain import clock
from transport.producer import producer
from transport.settings import KafkaSettings

DETECTOR = "failed_login_burst"
#: Bursts planted per second, spread over the partitions as their subjects fall.
PER_SECOND = 5
#: Seconds of traffic between two sends.
TICK = 0.05
#: Seconds without bursts at the start, and until the last alert must be there.
WARM_UP, PATIENCE = 3.0, 60.0


class HalfLoad(msgspec.Struct, frozen=True):
    """Latencies in seconds: from `occurred_at` of the event that opens an alert to the alert's row in the store."""

    asked: float  # events/s
    sent: float  # events/s that were really sent
    seconds: float
    alerts: int
    median: float
    p99: float
    worst: float


async def measure(
    system: System,
    kafka: KafkaSettings,
    *,
    per_second: float,
    seconds: float,
    seed: int,
    until: asyncio.Event | None = None,
) -> HalfLoad:
    """Sends for `seconds`, or until told to end, and waits for every alert. BenchmarkFailed when one does not come."""
    began = clock.now()
    sent, planted, lasted = await _send(kafka, Traffic(seed=seed), per_second, seconds, until)
    deadline = time.monotonic() + PATIENCE
    found: list[int] = []
    while len(found) < planted:
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"{len(found)} of {planted} alerts within {PATIENCE:.0f} s; {system.said()}")
        await asyncio.sleep(0.5)
        found = await system.latencies(began, DETECTOR)
    waited = [each / 1000 for each in found]
    return HalfLoad(
        asked=round(per_second, 1),
        sent=round(sent / lasted, 1),
        seconds=round(lasted, 1),
        alerts=len(found),
        median=round(quantile(waited, 0.5), 2),
        p99=round(quantile(waited, 0.99), 2),
        worst=round(max(waited), 2),
    )


async def _send(
    kafka: KafkaSettings, traffic: Traffic, per_second: float, seconds: float, until: asyncio.Event | None
) -> tuple[int, int, float]:
    """How many events were sent, how many bursts among them, in how many seconds."""
    sender = await producer(kafka)
    began, sent, planted = time.monotonic(), 0, 0
    waiting: list[asyncio.Future[object]] = []
    try:
        while (gone := time.monotonic() - began) < seconds and not (until and until.is_set()):
            records = [traffic.record(clock.now()) for _ in range(int((gone + TICK) * per_second) - sent)]
            if gone >= WARM_UP and planted < (gone - WARM_UP) * PER_SECOND:
                now = clock.now()
                records += burst(f"victim{planted}-{now}", [now - BURST + 1 + n for n in range(BURST)])
                planted += 1
            waiting = [each for each in waiting if not each.done()]
            waiting += [await send(sender, sent + n, record) for n, record in enumerate(records)]
            sent += len(records)
            await asyncio.sleep(max(0.0, began + gone + TICK - time.monotonic()))
        await sender.flush()
        return sent, planted, time.monotonic() - began
    finally:
        await sender.stop()


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed; `ordered` rises and is not empty."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
