"""`make bench-settle`: what settling costs live judging, and a late file that touches ten thousand people.

Flat out, a backlog of which some events are late is judged without settling and with it, in turn. Then a file of
yesterday's comes into live traffic, and it is measured how long it takes to settle and how late alerts are meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from benchmarks import flatout, halfload, machine
from benchmarks.broker import embedded, send
from benchmarks.halfload import HalfLoad
from benchmarks.report import aligned
from benchmarks.system import BenchmarkFailed, System, running
from benchmarks.traffic import TENANT, Backlog, Traffic, backlog
from domain import clock
from domain.clock import HOUR, rfc3339
from domain.errors import VedetteError
from ingest.settings import IngestSettings
from transport.producer import producer
from transport.settings import KafkaSettings

#: One of so many events of the backlog is late, and by how much, ms.
LATE_EVERY, LATE = 100, HOUR
#: The file's events are so old, ms; nothing else that comes is.
OLD = 3 * HOUR
#: What the file has of each person.
ROWS = ("auth.login.succeeded", "record.read", "data.exported")
#: Seconds of live traffic that is timed before the file comes, and until its settling is given up.
BEFORE, PATIENCE = 20.0, 1_800.0


class FlatOut(msgspec.Struct, frozen=True):
    """One run: events judged a second until all live ones were, and seconds from then until all was settled.

    CPU µs an event of detect and store, to the end; activities that came late.
    """

    judged: float
    tail: float
    cpu_us: float
    late: int


class File(msgspec.Struct, frozen=True):
    """Seconds from the file's first row sent to its last subject settled; live traffic before that, and meanwhile.

    CPU seconds meanwhile, of each role.
    """

    people: int
    subjects: int
    seconds: float
    before: HalfLoad
    live: HalfLoad
    cpu: dict[str, float]


async def flat_out(waiting: Backlog, scratch: Path, *, settle: bool) -> FlatOut:
    scratch.mkdir(parents=True)
    async with embedded(scratch) as broker:
        await broker.fill(waiting.records, waiting.times)
        async with running(
            scratch / "data", broker.settings, fetch_rows=IngestSettings().fetch_rows, settle=settle
        ) as system:
            warm_up = len(waiting.records) // 10
            found = await flatout.measure(system, broker, waiting, warm_up=warm_up, settles=settle)
    cpu = found.cpu_us["detect"] + found.cpu_us["store"]
    run = FlatOut(found.judged, found.tail, round(cpu, 1), found.late)
    _say(msgspec.json.encode(run).decode())
    return run


def disordered(events: int) -> Backlog:
    """A backlog in which every LATE_EVERY-th event happened LATE before it came."""
    end, traffic = clock.now(), Traffic(seed=7)
    times = backlog(events, seed=7, end=end, per_second=1_000).times
    late = [at - LATE if n % LATE_EVERY == LATE_EVERY - 1 else at for n, at in enumerate(times)]
    return Backlog([traffic.record(at) for at in late], times)


async def file(people: int, per_second: float, scratch: Path) -> File:
    """People of whom something is judged already; then a file with what they did hours before."""
    scratch.mkdir(parents=True)
    async with (
        embedded(scratch) as broker,
        running(scratch / "data", broker.settings, fetch_rows=IngestSettings().fetch_rows) as system,
    ):
        await _send(broker.settings, [_row(n, "record.read", clock.now(), n) for n in range(people)], batch=False)
        await _judged(system, people)
        before = await halfload.measure(system, broker.settings, per_second=per_second, seconds=BEFORE, seed=8)
        done = asyncio.Event()
        live = asyncio.create_task(
            halfload.measure(system, broker.settings, per_second=per_second, seconds=PATIENCE, seed=9, until=done)
        )
        await asyncio.sleep(halfload.WARM_UP)
        began, old = time.monotonic(), clock.now() - OLD
        used = _cpu(system)
        rows = [_row(n, action, old + n, people + n) for n in range(people) for action in ROWS]
        await _send(broker.settings, rows, batch=True)
        subjects = await _settled(system, live, people, old + HOUR)
        lasted = time.monotonic() - began
        cpu = {name: round(seconds - used[name], 1) for name, seconds in _cpu(system).items()}
        done.set()
        return File(people, subjects, round(lasted, 1), before, await live, cpu)


def _cpu(system: System) -> dict[str, float]:
    """Seconds so far, of each role that is still the process that it was."""
    found = {}
    for name, process in system.processes.items():
        with suppress(OSError):
            found[name] = process.cpu()
    return found


def _row(person: int, action: str, at: int, number: int) -> bytes:
    who = f"person{person:05}"
    return msgspec.json.encode(
        {
            "id": f"{number}-{action}", "tenant": TENANT, "occurred_at": rfc3339(at), "action": action,
            "outcome": "success", "actor": {"id": who, "login": f"{who}@acme.example"},
            "origin": {"ip": f"198.51.100.{person % 250 + 1}"}, "channel": "ui", "object_type": "contact",
            "object_id": f"o{number}", "count": 20, "execution_id": f"x{number}",
        }
    )  # fmt: skip


async def _send(kafka: KafkaSettings, records: list[bytes], *, batch: bool) -> None:
    sender = await producer(kafka)
    try:
        sent = [await send(sender, n, record, batch=batch) for n, record in enumerate(records)]
        await asyncio.gather(*sent)
    finally:
        await sender.stop()


async def _judged(system: System, events: int) -> None:
    deadline = time.monotonic() + flatout.PATIENCE
    last = clock.now()
    while time.monotonic() < deadline:
        progress = await system.progress()
        if min(progress.stored, progress.delivered) >= events and progress.clock > last:
            return
        await asyncio.sleep(0.5)
    raise BenchmarkFailed(f"{events} events were not judged within {flatout.PATIENCE:.0f} s; {system.said()}")


async def _settled(system: System, live: asyncio.Task[HalfLoad], people: int, before: int) -> int:
    """How many subjects it were, once none is left of them."""
    deadline = time.monotonic() + PATIENCE
    subjects = left = 0
    while time.monotonic() < deadline:
        if live.done():
            live.result()  # says why
        subjects, left = await system.dirty_before(before)
        if subjects >= people and not left:
            return subjects
        await asyncio.sleep(0.5)
    raise BenchmarkFailed(f"{left} of {subjects} subjects not settled within {PATIENCE:.0f} s; {system.said()}")


async def measure(a: argparse.Namespace, scratch: Path) -> str:
    """The table."""
    lines = [machine.here().line()]
    runs: dict[bool, list[FlatOut]] = {False: [], True: []}
    waiting = disordered(a.events) if a.rounds else None
    for number in range(a.rounds):
        for settle in (False, True) if number % 2 == 0 else (True, False):
            _say(f"flat out {'with' if settle else 'without'} settling")
            assert waiting is not None
            runs[settle].append(await flat_out(waiting, scratch / f"{number}-{settle}", settle=settle))
    if a.rounds:
        lines += _compared(runs)
    _say(f"a file of {a.people:,} people at {a.per_second:,} events/s")
    found = await file(a.people, a.per_second, scratch / "file")
    lines += _told(found)
    return "\n".join(lines)


def _told(found: File) -> list[str]:
    both = (found.before, found.live)
    rows = [
        ("live traffic", "before the file", "meanwhile"),
        ("events/s", *(f"{each.sent:,.0f}" for each in both)),
        ("event to alert, median, s", *(f"{each.median:.2f}" for each in both)),
        ("event to alert, p99, s", *(f"{each.p99:.2f}" for each in both)),
        ("alerts", *(f"{each.alerts:,}" for each in both)),
    ]
    settled = (
        f"A late file of {found.people:,} people and {found.subjects:,} subjects was settled in {found.seconds:.1f} s"
    )
    return [*aligned(rows), f"{settled}; CPU s: {', '.join(f'{name} {used}' for name, used in found.cpu.items())}"]


def _compared(runs: dict[bool, list[FlatOut]]) -> list[str]:
    """The medians of each, and of the ratios of each round."""
    rows = [("flat out", "judged, events/s", "settled after, s", "CPU µs/event of detect and store", "late")]
    for settle, title in ((False, "without settling"), (True, "with settling")):
        judged = statistics.median(each.judged for each in runs[settle])
        cpu = statistics.median(each.cpu_us for each in runs[settle])
        tail = statistics.median(each.tail for each in runs[settle])
        late = max(each.late for each in runs[settle])
        rows.append((title, f"{judged:,.0f}", f"{tail:,.1f}" if settle else "", f"{cpu:,.1f}", f"{late:,}"))
    pairs = list(zip(runs[False], runs[True], strict=True))
    rate = statistics.median(on.judged / off.judged for off, on in pairs)
    cpu = statistics.median(on.cpu_us / off.cpu_us for off, on in pairs)
    rows.append(("with / without", f"{rate:.1%}", "", f"{cpu:.1%}", ""))
    return aligned(rows)


def _say(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-settle", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=300_000, help="events of the backlog (default 300,000)")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of runs, without settling and with it (default 3)")
    parser.add_argument("--people", type=int, default=10_000, help="whom the file touches (default 10,000)")
    parser.add_argument("--per-second", type=int, default=7_000, help="live events/s beside the file (default 7,000)")
    a = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
            print(asyncio.run(measure(a, Path(scratch))))
    except (BenchmarkFailed, VedetteError) as error:
        print(f"bench-settle: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
