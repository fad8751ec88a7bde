"""`vedette channels`: who is told, whether it works, and the secret a receiver checks signatures with."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from domain import clock
from domain.errors import SettingsInvalid, Unavailable
from vedette import compose

if TYPE_CHECKING:
    from notify.settings import Channel
    from vedette.settings import Settings


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|test|secret|enable")
    actions.add_parser("list", help="the channels in the settings, and whether each is on")
    for name, line in (
        ("test", "send a notification marked TEST and say what came back"),
        ("secret", "make a new secret, keeping the old one valid beside it, and print it"),
        ("enable", "switch a channel on again after its receiver answered 410, and deliver what waited"),
    ):
        actions.add_parser(name, help=line).add_argument("name")


def run(args: argparse.Namespace) -> int:
    made = compose.settings(args)
    if args.action == "list":
        return asyncio.run(_list(made))
    channel = _channel(made, args.name)
    if args.action == "secret":
        return _secret(made, args.name, channel)
    return asyncio.run((_test if args.action == "test" else _enable)(made, args.name, channel))


def _channel(made: Settings, name: str) -> Channel:
    found = made.notify.channels.get(name)
    if found is None:
        known = ", ".join(sorted(made.notify.channels)) or "none"
        raise SettingsInvalid(f"notify.channels: no such channel {name!r}; there are {known}")
    return found


async def _list(made: Settings) -> int:
    from notify.settings import secrets_of

    if not made.notify.channels:
        print("no channels; add [notify.channels.NAME] with kind and url to the settings")
        return 0
    off = await _off(made)
    for name, channel in sorted(made.notify.channels.items()):
        state = "store unknown" if off is None else "off: its receiver answered 410" if name in off else "on"
        try:
            secrets_of(name, channel, made.data_dir)
        except SettingsInvalid:
            state = f"no secret: run `vedette channels secret {name}`"
        host, tenant = urlsplit(channel.url).hostname, channel.tenant or "all tenants"
        told = f"from {channel.min_severity}\t{channel.identity}"
        print(f"{name}\t{channel.kind}\t{host}\t{tenant}\t{told}\t{state}")
    return 0


async def _off(made: Settings) -> set[str] | None:
    """Channels that are switched off; None when the store cannot be asked."""
    from storage.client import connect
    from storage.deliveries import NotifyStore

    if not made.store.url:
        return None
    try:
        store = NotifyStore(await connect(made.store, "reader"))
        try:
            return await store.disabled_channels()
        finally:
            await store.close()
    except Unavailable as error:
        print(error, file=sys.stderr)
        return None


def _secret(made: Settings, name: str, channel: Channel) -> int:
    from notify.settings import secret_path
    from notify.signature import new_secret

    path, secret = secret_path(name, channel, made.data_dir), new_secret()
    earlier = path.read_text(encoding="utf-8").split()[:1] if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_secret(path, "\n".join([secret, *earlier]) + "\n")
    print(secret)
    if earlier:
        print(f"notifications carry both signatures until the second line of {path} is deleted", file=sys.stderr)
    return 0


def _write_secret(path: Path, text: str) -> None:
    """Replace the file in one step; nobody else may read it."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)


async def _test(made: Settings, name: str, channel: Channel) -> int:
    from notify import delivery
    from notify.rehearsal import body
    from notify.settings import secrets_of

    now = clock.now()
    keys = secrets_of(name, channel, made.data_dir)
    answer = await delivery.send(
        body(now),
        url=channel.url,
        webhook_id=f"msg_test_{now}",
        keys=keys,
        at=now,
        allow_private=channel.allow_private,
    )
    if answer.delivered:
        print(f"{name}: delivered, the receiver answered {answer.status}")
        return 0
    print(f"{name}: not delivered: {answer.error}", file=sys.stderr)
    return 1


async def _enable(made: Settings, name: str, channel: Channel) -> int:
    from domain.incident import DISABLED
    from notify import delivery
    from storage.client import connect
    from storage.deliveries import NotifyStore

    made = made if made.store.url else compose.reachable(made)
    store, now, taken = NotifyStore(await connect(made.store, "writer")), clock.now(), 0
    try:
        while waiting := await store.deliveries(channel=name, status=DISABLED, limit=500):
            await store.put_deliveries([delivery.again(each, now) for each in waiting])
            taken += len(waiting)
    finally:
        await store.close()
    print(f"{name} ({channel.kind}) is on; {taken} deliveries are taken up")
    return 0
