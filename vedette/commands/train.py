"""`vedette train`: a model of a tenant's ordinary hours, from its history in the store. Promoted, it counts."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import TYPE_CHECKING

from domain import clock
from domain.errors import SettingsInvalid
from vedette import compose

if TYPE_CHECKING:
    from vedette.settings import Settings


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
    from models.artifact import pack
    from storage.client import connect
    from storage.models import ModelStore
    from vedette.training import Lesson, learn

    began = time.monotonic()
    until = moment(args.until) if args.until else clock.now()
    lesson = Lesson(
        tenant=args.tenant,
        since=until - args.days * clock.DAY,
        until=until,
        at=clock.now(),
        seed=args.seed,
        budget=args.budget,
    )
    client = await connect(made.store, "reader")
    try:
        manifest, trees = await learn(client, lesson, progress)
    finally:
        await client.close()
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
