"""`vedette dead-letters`: the records that were refused, why, and how to send them again."""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from domain import clock
from domain.errors import VedetteError
from vedette import compose

if TYPE_CHECKING:
    from storage.dead_letters import DeadLetterStore, StoredLetter
    from vedette.settings import Settings

#: Letters read from the store at once by `replay --all`.
_PAGE = 500


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|replay")
    listed = actions.add_parser("list", help="the latest, newest first")
    listed.add_argument("--code", default="", help="only of this code")
    listed.add_argument("--source", default="", help="only of this source")
    listed.add_argument("--status", default="open", choices=("open", "replayed", "all"))
    listed.add_argument("--limit", type=int, default=50)
    show = actions.add_parser("show", help="explain one, with its raw line")
    show.add_argument("id", metavar="ID")
    replay = actions.add_parser("replay", help="send one, or all open ones, to its topic again")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", nargs="?")
    which.add_argument("--all", action="store_true")
    replay.add_argument("--code", default="", help="with --all: only of this code")
    for each in (listed, show, replay):
        each.add_argument("--tenant", default="", metavar="NAME", help="default: records that belong to no tenant")


def run(args: argparse.Namespace) -> int:
    made = compose.settings(args)
    if args.action == "replay" or not made.store.url:
        made = compose.reachable(made)
    return asyncio.run(_run(args, made))


async def _run(args: argparse.Namespace, made: Settings) -> int:
    from storage.client import connect
    from storage.dead_letters import DeadLetterStore

    client = await connect(made.store, "writer" if args.action == "replay" else "reader")
    try:
        store = DeadLetterStore(client)
        if args.action == "list":
            return await _list(store, args)
        if args.action == "show":
            return _show(await _one(store, args))
        return await _replay(store, args, made)
    finally:
        await client.close()


async def _list(store: DeadLetterStore, args: argparse.Namespace) -> int:
    where = {name: [value] for name, value in (("code", args.code), ("source", args.source)) if value}
    if args.status != "all":
        where["status"] = [args.status]
    found = await store.list(args.tenant, where=where, limit=args.limit)
    for each in found:
        source = f"{each.source} ({each.feed})" if each.feed else each.source
        print(f"{clock.rfc3339(each.received_at)}  {each.dead_letter_id}  {each.code}  {source}  {each.reason}")
    if not found:
        whose = f"of tenant {args.tenant}" if args.tenant else "without a tenant; --tenant NAME shows a tenant's"
        print(f"no dead letters {whose}", file=sys.stderr)
    return 0


async def _one(store: DeadLetterStore, args: argparse.Namespace) -> StoredLetter:
    try:
        UUID(args.id)
    except ValueError:
        raise VedetteError(f"{args.id!r} is no id of a dead letter; `vedette dead-letters list` shows them") from None
    found = await store.get(args.tenant, args.id)
    if found is None:
        whose = f"of tenant {args.tenant}" if args.tenant else "without a tenant; add --tenant NAME for a tenant's"
        raise VedetteError(f"there is no dead letter {args.id} {whose}")
    return found


def _show(each: StoredLetter) -> int:
    print(f"{each.dead_letter_id}, {each.status}: {each.code}")
    print(each.reason)
    print()
    print(f"tenant    {each.tenant or '(none)'}")
    print(f"source    {each.source}" + (f", feed {each.feed}" if each.feed else ""))
    print(f"place     {each.lane}, offset {each.offset}, epoch {each.epoch}")
    print(f"received  {clock.rfc3339(each.received_at)}")
    print(f"size      {each.raw_bytes} bytes, SHA-256 {each.raw_sha256}")
    if each.detector:
        print(f"detector  {each.detector}")
    print(f"raw       {_printable(each)}")
    return 0


def _printable(each: StoredLetter) -> str:
    if not each.raw:
        return "(not kept: too large, or it may hold what is never stored)" if each.raw_bytes else "(empty)"
    text = base64.b64decode(each.raw).decode(errors="backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


async def _replay(store: DeadLetterStore, args: argparse.Namespace, made: Settings) -> int:
    from transport.producer import producer

    sender = await producer(made.kafka)
    try:
        if args.id:
            letter = await _one(store, args)
            if not letter.raw and letter.raw_bytes:
                raise VedetteError(f"{letter.dead_letter_id} cannot be replayed: its bytes were not kept; send it anew")
            sent, left = await _send(store, sender, made, [letter]), 0
        else:
            sent, left = await _replay_all(store, sender, args, made)
    finally:
        await sender.stop()
    print(f"{sent} sent again; `vedette dead-letters list` shows those that are refused again")
    if left:
        print(f"{left} cannot be replayed, since their bytes were not kept; send them anew", file=sys.stderr)
    return 0


async def _replay_all(
    store: DeadLetterStore, sender: object, args: argparse.Namespace, made: Settings
) -> tuple[int, int]:
    """All that are open when it starts, newest first: (sent, those without their bytes)."""
    where = {"status": ["open"]} | ({"code": [args.code]} if args.code else {})
    sent = left = 0
    before: tuple[int, str] | None = None
    until = clock.now()
    while page := await store.list(args.tenant, where=where, until=until, before=before, limit=_PAGE):
        last = page[-1]
        before = (last.received_at, last.dead_letter_id)
        kept = [each for each in page if each.raw or not each.raw_bytes]
        sent += await _send(store, sender, made, kept)
        left += len(page) - len(kept)
    return sent, left


async def _send(store: DeadLetterStore, sender: object, made: Settings, letters: list[StoredLetter]) -> int:
    """Sent before they are marked: a crash between the two sends one twice, which changes nothing."""
    from ingest.dead_letters import unpack_headers
    from transport.batch import send_all

    topics: dict[str, list[StoredLetter]] = {}
    for letter in letters:
        topics.setdefault(letter.lane.rpartition(":")[0], []).append(letter)
    for topic, mine in topics.items():
        records = [(base64.b64decode(each.raw), unpack_headers(each.headers)) for each in mine]
        await send_all(sender, made.kafka, topic, records)
        for letter in mine:
            await store.mark_replayed(letter)
    return len(letters)
