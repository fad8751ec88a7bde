"""A small world: raw lanes, the real ingest pipeline and judge, in-memory log and store, a random scheduler.

Every await of the store is a place where the scheduler may go on with somebody else, kill a process, or leave a judge
asleep that wakes later. At the end: alerts are what one sequential fold of the stored activities gives.
"""

from __future__ import annotations

import random
from collections.abc import Coroutine, Iterable
from typing import Any

import msgspec

from domain.activity import Activity
from domain.errors import Fenced
from domain.rows import Rows
from domain.subject import Routing
from domain.wire import decode
from engine.fold import Folder
from engine.judge import Judge
from ingest.identity import record_digest
from ingest.normalise import Taken
from ingest.pipeline import Fetch, Pipeline
from ingest.record import Record
from tests.engine.checks import check_alerts, check_commits, check_memories
from tests.engine.memory import MemoryStore, Pause, run
from tests.engine.toys import ACTIONS, HOUR, SECOND, Toys

LATENESS = 2 * SECOND
START = 1_790_000_000_000
#: What time may do at once, ms.
LEAPS = (20_000, 20_000, 1_200_000, 3 * HOUR * SECOND, 9 * HOUR * SECOND, 23 * HOUR * SECOND)
_raw = msgspec.msgpack.Decoder(Activity).decode


def normalise(record: Record) -> list[Activity]:
    activity = _raw(record.value)
    batch = any(name == "batch" for name, _ in record.headers)
    return [
        msgspec.structs.replace(
            activity,
            epoch=record.epoch,
            lane=record.lane,
            offset=record.offset,
            received_at=record.received_at,
            batch=batch,
            record_digest=record_digest(record.value),
        )
    ]


def taken(made: Iterable[list[Activity]]) -> Taken:
    """What records come to."""
    return Taken(Rows.of([activity for some in made for activity in some]))


async def one_by_one(*tasks: Coroutine[Any, Any, None]) -> None:
    """Instead of an event loop's gather: schedules are stepped by hand, and killed between any two."""
    try:
        for task in tasks:
            await task
    finally:
        for task in tasks:
            task.close()


def activity(id: str, at: float, actor: str = "s", action: str = "record.read", value: int = 0) -> Activity:
    token = (actor * 32)[:8].encode().hex()[:8] + actor.encode().hex().ljust(24, "0")
    return Activity("t", id, START + int(at * SECOND), action, "toy", "", native_id=id, actor_token=token, count=value)


class Process:
    """A task that can be stepped one await at a time."""

    def __init__(self) -> None:
        self.task: Any = None

    def step(self) -> None:
        if self.task is None:
            self.task = self.next()
            if self.task is None:
                return
        try:
            self.task.send(None)
        except StopIteration:
            self.task = None

    def next(self) -> Any:
        raise AssertionError


