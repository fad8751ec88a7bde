"""`vedette replay`: fold the store from nothing, without Kafka, and say whether the alerts that stand are the same."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from domain.alert import Content, canonical
from domain.clock import rfc3339
from vedette import compose

if TYPE_CHECKING:
    from storage.client import Client
    from vedette.replay import Compared, Replay
    from vedette.settings import Settings

#: Differences printed of each kind.
_SHOWN = 10


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", default="", metavar="NAME", help="only this one (default: all)")
    parser.add_argument("--since", default="", metavar="TIME", help="alerts completed from then on, RFC 3339")
    parser.add_argument(
        "--compare",
        action="store_true",
        help="with the alerts that stand; without it the alerts of the fold are printed, one canonical JSON a line",
    )


def run(args: argparse.Namespace) -> int:
    made = compose.settings(args)
    return asyncio.run(_run(args, made if made.store.url else compose.reachable(made)))


async def _run(args: argparse.Namespace, made: Settings) -> int:
    from storage.client import connect
    from storage.subjects import SubjectStore
    from vedette.commands.train import moment
    from vedette.replay import Replay, Unsettled

    since = moment(args.since) if args.since else 0
    # As the writer, whose queries have no limit of time and rows; nothing is written.
    client: Client = await connect(made.store, "writer")
    try:
        replay = Replay(client, await compose.folder(made, client))
        tenants = [args.tenant] if args.tenant else await SubjectStore(client).tenants()
        if not tenants:
            print("nothing is stored yet", file=sys.stderr)
        differing = 0
        for tenant in tenants:
            try:
                differing += not await (_compare if args.compare else _dump)(replay, tenant, since)
            except Unsettled:
                print(
                    f"tenant {tenant}: nothing is settled yet; see that detect runs and try again in a few seconds",
                    file=sys.stderr,
                )
                differing += 1
        return 1 if differing else 0
    finally:
        await client.close()


async def _dump(replay: Replay, tenant: str, since: int) -> bool:
    folded = await replay.fold(tenant, until=await replay.settled(tenant), progress=_progress)
    _clear()
    for content in sorted(folded.truth.values(), key=lambda c: (c.completed, c.alert_id)):
        if content.completed[0] >= since:
            sys.stdout.buffer.write(canonical(content) + b"\n")
    sys.stdout.buffer.flush()
    return True


async def _compare(replay: Replay, tenant: str, since: int) -> bool:
    from engine.frozen import REASONS

    began = time.monotonic()
    found = await replay.compare(tenant, since=since, progress=_progress)
    _clear()
    print(
        f"tenant {tenant}, settled through {rfc3339(found.settled)}: {found.activities:,} activities of "
        f"{found.subjects:,} subjects folded in {time.monotonic() - began:.1f} s"
    )
    print(
        f"{len(found.added)} added, {len(found.lost)} lost, {len(found.changed)} changed; {found.same:,} the same, "
        f"{len(found.frozen)} frozen (no fold can give them again), {found.later} completed later"
    )
    reasons = Counter(reason for _, reason in found.frozen)
    for reason, count in sorted(reasons.items()):
        print(f"  frozen   {count:,}: {REASONS[reason]}")
    for line in _differences(found):
        print(line)
    return found.equal


def _differences(found: Compared) -> list[str]:
    lines = []
    for kind, contents in (("added", found.added), ("lost", found.lost)):
        lines += [f"  {kind:7}  {_name(content)}" for content in contents[:_SHOWN]]
        if len(contents) > _SHOWN:
            lines.append(f"  and {len(contents) - _SHOWN} more {kind}")
    for stored, truth in found.changed[:_SHOWN]:
        before, after = msgspec.to_builtins(stored), msgspec.to_builtins(truth)
        names = [name for name in after if before[name] != after[name]]
        lines.append(f"  changed  {_name(truth)}")
        lines += [f"           {name}: stored {before[name]!r}, folded {after[name]!r}" for name in names]
    if len(found.changed) > _SHOWN:
        lines.append(f"  and {len(found.changed) - _SHOWN} more changed")
    return lines


def _name(content: Content) -> str:
    return f"{content.alert_id}  {content.slot}/{content.arm}  {rfc3339(content.completed[0])}  {content.subject}"


def _progress(subjects: int, activities: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{activities:,} activities of {subjects:,} subjects", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
