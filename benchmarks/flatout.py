"""Flat out: a backlog waits in Kafka, Vedette starts, and everything is stored, judged and committed."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from benchmarks.broker import Broker
from benchmarks.processes import Process
from benchmarks.system import BenchmarkFailed, Progress, System, by_role
from benchmarks.traffic import Backlog
from transport.groups import DETECT, INGEST
from transport.topics import ACTIVITY, RAW

#: Seconds between two looks at the store.
LOOK = 0.5
#: Seconds without any progress until it is given up.
PATIENCE = 120.0


class FlatOut(msgspec.Struct, frozen=True):
    """Rates behind the warm-up, events/s. `whole` ends when all is judged, settled and both offsets are committed.

    An event is judged when it is stored, has been delivered to its judges, and lies below every partition's clock.
    """

    events: int  # behind the warm-up
    seconds: float  # of `whole`
    whole: float
    stored: float
    judged: float
    tail: float  # seconds from the first look that saw all judged to the end of `whole`: settling and committing
    late: int  # activities that had to be settled
    cpu_us: Mapping[str, float]  # per event, of each role
    alerts: int


class _Look(NamedTuple):
    """What was seen at a moment: seconds on a steady clock, progress in events, CPU seconds of each part."""

    at: float
    stored: int
    judged: int
    cpu: dict[str, float]


async def measure(system: System, broker: Broker, backlog: Backlog, *, warm_up: int, settles: bool = True) -> FlatOut:
    """Watches a system that has just been started; BenchmarkFailed when it stands still.

    One that does not settle is not waited for behind the last event judged.
    """
    parts = {**system.processes, "broker": broker.process}
    looks = await _watch(system, parts, backlog)
    if settles:
        await _settled(system, broker, len(backlog.records))
    events = len(backlog.records)
    end = _look(parts, Progress(events, events, backlog.times[-1] + 1), backlog.times)
    first = next(look for look in looks if look.stored >= warm_up)
    events, seconds = events - first.stored, end.at - first.at
    if not events:
        raise BenchmarkFailed("everything was stored before anything could be measured; take more --events")
    return FlatOut(
        events=events,
        seconds=round(seconds, 2),
        whole=round(events / seconds, 1),
        stored=rate([(look.at, look.stored) for look in looks], warm_up),
        judged=rate([(look.at, look.judged) for look in looks], warm_up),
        tail=round(end.at - looks[-1].at, 2),
        late=await system.late(),
        cpu_us=by_role({name: (end.cpu[name] - first.cpu[name]) / events * 1e6 for name in parts}),
        alerts=await system.alerts(),
    )


def rate(seen: Sequence[tuple[float, int]], warm_up: int) -> float:
    """Events/s from the first look behind the warm-up to the first that saw them all; 0 when that is one look."""
    start = next((each for each in seen if each[1] >= warm_up), seen[-1])
    end = next(each for each in seen if each[1] == seen[-1][1])
    return round((end[1] - start[1]) / (end[0] - start[0]), 1) if end[0] > start[0] else 0.0


def _look(parts: Mapping[str, Process], progress: Progress, times: Sequence[int]) -> _Look:
    cpu = {name: process.cpu() for name, process in parts.items()}
    judged = min(progress.stored, progress.delivered, bisect_left(times, progress.clock))
    return _Look(time.perf_counter(), progress.stored, judged, cpu)


async def _watch(system: System, parts: Mapping[str, Process], backlog: Backlog) -> list[_Look]:
    """Looks until all is stored and judged."""
    looks: list[_Look] = []
    events = len(backlog.records)
    moved = time.monotonic()
    while not looks or looks[-1].stored < events or looks[-1].judged < events:
        looks.append(_look(parts, await system.progress(), backlog.times))
        if len(looks) < 2 or looks[-1][1:3] != looks[-2][1:3]:
            moved = time.monotonic()
        if time.monotonic() > moved + PATIENCE:
            raise BenchmarkFailed(
                f"nothing advanced for {PATIENCE:.0f} s; stored {looks[-1].stored}, judged {looks[-1].judged} "
                f"of {events}; {await system.dead_letters()} dead letters; {system.said()}"
            )
        await asyncio.sleep(LOOK)
    return looks


async def _settled(system: System, broker: Broker, events: int) -> None:
    """Returns when nothing is dirty and ingest and detect have committed what they had done by now."""
    judged = await system.judged_offsets()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not await system.dirty():
            raw, activity = await asyncio.gather(broker.committed(INGEST, RAW), broker.committed(DETECT, ACTIVITY))
            if sum(raw.values()) >= events and all(activity[p] > offset for p, offset in judged.items()):
                return
        await asyncio.sleep(LOOK)
    raise BenchmarkFailed(f"not settled and committed within {PATIENCE:.0f} s; {system.said()}")