class Ingester(Process):
    """One ingest process over all lanes. While what it fetched is sent, it fetches and stores what is next."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.sending: Any = None
        self.world = world
        self.at = dict(world.raw_committed)
        self.pipeline = Pipeline(
            normalise=lambda records: taken(map(normalise, records)), store=world.store, send=self.send,
            routing=world.routing, epoch=1, partitions=world.partitions, lateness=LATENESS, together=one_by_one,
        )  # fmt: skip
        self.pipeline.own(self.at)

    async def send(self, partition: int, message: bytes) -> None:
        self.world.log[partition].append(message)
        await Pause()

    def next(self) -> Any:
        return self.ahead(self.world.rng.choice(sorted(self.at)), self.world.rng.randint(1, 4))

    def step(self) -> None:
        if self.sending is None or self.world.rng.random() < 0.5:
            super().step()
            return
        try:
            self.sending.send(None)
        except StopIteration:
            self.sending = None

    def read(self, lane: str, most: int) -> Fetch:
        w, start = self.world, self.at[lane]
        records = w.raw[lane][start : start + most]
        self.at[lane] = end = start + len(records)
        fetch = Fetch({lane: w.now} if end == len(w.raw[lane]) else {}, w.now)
        self.pipeline.add(fetch, records)
        return fetch

    async def ahead(self, lane: str, most: int) -> None:
        """Store a fetch; it is sent behind the one before."""
        await self.pipeline.store(fetch := self.read(lane, most))
        while self.sending is not None:
            await Pause()
        self.sending = self.tell(fetch, lane)
        self.sending.send(None)

    async def fetch(self, lane: str, most: int) -> None:
        """Store a fetch and send it."""
        await self.pipeline.store(fetch := self.read(lane, most))
        await self.tell(fetch, lane)

    async def tell(self, fetch: Fetch, lane: str) -> None:
        await self.pipeline.send(fetch, sorted(self.world.raw))
        end = fetch.through.get(lane, -1) + 1
        if self.world.ingester is self:
            self.world.raw_committed[lane] = max(self.world.raw_committed[lane], end)

    def rest(self) -> None:
        """Do to its end what was begun."""
        while self.task or self.sending:
            self.step()


class Judging(Process):
    """One judge process of one partition, which settles beside everything else; asleep, it is a stalled judge."""

    def __init__(self, world: World, partition: int) -> None:
        super().__init__()
        self.settling: Any = None
        self.world, self.partition = world, partition
        self.dead = False
        self.judge: Judge = run(
            Judge.load(
                world.store, world.folder, partition=partition, partitions=world.partitions, epoch=1, generation=0,
                offset=world.committed[partition],
            )
        )  # fmt: skip

    def step(self) -> None:
        if self.dead:
            return
        if self.settling is not None and self.world.rng.random() < self.world.pace:
            self.settle()
            return
        try:
            super().step()
        except Fenced:
            self.dead, self.task = True, None

    def settle(self) -> None:
        """Begin to settle, or go on with it until the next pause."""
        if self.settling is None:
            self.settling = self.judge.settle(at_once=self.world.rng.random() < 0.7)
        try:
            self.settling.send(None)
        except StopIteration:
            self.settling = None

    def next(self) -> Any:
        x = self.world.rng.random()
        if x < 0.5:
            return self.take()
        if x < 0.65:
            return self.checkpoint()
        if x < 0.7:
            return self.judge.publish()
        if x < 0.97:
            self.settle()
        else:
            self.judge.forget(keep=0)
        return None

    async def take(self) -> bool:
        log, offset = self.world.log[self.partition], self.judge.offset
        if offset >= len(log):
            return False
        await self.judge.take(offset, decode(log[offset]))
        return True

    async def checkpoint(self) -> None:
        offset = await self.judge.checkpoint()
        if self.world.judges.get(self.partition) is self:
            self.world.committed[self.partition] = max(self.world.committed[self.partition], offset)


class World:
    def __init__(self, seed: int, *, partitions: int = 1, lanes: int = 2, folder: Folder | None = None) -> None:
        self.rng = random.Random(seed)
        self.store, self.partitions = MemoryStore(), partitions
        self.folder = folder or Folder(Toys())
        self.routing: Routing = ACTIONS
        self.pace = self.rng.choice((0.1, 0.3))  # of settling, beside what else a judge does
        self.unrest = self.rng.choice((0.002, 0.01, 0.06))  # how often a process ends
        self.old = self.rng.choice((0, 0.1, 0.3))  # how much of what is produced is late by more than seconds
        self.now = START + 100 * SECOND
        self.raw: dict[str, list[Record]] = {f"raw:{n}": [] for n in range(lanes)}
        self.raw_committed = dict.fromkeys(self.raw, 0)
        self.log: list[list[bytes]] = [[] for _ in range(partitions)]
        self.committed = [0] * partitions
        self.judges: dict[int, Judging] = {}
        self.asleep: list[Judging] = []
        self.sent: list[Activity] = []
        self.ingester = Ingester(self)
        for p in range(partitions):
            self.judges[p] = Judging(self, p)

    def put(self, lane: str, a: Activity, *, batch: bool = False) -> None:
        self.sent.append(a)
        topic, _, number = lane.partition(":")
        headers = (("batch", b"1"),) if batch else ()
        self.raw[lane].append(
            Record(
                topic=topic, partition=int(number), offset=len(self.raw[lane]), epoch=1, received_at=self.now,
                headers=headers,
                value=msgspec.msgpack.encode(a),
            )
        )  # fmt: skip

    # -- chance
    def produce(self) -> None:
        rng = self.rng
        self.now += rng.choice((0, 0, 500, 1000, 2000, 5000)) if rng.random() < 0.95 else rng.choice(LEAPS)
        lane, batch = rng.choice(sorted(self.raw)), rng.random() < 0.1
        if self.sent and rng.random() < 0.2:
            again = rng.choice(self.sent)
            self.put(lane, msgspec.structs.replace(again, count=rng.choice((again.count, 1, 2))), batch=batch)
            return
        age = rng.randint(0, 10_000) + (rng.choice((20_000, 40_000)) if batch else 0)
        at = (self.now - age if rng.random() < 0.9 else self.now + rng.choice((3_000, 90_000))) - START
        if self.sent and rng.random() < self.old:  # hours or days late, where something was before
            at = rng.choice(self.sent).occurred_at + rng.choice((rng.randint(-10_000, 10_000), -HOUR * SECOND)) - START
            at = min(at, self.now - START)
        action = rng.choice(("record.read", "auth.login.succeeded", "auth.login.failed"))
        id = f"{rng.choice('abc')}{len(self.sent)}"
        self.put(lane, activity(id, at / SECOND, rng.choice("suv"), action, rng.randrange(3)), batch=batch)

    def step(self) -> None:
        x = self.rng.random()
        partition = self.rng.randrange(self.partitions)
        if x < self.unrest / 3:
            self.ingester = Ingester(self)
        elif x < self.unrest:
            if self.rng.random() < 0.5:
                self.asleep.append(self.judges[partition])
            self.judges[partition] = Judging(self, partition)
        elif x < 0.22:
            self.produce()
        elif x < 0.52:
            self.ingester.step()
        elif x < 0.97 or not self.asleep:
            self.judges[partition].step()
        else:
            self.rng.choice(self.asleep).step()
        if self.judges[partition].dead:
            self.judges[partition] = Judging(self, partition)

    # -- rest
    def drain(self, *, restart: bool = False) -> None:
        """Let time pass and everything come to rest."""
        while self.asleep:
            sleeper = self.asleep.pop()
            for _ in range(self.rng.randint(0, 8)):
                sleeper.step()
        for p in range(self.partitions):
            if restart or self.judges[p].dead:
                self.judges[p] = Judging(self, p)
        self.now = max([self.now, *(a.occurred_at for a in self.sent)]) + 10 * SECOND
        for _ in range(2):
            self.ingester.rest()
            for lane in sorted(self.raw):
                while self.ingester.at[lane] < len(self.raw[lane]):
                    run(self.ingester.fetch(lane, 5))
                run(self.ingester.fetch(lane, 1))
            for judging in self.judges.values():
                while judging.task or judging.settling:
                    judging.step()
                while run(judging.take()):
                    pass
                for _ in range(100):
                    run(judging.checkpoint())
                    if not run(judging.judge.settle(at_once=True)):
                        break
                run(judging.checkpoint())

    def check_commits(self) -> None:
        check_commits(self)

    def check_alerts(self) -> None:
        check_alerts(self)

    def check_memories(self) -> None:
        check_memories(self)

    def check_rest(self) -> None:
        assert self.committed == [len(log) for log in self.log]
        assert set(self.store.marks) == self.store.gone
        self.check_alerts()
        self.check_memories()
