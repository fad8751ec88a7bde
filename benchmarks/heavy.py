"""`python -m benchmarks.heavy`: a late event of somebody with millions of activities in the horizon, settled live.

A judge over the embedded store, without Kafka: it is given live activities of others all the while, and what the
event loop was kept from them is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from benchmarks import parts
from benchmarks.report import aligned
from domain import clock
from domain.activity import Activity, Judged
from domain.clock import DAY, HOUR, MINUTE
from domain.rows import Rows
from domain.subject import Routed
from domain.wire import LaneMark, Marks, encode
from engine.fold import Folder
from engine.judge import Judge
from ingest.bundles import by_subject, messages
from storage.client import Client, connect
from storage.epochs import EpochStore
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from storage.migrate import migrate
from stream.pace import Pace
from stream.runner import PartitionRunner
from stream.settings import DetectSettings
from vedette.embedded.store import EmbeddedStore

TENANT, LANE, LATE = "acme", "vedette.raw:0", "vedette.raw:1"
HEAVY = f"{7:032x}"
#: The heavy one's activities are spread over so many days; the detectors look back up to 36.
DAYS = 30
#: Rows that the store makes of one statement.
FILLED = 500_000
#: Of a hundred activities.
MIX = {"record.read": 80, "record.updated": 15, "auth.login.succeeded": 2, "report.viewed": 2, "data.exported": 1}
#: Live activities a second, of people seen nowhere else, and people.
LIVE, OTHERS = 1_000, 200
#: Seconds until a settle is given up.
PATIENCE = 1_800.0


class Settled(msgspec.Struct, frozen=True):
    """One late event of the heavy subject: seconds, CPU seconds of the judge's process, activities read again.

    `blocked_ms` is the longest time that nobody else had the event loop, `blocked_cpu_ms` the most CPU time of it.
    """

    late_hours: float
    seconds: float
    cpu: float
    read: int
    applied_live: int
    blocked_ms: float
    blocked_cpu_ms: float


class Watch:
    """How long the event loop was kept by one step."""

    def __init__(self) -> None:
        self.wall, self.cpu = 0.0, 0.0

    async def look(self) -> None:
        """Until cancelled."""
        while True:
            wall, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(0)
            self.wall = max(self.wall, time.perf_counter() - wall)
            self.cpu = max(self.cpu, time.process_time() - cpu)
            await asyncio.sleep(0.002)


class Counting(ClickHouseJudgeStore):
    """Counts what settling reads."""

    read = 0
    began = (0.0, 0.0)  # by the wall clock and in CPU seconds, of the settle

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.client = client

    async def page(self, *asked: object, **more: object) -> tuple[list[Judged], bool]:
        self.began = self.began if self.read else (time.perf_counter(), time.process_time())
        found = await super().page(*asked, **more)  # type: ignore[arg-type]  # handed on as it came
        self.read += len(found[0])
        return found


def activity(actor: str, number: int, at: int, action: str) -> Activity:
    """As a person's in a CRM, about 600 bytes as stored."""
    return Activity(
        TENANT, f"00000000-0000-5000-8000-{number:012x}", at, action, "generic", "", "success", native_id=str(number),
        actor_token=actor, login_token=actor, ip_token=f"{9:032x}", actor_id="someone",
        actor_login="someone@acme.example", ip="192.0.2.9", user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        device_id="d1", channel="ui", object_type="contact", object_id=f"o{number % 1000}",
        session_id=f"s{number % 50}", count=3 if action == "data.exported" else None, lane=LANE, offset=number,
        epoch=parts.EPOCH, received_at=at,
    )  # fmt: skip


async def fill(client: Client, number: int, end: int) -> None:
    """The heavy one's `number` activities of the DAYS before `end` (ms), evenly, made by the store itself."""
    step = DAYS * DAY / number
    kinds = [kind for kind, share in MIX.items() for _ in range(share)]
    columns = ("tenant", "activity_id", "occurred_at_ms", "action", "source", "outcome", "actor_kind", "actor_token",
               "login_token", "ip_token", "epoch", "lane", "offset", "received_at_ms", "body")  # fmt: skip
    pieces = {kind: _pieces(activity(HEAVY, 0xCAFE, 77_777, kind)) for kind in MIX}
    values = ", ".join(pieces.values())
    names = list(MIX)
    for start in range(0, number, FILLED):
        await client.command(
            f"INSERT INTO events ({', '.join(columns)}) WITH "  # noqa: S608 nothing of it comes from outside
            "{kinds:Array(UInt8)}[number * 37 % 100 + 1] AS kind, {names:Array(String)}[kind] AS action, "
            "concat('00000000-0000-5000-8000-', lower(leftPad(hex(number), 12, '0'))) AS id, "
            "{first:Int64} + toInt64(number * {step:Float64}) AS at "
            f"SELECT '{TENANT}', id, at, action, 'generic', 'success', 'human', '{HEAVY}', '{HEAVY}', '{9:032x}', "
            f"{parts.EPOCH}, '{LANE}', number, at, [{values}][kind] "
            f"FROM numbers({start}, {min(FILLED, number - start)})",
            {
                "kinds": [names.index(kind) + 1 for kind in kinds],
                "names": names,
                "first": end - DAYS * DAY,
                "step": step,
            },
        )


def _pieces(template: Activity) -> str:
    """The body of an activity as an expression of ClickHouse, with `id`, `at` and `number` in their places."""
    body = msgspec.json.encode(template).decode().replace("'", "\\'")
    for value, name in ((template.activity_id, "id"), ("77777", "toString(at)"), (str(0xCAFE), "toString(number)")):
        body = body.replace(value, f"', {name}, '")
    return f"concat('{body}')"


