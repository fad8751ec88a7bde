"""How settling and live judging share a process, in a loop whose time goes on only while nothing is to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from engine.settle import MOST, Pause
from stream.pace import FEW, LEAST, LOOK, PROMPT, Pace

T = TypeVar("T")
FAR = 3_600_000.0


class Timeless(asyncio.SelectorEventLoop):
    """Whatever it would wait for has come: its time is what would have gone by."""

    def __init__(self) -> None:
        super().__init__()
        self._gone = 0.0
        selector = self._selector  # type: ignore[attr-defined]  # private, and the stub leaves it out
        look = selector.select

        def select(timeout: float | None) -> Any:
            self._gone += timeout or 0.0
            return look(0)

        selector.select = select

    def time(self) -> float:
        return self._gone


def run(test: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=Timeless) as runner:
        return runner.run(test)


class Worker:
    """Settles in slices of a hundredth of a second, and says how many subjects it was to take and when it worked."""

    def __init__(self, slices: int) -> None:
        self.slices = slices
        self.asked: list[int] = []
        self.at_work, self.together, self.worked = 0, 0, 0.0

    async def __call__(self, most: int, pause: Pause) -> int:
        self.asked.append(most)
        self.at_work += 1
        self.together = max(self.together, self.at_work)
        for _ in range(self.slices):
            await asyncio.sleep(0.01)
            self.worked += 0.01
            await pause()
        self.at_work -= 1
        return most


async def all_of(worker: Worker, pace: Pace, partitions: int, times: int) -> float:
    """Every partition settles so many times; how long it took."""

    async def partition() -> None:
        for _ in range(times):
            await pace.settle(worker)

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(partition() for _ in range(partitions)))
    return asyncio.get_running_loop().time() - began


def told(delay: Callable[[], float], *, slices: int = 5, times: int = 20) -> tuple[Worker, float]:
    """Four partitions settle; what was seen, and the part of the time that it took."""
    worker = Worker(slices)
    lasted = run(all_of(worker, Pace(delay), partitions=4, times=times))
    return worker, worker.worked / lasted


def test_while_live_judging_keeps_up_all_partitions_settle_as_much_as_they_can() -> None:
    worker, share = told(lambda: PROMPT)
    assert (set(worker.asked), worker.together, round(share, 2)) == ({MOST}, 4, 4.0)


def test_while_it_is_far_behind_one_after_another_settles_little_in_a_twentieth_of_the_time() -> None:
    worker, share = told(lambda: FAR)
    assert (set(worker.asked), worker.together, len(worker.asked)) == ({FEW}, 1, 80)
    assert 0.8 * LEAST < share < 1.2 * LEAST


def test_a_settle_of_many_slices_has_no_more_of_it_once_it_is_over() -> None:
    worker, share = told(lambda: FAR, slices=1_000, times=2)
    assert (worker.together, len(worker.asked)) == (1, 8)
    assert share < 1.5 * LEAST


def test_a_settle_gives_way_between_two_of_its_slices_and_not_for_long() -> None:
    worker = Worker(1_000)
    lasted = run(all_of(worker, Pace(lambda: FAR), partitions=1, times=1))
    assert 5 < lasted / worker.worked < 8


def test_the_less_live_judging_is_behind_the_more_time_there_is_to_settle() -> None:
    shares = [told(lambda far=far: far * PROMPT)[1] for far in (10, 4, 2)]  # type: ignore[misc]  # a default of a lambda
    assert shares == sorted(shares)
    assert 0.08 < shares[0] < 0.12
    assert 0.4 < shares[2] < 0.6


def test_settling_goes_on_as_soon_as_live_judging_has_caught_up() -> None:
    async def caught_up() -> float:
        loop, delay = asyncio.get_running_loop(), FAR
        pace = Pace(lambda: delay)
        await pace.settle(Worker(1_000))
        waiting = asyncio.create_task(pace.settle(Worker(1)))
        await asyncio.sleep(1.0)
        assert not waiting.done()
        delay, since = 0.0, loop.time()
        assert await waiting == MOST
        return loop.time() - since

    assert run(caught_up()) <= LOOK + 0.011


def test_a_settle_that_fails_keeps_nobody_else_from_settling() -> None:
    async def failing(most: int, pause: Pause) -> int:
        await pause()
        raise ValueError("away")

    async def both() -> int:
        pace = Pace(lambda: FAR)
        found = await asyncio.gather(pace.settle(failing), pace.settle(Worker(1)), return_exceptions=True)
        return sum(isinstance(each, ValueError) for each in found)

    assert run(both()) == 1
