"""`vedette train`: a model of a tenant's ordinary hours, from its history in the store. Promoted, it counts."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from domain import clock
from domain.errors import SettingsInvalid, VedetteError
from vedette import compose

if TYPE_CHECKING:
    from domain.activity import Activity
    from models.hours import Hours
    from storage.training import Share, TrainingStore
    from vedette.settings import Settings

#: Activities read from the store at once, about; it answers with at most 200 000 rows.
TOGETHER = 40_000


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", default="acme", metavar="NAME")
    parser.add_argument("--days", type=int, default=30, help="how much history to read (default 30; at least 15)")
    parser.add_argument("--until", default="", metavar="TIME", help="where it ends, RFC 3339 (default: now)")
    parser.add_argument("--seed", type=int, default=0, help="the same history and seed give the same model")
    parser.add_argument("--budget", type=float, default=1.0, help="alerts per 1,000 users and day (default 1)")


def run(args: argparse.Namespace) -> int:
    if args.days < 15:
        raise SettingsInvalid(f"--days is {args.days}; people are judged from their 15th day on, so read 15 or more")
    if args.budget < 0:
        raise SettingsInvalid(f"--budget is {args.budget:g}; it must not be negative")
    made = compose.settings(args)
    return asyncio.run(_run(args, made if made.store.url else compose.reachable(made)))


async def _run(args: argparse.Namespace, made: Settings) -> int:
    from models.hours import Hours
    from storage.client import connect
    from storage.training import TrainingStore

    until = moment(args.until) if args.until else clock.now()
    since, began, hours = until - args.days * clock.DAY, time.monotonic(), Hours()
    client = await connect(made.store, "reader")
    try:
        store = TrainingStore(client)
        await _read(store, hours, args.tenant, since, until)
        alerted = await store.alerted(args.tenant, besides="unusual_activity", since=since)
    finally:
        await client.close()
    return await _train(args, made, hours, alerted, since=since, until=until, began=began)


async def _read(store: TrainingStore, hours: Hours, tenant: str, since: int, until: int) -> None:
    """Every person's activities through the features, some people at a time, the next ones fetched meanwhile."""
    from models.observe import SEEN

    actions = sorted(SEEN)
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
        await asyncio.to_thread(_learn, hours, rows)
        done += len(page)
        progress(f"{done:,} of {len(actors):,} people, {hours.activities:,} activities, {len(hours):,} hours")


def _learn(hours: Hours, rows: list[Activity]) -> None:
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


async def _train(
    args: argparse.Namespace, made: Settings, hours: Hours, alerted: set[str], *, since: int, until: int, began: float
) -> int:
    from models.artifact import pack
    from models.forest import train
    from storage.client import connect
    from storage.models import ModelStore

    manifest, trees = train(
        hours.frame(),
        tenant=args.tenant,
        at=clock.now(),
        since=since,
        until=until,
        seed=args.seed,
        budget=args.budget,
        alerted=alerted,
        progress=progress,
    )
    client = await connect(made.store, "writer")
    try:
        name = await ModelStore(client).put(manifest, pack(trees))
    finally:
        await client.close()
    progress("")
    print(f"{name}: {manifest.rows:,} hours of {manifest.actors:,} people, in {time.monotonic() - began:.0f} s")
    print(f"look at it with `vedette models show {name}`, let it count with `vedette models promote {name}`")
    return 0


def progress(line: str) -> None:
    """What is being done, on one line of a terminal, or a line each elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
    elif line:
        print(line, file=sys.stderr, flush=True)


def moment(text: str) -> int:
    """RFC 3339 in ms; SettingsInvalid names a text that is no moment."""
    from datetime import datetime

    try:
        return clock.millis(datetime.fromisoformat(text))
    except ValueError as error:
        raise SettingsInvalid(f"{text!r} is no moment; write one such as 2026-11-24T09:00:00Z") from error