class Log:
    """One partition's log, made up as it goes on: activities of others all the while, and marks."""

    def __init__(self, runner: PartitionRunner, subjects: Callable[[Routed], Iterable[str]]) -> None:
        self._runner, self._subjects, self._offset, self._number = runner, subjects, 0, 1 << 40

    async def send(self, activities: Sequence[Activity], mark: int) -> None:
        """A bundle, and the mark below which nothing more is to come (ms)."""
        for message in messages(by_subject(Rows.of(activities), self._subjects)):
            await self._put(message)
        lane = LaneMark(mark, {TENANT: mark}, self._number)
        await self._put(encode(Marks(parts.EPOCH, mark, {LANE: lane}, (LANE,))))

    async def go_on(self) -> None:
        """LIVE activities a second, until cancelled, as old as the lateness of ingest leaves them."""
        began, sent = time.perf_counter(), 0
        while True:
            now = clock.now()
            some = int((time.perf_counter() - began) * LIVE) - sent
            await self.send([self.next(f"{100 + n % OTHERS:032x}", now) for n in range(sent, sent + some)], now - 1_000)
            sent += some
            await asyncio.sleep(0.1)

    def next(self, actor: str, at: int) -> Activity:
        self._number += 1
        return activity(actor, self._number, at, "record.read")

    async def _put(self, message: bytes) -> None:
        await self._runner.put(self._offset, message)
        self._offset += 1


@asynccontextmanager
async def judging(
    store: ClickHouseJudgeStore, failures: list[BaseException]
) -> AsyncIterator[tuple[PartitionRunner, Log]]:
    """A judge of everything, at the pace of `vedette detect`."""
    folder = Folder(parts.registry())

    async def load(partition: int, offset: int) -> Judge:
        return await Judge.load(
            store, folder, partition=partition, partitions=1, epoch=parts.EPOCH, generation=1, offset=offset
        )

    async def commit(_partition: int, _offset: int) -> None:
        pass

    pace = Pace(lambda: 0)
    runner = PartitionRunner(0, load=load, commit=commit, settings=DetectSettings(), failed=failures.append, pace=pace)
    log = Log(runner, folder.subjects)
    try:
        yield runner, log
    finally:
        await runner.drop()


async def until(reached: Callable[[], bool], failures: Sequence[BaseException]) -> None:
    """Raises what ended the judge, or TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not reached():
            if failures:
                raise failures[0]
            await asyncio.sleep(0.02)


async def settle(
    runner: PartitionRunner, log: Log, store: Counting, hours: float, failures: Sequence[BaseException]
) -> Settled:
    """Something of the heavy one comes so late; until it is settled and written."""
    late = log.next(HEAVY, clock.now() - int(hours * HOUR))
    late = msgspec.structs.replace(late, received_at=clock.now(), lane=LATE)
    await EventStore(store.client).insert([late], token=late.activity_id)
    judge = runner.judge
    assert judge is not None
    before, applied = judge.tally.settled, judge.tally.applied
    store.read = 0
    await log.send([late], clock.now() - 1_000)
    watch = Watch()
    watching = asyncio.create_task(watch.look())
    try:
        await until(lambda: judge.tally.settled > before, failures)
        wall, cpu = store.began
        return Settled(
            late_hours=hours,
            seconds=round(time.perf_counter() - wall, 1),
            cpu=round(time.process_time() - cpu, 1),
            read=store.read,
            applied_live=judge.tally.applied - applied,
            blocked_ms=round(watch.wall * 1000, 1),
            blocked_cpu_ms=round(watch.cpu * 1000, 1),
        )
    finally:
        watching.cancel()


async def measure(number: int, hours: Sequence[float], home: Path) -> list[Settled]:
    """One late event after another, each so many hours old."""
    server = EmbeddedStore(home)
    settings = await asyncio.to_thread(server.start)
    try:
        await migrate(settings)
        client = await connect(settings, "writer")
        _say(f"storing {number:,} activities")
        epochs = EpochStore(client)
        await epochs.fence(1)
        await epochs.renew_markers(parts.EPOCH, {}, old=0, partitions=1)
        await fill(client, number, clock.now() - MINUTE)
        store = Counting(client)
        found = []
        failures: list[BaseException] = []
        async with judging(store, failures) as (runner, log):
            await log.send([log.next(HEAVY, clock.now() - 30_000)], clock.now() - 1_000)
            going_on = asyncio.create_task(log.go_on())
            await until(lambda: runner.judge is not None and runner.judge.tally.applied > 0, failures)
            for each in hours:
                found.append(await settle(runner, log, store, each, failures))
                _say(msgspec.json.encode(found[-1]).decode())
            going_on.cancel()
        await client.close()
        return found
    finally:
        await asyncio.to_thread(server.stop)


def _say(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def main() -> int:
    """Prints a table, one line for each late event."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heavy", description=__doc__)
    parser.add_argument("--activities", type=int, default=5_000_000)
    parser.add_argument("--late", type=float, nargs="+", default=[1.0, 1.0, 1.0, 3.0, 200.0], help="hours, one by one")
    a = parser.parse_args()
    gc.freeze()  # as detect does
    gc.set_threshold(50_000, 20, 20)
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        found = asyncio.run(measure(a.activities, a.late, Path(scratch)))
    head = ("late by, h", "settled in, s", "CPU s", "read again", "live meanwhile", "loop kept, ms", "CPU of it, ms")
    rows = [
        (f"{s.late_hours:g}", f"{s.seconds:,.1f}", f"{s.cpu:,.1f}", f"{s.read:,}", f"{s.applied_live:,}",
         f"{s.blocked_ms:,.1f}", f"{s.blocked_cpu_ms:,.1f}")
        for s in found
    ]  # fmt: skip
    print("\n".join(aligned([head, *rows])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
