"""`vedette settings`: what is in force, after the file and the environment."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from vedette import compose
from vedette.settings import find, load

#: Settings that tell outsiders where things are or who may enter; there are no secrets among settings.
_TELLING = frozenset({"bootstrap", "url", "api_url", "username", "name"})
HIDDEN = "***"


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="show")
    shown = actions.add_parser("show", help="print every setting as TOML, ready to be a vedette.toml")
    shown.add_argument("--redact", action="store_true", help="hide addresses and names, for a report to others")


def run(args: argparse.Namespace) -> int:
    config, data = compose.paths(args)
    file = find(config, os.environ, data=data)
    print(f"# from {file or 'defaults'} and the environment", file=sys.stderr)
    # not those of a running system: its addresses last only as long as it runs
    values = msgspec.to_builtins(load(config, os.environ, data=data), enc_hook=str)
    print("\n".join(toml(redacted(values) if args.redact else values)))
    return 0


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
