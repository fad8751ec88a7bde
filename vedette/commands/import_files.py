"""`vedette import`: brings in files of audit events, and tells what became of every row."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from domain import clock
from domain.errors import VedetteError
from vedette import compose

if TYPE_CHECKING:
    from ingest.record import Headers
    from transport.batch import Sent
    from vedette.importing import Importer, RowAt, Summary
    from vedette.settings import Settings


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="JSON array, JSON lines or CSV; gzip too")
    parser.add_argument("--source", default="", help="whose events they are (default: told by their fields)")
    parser.add_argument("--tenant", default="", metavar="NAME", help="whose they are (default: what each record says)")
    parser.add_argument("--feed", default="", metavar="NAME", help="the feed they are counted under")
    parser.add_argument("--history", action="store_true", help="old events: judge them, but page nobody")
    parser.add_argument("--dry-run", action="store_true", help="only say what would become of them; needs no system")
    parser.add_argument(
        "--patience", type=float, default=60.0, metavar="SECONDS", help="give up when nothing was stored for so long"
    )


def run(args: argparse.Namespace) -> int:
    """0 when every row was stored, duplicate or skipped, 1 when some were rejected."""
    made = compose.settings(args)
    headers = headers_of(args, made)
    if args.dry_run:
        summary = _dry(args, made, headers)
    else:
        summary = asyncio.run(_import(args, compose.reachable(made), headers))
    print("\n".join(summary.lines(dry=args.dry_run)))
    if summary.rejected and not args.dry_run:
        tenant = args.tenant or made.ingest.default_tenant
        command = f"vedette dead-letters list{f' --tenant {tenant}' if tenant else ''}"
        print(f"`{command}` has the rejected ones; mend them, or the settings, and replay", file=sys.stderr)
    return 1 if summary.rejected else 0


def headers_of(args: argparse.Namespace, made: Settings) -> Headers:
    """What each record says of itself. VedetteError for a source or a tenant that there cannot be."""
    from domain.sources import SOURCES
    from ingest.refusal import nearest_first
    from ingest.settings import TENANT
    from ingest.sources.mapping import Mapping

    names = (*SOURCES, *(Mapping(Path(file)).source for file in made.ingest.mappings))
    if args.source and args.source not in names:
        raise VedetteError(
            f"--source: no such source {args.source!r}; use {', '.join(nearest_first(args.source, names))}"
        )
    if args.tenant and not TENANT.fullmatch(args.tenant):
        raise VedetteError(f"--tenant: {args.tenant!r} is no tenant name; use a-z, 0-9, _ and -, at most 63 characters")
    said = {
        "tenant": args.tenant,
        "source": args.source,
        "feed": args.feed,
        "batch": "1",
        "history": "1" if args.history else "",
    }
    return tuple((name, value.encode()) for name, value in said.items() if value)


def _rows(files: Sequence[Path], source: str) -> Iterator[RowAt]:
    from ingest.files import rows
    from vedette.importing import RowAt

    for file in files:
        for line, raw in rows(file, source):
            yield RowAt(file.name, line, raw)


def _dry(args: argparse.Namespace, made: Settings, headers: Headers) -> Summary:
    from domain.subject import Tokeniser
    from ingest.normalise import Normaliser
    from vedette.importing import dry_run

    tokens = Tokeniser(bytes(32))  # no key of a tenant is made or read: nothing of this is kept
    normaliser = Normaliser(made.ingest, lambda _: tokens)
    return dry_run(_rows(args.files, args.source), normaliser.normalise, headers, at=clock.now())


async def _import(args: argparse.Namespace, made: Settings, headers: Headers) -> Summary:
    from vedette.importing import TOGETHER

    async with importing(made, headers, patience=args.patience) as importer:
        rows = _rows(args.files, args.source)
        while batch := list(islice(rows, TOGETHER)):
            await importer.take(batch)
        return importer.summary


@asynccontextmanager
async def importing(made: Settings, headers: Headers, *, patience: float) -> AsyncIterator[Importer]:
    """An importer over the broker and the store. Unavailable when one of them does not answer."""
    from domain.subject import Tokeniser
    from ingest.normalise import Normaliser
    from storage.client import connect
    from storage.epochs import EpochStore
    from storage.events import EventStore
    from storage.places import PlaceStore
    from transport.batch import send_all
    from transport.producer import producer
    from transport.topics import RAW_IMPORT
    from vedette.importing import Importer

    client = await connect(made.store, "reader")
    sender = None
    try:
        epoch = await EpochStore(client).current()
        if epoch is None:
            raise VedetteError("no epoch is open; start the system with `vedette up`, or run `vedette migrate` first")
        number = epoch.epoch
        sender = made_sender = await producer(made.kafka)
        tokens = Tokeniser(bytes(32))

        async def send(raw: Sequence[bytes], keys: Sequence[bytes | None]) -> Sequence[Sent]:
            return await send_all(made_sender, made.kafka, RAW_IMPORT, [(each, headers) for each in raw], keys=keys)

        yield Importer(
            send=send,
            through=lambda: EventStore(client).lanes(number),
            fates=PlaceStore(client),
            normalise=Normaliser(made.ingest, lambda _: tokens).normalise,
            headers=headers,
            epoch=number,
            patience=patience,
        )
    finally:
        if sender is not None:
            await sender.stop()
        await client.close()
