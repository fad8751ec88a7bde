"""A partition's runner goes on judging while dirty subjects are settled beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from domain import clock
from domain.activity import Judged
from domain.errors import StoreUnavailable
from domain.rows import Rows
from domain.wire import LaneMark, Marks, encode
from engine.fold import Folder
from engine.judge import Judge
from ingest.bundles import by_subject, messages
from stream import runner as runner_module
from stream.pace import Pace
from stream.runner import PartitionRunner
from stream.settings import DetectSettings
from tests.engine.memory import MemoryStore
from tests.engine.toys import Toys
from tests.engine.world import START, activity

LANE = "raw:0"
SETTINGS = DetectSettings(checkpoint_every=0.01)


class Slow(MemoryStore):
    """Histories are read when `go` is set, and not at all when the store is `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go, self.away = asyncio.Event(), asyncio.Event(), False

    async def page(
        self, subjects: Sequence[str], actions: Sequence[str], *, since: int, until: int, after: Judged | None
    ) -> tuple[list[Judged], bool]:
        self.asked.set()
        if self.away:
            raise StoreUnavailable("the store is away; wait for it")
        await self.go.wait()
        return await super().page(subjects, actions, since=since, until=until, after=after)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 what is waited for has nobody to tell
            await asyncio.sleep(0.005)


class Feed:
    """Sends to a runner what ingest would have sent, and what it says of time with it."""

    def __init__(self, store: MemoryStore, runner: PartitionRunner) -> None:
        self._store, self._runner, self.offset = store, runner, 0

    async def send(self, id: str, at: float) -> None:
        made = msgspec.structs.replace(activity(id, at), epoch=1, lane=LANE, offset=self.offset, received_at=START)
        self._store.events[made.tenant, *made.key] = made
        for message in messages(by_subject(Rows.of([made]), Folder(Toys()).subjects)):
            await self._put(message)
        await self.tick(at)

    async def tick(self, at: float, *, heard: int | None = None) -> None:
        now, through = START + int(at * 1000) + 1, self.offset if heard is None else heard
        await self._put(encode(Marks(1, now, {LANE: LaneMark(now, {"t": now}, through)}, (LANE,))))

    async def _put(self, message: bytes) -> None:
        await self._runner.put(self.offset, message)
        self.offset += 1


@asynccontextmanager
async def running(
    store: Slow,
    failed: Callable[[BaseException], None],
    delay: Callable[[], float] = lambda: 0,
    *,
    settings: DetectSettings = SETTINGS,
) -> AsyncIterator[tuple[PartitionRunner, Feed]]:
    async def load(partition: int, offset: int) -> Judge:
        return await Judge.load(
            store, Folder(Toys()), partition=partition, partitions=1, epoch=1, generation=0, offset=offset
        )

    async def commit(partition: int, offset: int) -> None:
        pass

    runner = PartitionRunner(0, load=load, commit=commit, settings=settings, failed=failed, pace=Pace(delay))
    try:
        yield runner, Feed(store, runner)
    finally:
        await runner.drop()


async def dirty(feed: Feed, store: Slow, runner: PartitionRunner) -> float:
    """A subject that somebody has begun to settle; the second to which time has come."""
    await feed.send("a", 5)
    await feed.send("b", 3)
    return await ticking(feed, 10.0, store.asked.is_set)


async def ticking(feed: Feed, at: float, done: Callable[[], bool]) -> float:
    """Time goes on from a second on, as it does where ingest is, until it is done; what second it is then."""
    async with asyncio.timeout(60):
        while not done():
            at += 0.001
            await feed.tick(at)
            await asyncio.sleep(0.005)
    return at


async def test_live_judging_and_checkpoints_go_on_while_a_settle_waits_for_the_store() -> None:
    store = Slow()
    async with running(store, lambda error: pytest.fail(str(error))) as (runner, feed):
        at = await dirty(feed, store, runner)
        await feed.send("c", at + 5)
        at = await ticking(feed, at + 6, lambda: any(r.content.opener[1] == "c" for r in store.alerts.values()))
        progress = runner.progress
        at = await ticking(feed, at, lambda: runner.progress > progress)
        assert not store.gone, "nothing is settled yet"
        store.go.set()
        await ticking(feed, at, lambda: bool(store.gone))
        found = [r.content for r in store.alerts.values() if r.content.detector == "pair_a"]
        assert {c.opener[1]: c.parts["before"] for c in found} == {"a": "b", "b": "", "c": "a"}


async def test_a_settle_goes_on_while_messages_wait_for_ever() -> None:
    store = Slow()
    store.go.set()
    async with running(store, lambda error: pytest.fail(str(error)), lambda: 1e9) as (runner, feed):
        at = await dirty(feed, store, runner)
        await ticking(feed, at, lambda: bool(store.gone))


async def test_a_settle_that_cannot_read_ends_the_judge() -> None:
    store, errors = Slow(), list[BaseException]()
    store.away = True
    async with running(store, errors.append) as (runner, feed):
        await dirty(feed, store, runner)
        await until(lambda: bool(errors))
    assert {type(error) for error in errors} == {StoreUnavailable}, "it may be asked again before the process has ended"


async def test_a_judge_that_is_dropped_stops_settling() -> None:
    store = Slow()
    async with running(store, lambda error: pytest.fail(str(error))) as (runner, feed):
        await dirty(feed, store, runner)
    store.go.set()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith(("settle", "judge"))]


async def test_the_first_checkpoint_does_not_wait_for_the_end_of_a_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "FIRST", 0.0)
    store, loading, commits = Slow(), asyncio.Event(), list[int]()

    async def load(partition: int, offset: int) -> Judge:
        await loading.wait()
        return await Judge.load(
            store, Folder(Toys()), partition=partition, partitions=1, epoch=1, generation=0, offset=offset
        )

    async def commit(_: int, offset: int) -> None:
        commits.append(offset)

    def failed(error: BaseException) -> None:
        pytest.fail(str(error))

    seldom = DetectSettings(checkpoint_every=3_600)
    runner = PartitionRunner(0, load=load, commit=commit, settings=seldom, failed=failed, pace=Pace(lambda: 0))
    try:
        feed = Feed(store, runner)
        for at in range(10):
            await feed.tick(at)
        loading.set()
        await until(lambda: runner.judge is not None and runner.judge.offset == 10)
        assert commits == [1], "the next one comes when it is due"
    finally:
        await runner.drop()


async def test_a_checkpoint_that_would_tell_of_nothing_but_the_time_waits_twice_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner_module, "FIRST", 0.0)
    seldom = DetectSettings(checkpoint_every=3_600)
    async with running(Slow(), lambda error: pytest.fail(str(error)), settings=seldom) as (runner, feed):
        await feed.tick(1)

        async def due(since: float, *, heard: int) -> int:
            """Checkpoints so far, once a message was taken when the next one has been due for so many seconds."""
            runner._due = runner._latest = asyncio.get_running_loop().time() - since
            await feed.tick(feed.offset, heard=heard)
            await until(lambda: runner.judge is not None and runner.judge.offset == feed.offset)
            await feed.tick(feed.offset, heard=heard)  # taken when what came before it is written
            await until(lambda: runner.judge is not None and runner.judge.offset == feed.offset)
            return runner.progress

        assert [await due(0, heard=0), await due(0, heard=7), await due(0, heard=7), await due(3_600, heard=7)] == [
            1, 2, 2, 3,
        ]  # fmt: skip


async def test_how_far_behind_it_is_tells_the_last_mark_however_long_ago_that_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(Slow(), lambda error: pytest.fail(str(error))) as (runner, feed):
        monkeypatch.setattr(clock, "now", lambda: START + 20_001)
        await feed.tick(12)
        await until(lambda: runner.delay == 8_000)
        monkeypatch.setattr(clock, "now", lambda: START + 90_000)
        await feed.send("a", 89.999)
        await until(lambda: runner.delay == 0)


async def test_at_the_end_of_a_backlog_a_checkpoint_is_due_however_long_it_is_to_the_next() -> None:
    seldom = msgspec.structs.replace(SETTINGS, checkpoint_every=3_600.0, checkpoint_bundles=1_000_000)
    async with running(Slow(), lambda error: pytest.fail(str(error)), settings=seldom) as (runner, feed):
        await ticking(feed, 5.0, lambda: runner.progress == 1)
        await ticking(feed, (clock.now() - START) / 1000, lambda: runner.progress == 2)
