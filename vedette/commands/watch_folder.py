"""`vedette watch-folder`: brings in files of audit events as they arrive, each content once, and moves nothing."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from domain import clock
from domain.errors import SettingsInvalid, VedetteError
from vedette import compose
from vedette.commands.import_files import headers_of, importing

if TYPE_CHECKING:
    from ingest.record import Headers
    from vedette.importing import Summary
    from vedette.settings import Settings
    from vedette.watching import Folder

#: Seconds until a file is tried again when the system was away.
_AGAIN = 5.0


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="where files arrive: JSON array, JSON lines, CSV, gzip"
    )
    parser.add_argument("--source", default="", help="whose events they are (default: told by their fields)")
    parser.add_argument("--tenant", default="", metavar="NAME", help="whose they are (default: what each record says)")
    parser.add_argument("--feed", default="", metavar="NAME", help="the feed they are counted under")
    parser.add_argument("--history", action="store_true", help="old events: judge them, but page nobody")
    parser.add_argument(
        "--settle", type=float, default=2.0, metavar="SECONDS", help="a file is complete once unchanged for so long"
    )
    parser.add_argument("--once", action="store_true", help="end when every file that is there was brought in")
    parser.add_argument(
        "--patience", type=float, default=60.0, metavar="SECONDS", help="try later when nothing was stored for so long"
    )


def run(args: argparse.Namespace) -> int:
    """0 after SIGTERM or SIGINT; with --once 0 when every file was brought in, 1 when one could not be read."""
    from vedette.watching import Folder

    if args.settle <= 0:
        raise SettingsInvalid(f"--settle is {args.settle:g} s; use more than 0")
    made = compose.settings(args)
    headers = headers_of(args, made)
    folder = Folder(args.folder, settle=args.settle, clock=time.monotonic)
    folder.complete()
    if args.once:
        compose.reachable(made)
    return asyncio.run(_watch(args, folder, headers))


async def _watch(args: argparse.Namespace, folder: Folder, headers: Headers) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, task.cancel)
    unread = 0
    try:
        while True:
            files = folder.complete()
            try:
                for file in files:
                    unread += not await _bring(args, folder, file, headers)
            except SettingsInvalid:
                raise
            except VedetteError as error:  # the system is away, or ingest stands still
                if args.once:
                    raise
                print(f"vedette watch-folder: {error}", file=sys.stderr, flush=True)
                await asyncio.sleep(_AGAIN)
            if args.once and not files and not folder.waits():
                return 1 if unread else 0
            await asyncio.sleep(min(args.settle, 1.0))
    except asyncio.CancelledError:  # a file that is under way is brought in again: ids make that harmless
        return 0


async def _bring(args: argparse.Namespace, folder: Folder, file: Path, headers: Headers) -> bool:
    """False when the file cannot be read: it is looked at again once it changes."""
    from ingest.files import FileUnreadable
    from storage.client import connect
    from storage.cursors import CursorStore
    from vedette.importing import listed
    from vedette.watching import digest

    made = compose.reachable(compose.settings(args))  # read anew: a broker that was restarted has another address
    try:
        name = await asyncio.to_thread(digest, file)
    except OSError as error:
        print(
            f"{file.name} cannot be read ({error.strerror}); make it readable and touch it", file=sys.stderr, flush=True
        )
        folder.done(file)
        return False
    client = await connect(made.store, "writer")
    try:
        store = CursorStore(client)
        if name in await store.imported(args.tenant, args.source):
            folder.done(file)
            return True
        try:
            summary = await _import(args, made, file, headers)
        except FileUnreadable as error:
            print(f"{error}", file=sys.stderr, flush=True)
            folder.done(file)
            return False
        if folder.done(file):  # else it was written to meanwhile, and is brought in again
            await store.put_imported(
                args.tenant, args.source, name, file.name, rows=summary.read, rejected=summary.rejected.total()
            )
    finally:
        await client.close()
    counted = f"{summary.stored} stored, {summary.duplicate} duplicate, {summary.skipped.total()} skipped"
    told = f"{clock.rfc3339(clock.now())} {file.name}: {summary.read} rows, {counted}"
    print(f"{told}, {summary.rejected.total()} rejected{listed(summary.rejected)}", flush=True)
    return True


async def _import(args: argparse.Namespace, made: Settings, file: Path, headers: Headers) -> Summary:
    from ingest.files import rows
    from vedette.importing import TOGETHER, RowAt

    async with importing(made, headers, patience=args.patience) as importer:
        found = (RowAt(file.name, line, raw) for line, raw in rows(file, args.source))
        while batch := list(islice(found, TOGETHER)):
            await importer.take(batch)
        return importer.summary
