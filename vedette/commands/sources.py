"""`vedette sources`: did my events arrive? Per feed, what came, how late, and when last; and what is wrong with them.

`list` has the sources and their topics, `coverage` which detector sees which source, `try` what a mapping makes of
a file.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from domain import clock
from domain.alert import Severity
from domain.errors import SettingsInvalid
from vedette import compose

if TYPE_CHECKING:
    from storage.feeds import Feed

_HEADINGS = (
    "TENANT",
    "SOURCE",
    "FEED",
    "ARRIVED",  # activities, those that came again included
    "REJECTED",
    "SKIPPED",
    "ID CONFLICTS",
    "LAST SEEN",
    "USUAL DELAY",
    "P99 DELAY",
)


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", default="feeds", choices=("feeds", "list", "coverage", "try"),
        help="feeds: what arrived (default); list: the sources and their topics; coverage: which detector sees which "
        "source; try: what MAPPING makes of each row of FILE",
    )  # fmt: skip
    parser.add_argument("files", nargs="*", metavar="FILE", help="of try: MAPPING and FILE")
    parser.add_argument("--tenant", default="", metavar="NAME", help="only this tenant's")
    parser.add_argument("--days", type=float, default=7.0, help="how far back to count (default 7)")


def run(args: argparse.Namespace) -> int:
    if args.what == "feeds":
        return asyncio.run(_run(args))
    from vedette import sources

    if args.what == "try":
        if len(args.files) != 2:
            raise SettingsInvalid("try needs a mapping and a file: vedette sources try mapping.yaml events.jsonl")
        return sources.tried(Path(args.files[0]), Path(args.files[1]))
    print(sources.listed() if args.what == "list" else sources.coverage())
    return 0


async def _run(args: argparse.Namespace) -> int:
    from storage.client import connect
    from storage.feeds import FeedStore
    from storage.notices import NoticeStore

    made = compose.settings(args)
    client = await connect((made if made.store.url else compose.reachable(made)).store, "reader")
    now = clock.now()
    try:
        since = now - round(args.days * clock.DAY)
        found = await FeedStore(client).list(args.tenant, since=since)
        notices = await NoticeStore(client).list(args.tenant, since=since)
    finally:
        await client.close()
    if not found:
        print(
            f"nothing arrived in {args.days:g} days; send events to vedette.raw or POST them, then look again",
            file=sys.stderr,
        )
        return 0
    print(table([_HEADINGS, *(cells(feed, now) for feed in found)]))
    for notice in notices:
        print(f"{clock.rfc3339(notice.at)} {Severity(notice.severity).name} {notice.tenant} {notice.text}")
    return 0


def cells(feed: Feed, now: int) -> tuple[str, ...]:
    """One feed as words; delays are received − occurred."""
    seen = f"{span(now - feed.last_received)} ago" if feed.last_received else "never"
    late = (span(round(feed.delay_median * 1000)), span(round(feed.delay_p99 * 1000))) if feed.stored else ("", "")
    return (
        feed.tenant or "(none)",
        feed.source,
        feed.feed,
        str(feed.stored),
        str(feed.rejected),
        str(feed.skipped),
        str(feed.conflicts),
        seen,
        *late,
    )


def span(ms: int) -> str:
    """`3 s`, `12 min`, `5 h`, `9 d`: two figures are enough to see whether it is usual."""
    if ms < 0:
        return f"-{span(-ms)}"
    for size, unit in ((clock.DAY, "d"), (clock.HOUR, "h"), (clock.MINUTE, "min")):
        if ms >= size * 2:
            return f"{ms // size} {unit}"
    return f"{ms / 1000:.1f} s" if ms < 10_000 else f"{ms // 1000} s"


def table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
