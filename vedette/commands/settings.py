"""`vedette settings`: what the file and the environment say, and what was in effect when."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from domain.clock import rfc3339
from vedette import compose
from vedette.settings import find, load

if TYPE_CHECKING:
    from detectors.changes import Change
    from vedette.settings import Settings

#: Settings that tell outsiders where things are or who may enter; there are no secrets among settings.
_TELLING = frozenset({"bootstrap", "url", "api_url", "username", "name"})
HIDDEN = "***"


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|history|apply")
    shown = actions.add_parser("show", help="print every setting as TOML, ready to be a vedette.toml")
    shown.add_argument("--redact", action="store_true", help="hide addresses and names, for a report to others")
    told = actions.add_parser("history", help="what of the detectors was in effect from when on, and what changed")
    told.add_argument("--detector", default="", metavar="ID", help="only this one (default: all)")
    told.add_argument("--json", action="store_true", help="for a program: one JSON object a line")
    applied = actions.add_parser(
        "apply", help="put the detectors' settings in effect, a minute from now, while everything runs"
    )
    applied.add_argument("--back", action="store_true", help="also where that goes back to an older version")


def run(args: argparse.Namespace) -> int:
    if args.action != "show":
        return asyncio.run((_history if args.action == "history" else _apply)(args))
    config, data = compose.paths(args)
    file = find(config, os.environ, data=data)
    print(f"# from {file or 'defaults'} and the environment", file=sys.stderr)
    # not those of a running system: its addresses last only as long as it runs
    values = msgspec.to_builtins(load(config, os.environ, data=data), enc_hook=str)
    print("\n".join(toml(redacted(values) if args.redact else values)))
    return 0


async def _history(args: argparse.Namespace) -> int:
    from detectors.changes import changes
    from storage.client import connect
    from storage.configurations import ConfigurationStore

    client = await connect(_stored(args).store, "reader")
    try:
        found = changes(await ConfigurationStore(client).history())
    finally:
        await client.close()
    known = sorted({each.detector for each in found})
    if args.detector and args.detector not in known:
        print(
            f"no detector {args.detector} was ever in effect; there are {', '.join(known) or 'none'}", file=sys.stderr
        )
        return 1
    for each in found:
        if args.detector in ("", each.detector):
            print(msgspec.json.encode(each).decode() if args.json else "\n".join(_lines(each)))
    return 0


async def _apply(args: argparse.Namespace) -> int:
    from detectors.changes import changes
    from storage.client import connect
    from storage.configurations import ConfigurationStore
    from stream.configurations import record

    made = _stored(args)
    client = await connect(made.store, "writer")
    try:
        store = ConfigurationStore(client)
        new = {(each.detector, each.made_at) for each in await record(store, compose.registry(made), back=args.back)}
        history = await store.history()
    finally:
        await client.close()
    since = {rfc3339(at) for _, at in new}
    for each in changes(history):
        if each.made_at in since and each.detector in {name for name, _ in new}:
            print("\n".join(_lines(each)))
    if not new:
        print("the settings in effect are those of the file already", file=sys.stderr)
    return 0


def _stored(args: argparse.Namespace) -> Settings:
    """The settings, with a store to ask."""
    made = compose.settings(args)
    return made if made.store.url else compose.reachable(made)


def _lines(change: Change) -> Iterator[str]:
    """From when on, which slot and settings; below, what that changed."""
    since = change.effective_from or "always"
    yield f"{since:24}  {change.slot}  settings {change.settings_hash or 'none: it is gone'}"
    for each in change.changed:
        yield f"{'':24}    {each.what}: {_said(each.before)} → {_said(each.after)}"


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def redacted(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same tree with addresses and names hidden."""

    def one(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return HIDDEN if name == "overrides" and value else redacted(value)
        return HIDDEN if name in _TELLING and value else value

    return {name: one(name, value) for name, value in values.items()}


def toml(values: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[str]:
    """Lines of a TOML file with these values. Credentials inside an address are never shown."""
    tables = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in values.items() if name not in tables}
    if place and plain:
        yield ""
        yield f"[{'.'.join(map(_key, place))}]"
    for name, value in plain.items():
        yield f"{_key(name)} = {_value(value)}"
    for name, inner in tables.items():
        yield from toml(inner, (*place, name))


def _key(name: str) -> str:
    bare = name.replace("_", "").replace("-", "")
    return name if bare.isascii() and bare.isalnum() else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(_without_credentials(value))
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return msgspec.json.encode(value).decode()  # numbers and booleans look the same in TOML


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")  # JSON's escapes are TOML's


def _without_credentials(value: str) -> str:
    if "://" not in value or "@" not in value:
        return value
    parts = urlsplit(value)
    return urlunsplit(parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}"))
