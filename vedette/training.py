"""Training on what the store has: people's activities through the features, and a forest on their hours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from domain.errors import VedetteError
from storage.training import Share, TrainingStore

if TYPE_CHECKING:
    from domain.activity import Activity
    from models.artifact import Manifest, Trees
    from models.hours import Hours
    from storage.client import Client

#: Activities read from the store at once, about; it answers with at most 200 000 rows.
TOGETHER = 40_000


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is made from and of. Event times in ms, `until` exclusive; the same lesson gives the same model."""

    tenant: str
    since: int
    until: int
    at: int  # when it is said to be trained
    seed: int = 0
    budget: float = 1.0  # alerts per 1,000 users and day


async def learn(
    reader: Client,
    lesson: Lesson,
    progress: Callable[[str], None] = lambda _: None,
    *,
    settled: Awaitable[object] | None = None,
) -> tuple[Manifest, Trees]:
    """The model of a lesson. VedetteError says what is missing when there is too little to learn from.

    Whoever alerted is left out: that is asked only when `settled` is done, where history has just been stored.
    """
    from models.forest import train
    from models.hours import Hours

    store, hours = TrainingStore(reader), Hours()
    await _read(store, hours, lesson, progress)
    if settled is not None:
        await settled
    alerted = await store.alerted(lesson.tenant, besides="unusual_activity", since=lesson.since)

    def grow() -> tuple[Manifest, Trees]:
        return train(
            hours.frame(),
            tenant=lesson.tenant,
            at=lesson.at,
            since=lesson.since,
            until=lesson.until,
            seed=lesson.seed,
            budget=lesson.budget,
            alerted=alerted,
            progress=progress,
        )

    return await asyncio.to_thread(grow)


async def _read(store: TrainingStore, hours: Hours, lesson: Lesson, progress: Callable[[str], None]) -> None:
    """Every person's activities through the features, some people at a time, the next ones fetched meanwhile."""
    from models.acts import SEEN

    tenant, since, until, actions = lesson.tenant, lesson.since, lesson.until, sorted(SEEN)
    actors = await store.actors(tenant, since=since, until=until)
    if not actors:
        raise VedetteError(
            f"tenant {tenant} has no people's activities in these days; name another one with --tenant, or more --days"
        )
    pages, done = list(_pages(actors)), 0

    async def fetch(page: Sequence[Share]) -> list[Activity]:
        first, last = page[0].actor, page[-1].actor
        return await store.rows(tenant, first=first, last=last, since=since, until=until, actions=actions)

    coming = asyncio.create_task(fetch(pages[0]))
    for number, page in enumerate(pages):
        rows = await coming
        if number + 1 < len(pages):
            coming = asyncio.create_task(fetch(pages[number + 1]))
        await asyncio.to_thread(_add, hours, rows)
        done += len(page)
        progress(f"{done:,} of {len(actors):,} people, {hours.activities:,} activities, {len(hours):,} hours")


def _add(hours: Hours, rows: list[Activity]) -> None:
    for actor, theirs in groupby(rows, key=attrgetter("actor_token")):
        hours.add(actor, theirs)


def _pages(actors: Sequence[Share]) -> Iterator[Sequence[Share]]:
    """Neighbours by token, so many that a page has about TOGETHER activities; one actor is never cut."""
    start, rows = 0, 0
    for place, actor in enumerate(actors):
        if rows and rows + actor.rows > TOGETHER:
            yield actors[start:place]
            start, rows = place, 0
        rows += actor.rows
    yield actors[start:]
