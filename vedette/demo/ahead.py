"""The company's history, written while the system starts: the start waits more than it works."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from simulation.records import Event
from vedette.demo.plan import Plan

#: Waits for the days and gives them, each day's events in order.
Days = Callable[[], Sequence[Sequence[Event]]]


@contextmanager
def written_ahead(plan: Plan) -> Iterator[Days]:
    """A process of its own writes, and ends. A Ctrl-C is ours to answer, not its."""
    with ProcessPoolExecutor(
        1, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN), max_tasks_per_child=1
    ) as pool:
        yield pool.submit(_days, plan).result


def _days(plan: Plan) -> list[list[Event]]:
    return list(plan.company().days())
