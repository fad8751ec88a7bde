"""`vedette collect`: polls the audit API of a CRM and brings in what is new, once or until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from domain import clock
from domain.errors import SettingsInvalid, VedetteError
from vedette import compose

if TYPE_CHECKING:
    from ingest.collect.feeds import Source
    from ingest.collect.rounds import Recent, Told
    from ingest.record import Headers
    from vedette.settings import Settings


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", choices=("salesforce", "hubspot", "espocrm", "twenty"), help="whose API it is")
    parser.add_argument(
        "--credentials", required=True, metavar="FILE", type=Path,
        help="TOML, readable by you alone: token (hubspot), api_key (espocrm, twenty), client_id and client_secret "
        "(salesforce)",
    )  # fmt: skip
    parser.add_argument("--url", default="", help="the API's address (default: the vendor's, where there is one)")
    parser.add_argument("--tenant", default="", metavar="NAME", help="whose they are (default: ingest.default_tenant)")
    parser.add_argument("--name", default="", help="tells two accounts of one tenant apart (default: the source)")
    parser.add_argument("--feeds", default="", metavar="A,B", help="only these feeds (default: all)")
    parser.add_argument(
        "--since", default="1d", metavar="TIME", help="where a feed begins: 7d or 36h ago, or RFC 3339 (default 1d)"
    )
    parser.add_argument(
        "--every", type=float, default=60.0, metavar="SECONDS", help="pause between rounds (default 60)"
    )
    parser.add_argument("--once", action="store_true", help="one round, for cron; 1 when a feed could not be read")


def run(args: argparse.Namespace) -> int:
    """With --once 0 when every feed was read to its end; without it, 0 after SIGTERM or SIGINT."""
    from ingest.collect import credentials
    from ingest.collect.registry import COLLECTORS

    source = COLLECTORS[args.source]
    if not (url := args.url or source.url):
        raise SettingsInvalid(
            f"--url is missing; {args.source} has an address of your own, such as https://crm.example"
        )
    if args.every <= 0:
        raise SettingsInvalid(f"--every is {args.every:g} s; use more than 0")
    since = _moment(args.since, now=clock.now())
    source.web(url, lambda: credentials.read(args.credentials, source.secrets))  # so that what is wrong is said at once
    compose.log_to_stderr()
    return asyncio.run(_run(args, source, url, since))


def _moment(text: str, *, now: int) -> int:
    """`7d` or `36h` ago, or RFC 3339 with an offset, in ms."""
    units = {"d": clock.DAY, "h": clock.HOUR}
    if text[:-1].isdigit() and text[-1] in units:
        return now - int(text[:-1]) * units[text[-1]]
    try:
        return clock.millis(datetime.fromisoformat(text))
    except ValueError:
        raise SettingsInvalid(f"--since: {text!r} is no time; use 7d, 36h or 2026-11-24T09:00:00Z") from None


async def _run(args: argparse.Namespace, source: Source, url: str, since: int) -> int:
    from ingest.collect.rounds import Recent, fault, summary

    recent, stop = Recent(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    while not stop.is_set():
        at = clock.now()
        told = await _until(stop, partial(_round, args, source, url, recent, since=since, at=at))
        if told is not None:
            print(summary(told, at=at), flush=True)
            if args.once:
                if (error := fault(told)) is not None:
                    raise error
                return 0
        await _until(stop, partial(asyncio.sleep, args.every))
    return 0


async def _until(stop: asyncio.Event, work: Callable[[], Awaitable[list[Told] | None]]) -> list[Told] | None:
    """What `work` gives; None when told to stop: then it is left where it is, its cursor behind what was sent."""
    working, stopping = asyncio.ensure_future(work()), asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
    await asyncio.gather(working, stopping, return_exceptions=True)
    return None if working.cancelled() else working.result()


async def _round(
    args: argparse.Namespace, source: Source, url: str, recent: Recent, *, since: int, at: int
) -> list[Told] | None:
    """Connects, reads every feed, lets go. Where it polls for ever, a part of ours that is away ends only the round."""
    try:
        return await _connected(args, source, url, recent, since=since, at=at)
    except SettingsInvalid:
        raise
    except VedetteError as error:
        if args.once:
            raise
        print(f"vedette collect: {error}", file=sys.stderr, flush=True)
        return None


async def _connected(
    args: argparse.Namespace, source: Source, url: str, recent: Recent, *, since: int, at: int
) -> list[Told]:
    from ingest.collect import credentials
    from ingest.collect.rounds import Collecting
    from storage.client import connect
    from storage.cursors import CursorStore
    from transport.producer import producer

    made = compose.reachable(compose.settings(args))  # read anew: a broker that was restarted has another address
    tenant, topic, headers = _door(args, made)
    web = source.web(url, lambda: credentials.read(args.credentials, source.secrets))
    client = await connect(made.store, "writer")
    try:
        sender = await producer(made.kafka)
        try:
            collecting = Collecting(
                tenant=tenant,
                name=args.name or args.source,
                since=since,
                cursors=CursorStore(client),
                deliver=_delivery(made, client, sender, topic, headers),
                recent=recent,
            )
            async with web.open():
                feeds = source.feeds(web)
                wanted = [name for name in args.feeds.split(",") if name]
                if missing := set(wanted) - {feed.name for feed in feeds}:
                    names = ", ".join(feed.name for feed in feeds)
                    raise SettingsInvalid(f"--feeds: no such feed {sorted(missing)[0]!r}; there are {names}")
                return await collecting.round([f for f in feeds if not wanted or f.name in wanted], at=at)
        finally:
            await sender.stop()
    finally:
        await client.close()


def _door(args: argparse.Namespace, made: Settings) -> tuple[str, str, Headers]:
    """Tenant, topic and headers. A tenant of one's own choice counts only in a topic that nobody else may write."""
    from ingest.settings import TENANT
    from transport.topics import RAW, RAW_IMPORT

    if args.tenant and not TENANT.fullmatch(args.tenant):
        raise SettingsInvalid(
            f"--tenant: {args.tenant!r} is no tenant name; use a-z, 0-9, _ and -, at most 63 characters"
        )
    batch = ("batch", b"1")  # what is polled is late by nature: nobody's clock waits for it
    if args.tenant and args.tenant != made.ingest.default_tenant:
        said = (("tenant", args.tenant.encode()), ("source", args.source.encode()), batch)
        return args.tenant, RAW_IMPORT, said
    tenant = made.ingest.default_tenant
    if not tenant and not (args.source == "salesforce" and made.ingest.organizations):
        raise SettingsInvalid("--tenant is missing, and ingest.default_tenant is not set; give one of them")
    return tenant, f"{RAW}.{args.source}", (batch,)


def _delivery(
    made: Settings, client: object, sender: object, topic: str, headers: Headers
) -> Callable[..., Awaitable[None]]:
    from ingest.collect.delivery import Delivery
    from storage.client import Client
    from storage.epochs import EpochStore
    from storage.events import EventStore
    from transport.batch import Sent, send_all

    assert isinstance(client, Client)
    epochs, events = EpochStore(client), EventStore(client)

    async def epoch() -> int:
        found = await epochs.current()
        if found is None:
            raise VedetteError("no epoch is open; start the system with `vedette up`, or run `vedette migrate` first")
        return found.epoch

    async def send(records: Sequence[bytes]) -> list[Sent]:
        return await send_all(sender, made.kafka, topic, [(each, headers) for each in records])

    async def through(number: int) -> Mapping[str, int]:
        return await events.lanes(number)

    found = compose.running(made.data_dir)
    forgets = found is not None and bool(found.broker)
    return Delivery(topic=topic, send=send, epoch=epoch, through=through if forgets else None, patience=60.0)
