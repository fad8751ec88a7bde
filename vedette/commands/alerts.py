"""`vedette alerts`: the alerts there are, one in full, and all of them in canonical form."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from domain import clock
from domain.alert import Content, Severity, canonical
from domain.clock import rfc3339
from domain.subject import token_of
from vedette import compose

if TYPE_CHECKING:
    from storage.alerts import AlertStore
    from storage.client import Client
    from storage.events import EventStore


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|dump")
    listed = actions.add_parser("list", help="the latest alerts, newest first")
    listed.add_argument("--tenant", default="acme")
    listed.add_argument("--shadow", action="store_true", help="those of shadow arms instead of live ones")
    listed.add_argument("--limit", type=int, default=50)
    shown = actions.add_parser("show", help="one alert with everything behind it")
    shown.add_argument("id", metavar="ID")
    shown.add_argument("--tenant", default="acme")
    dumped = actions.add_parser("dump", help="all alerts that stand, of all tenants, one JSON per line")
    dumped.add_argument("--canonical", action="store_true", help="the canonical bytes, as replay reproduces them")
    dumped.add_argument("--live", action="store_true", help="without those of shadow arms")
    dumped.add_argument("--named", action="store_true", help="names in place of tokens, where they are known")


def run(args: argparse.Namespace) -> int:
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from storage.alerts import AlertStore
    from storage.client import connect
    from storage.events import EventStore

    made = compose.reachable(compose.settings(args))
    client: Client = await connect(made.store, "reader")
    alerts, events = AlertStore(client), EventStore(client)
    try:
        if args.action == "list":
            return await _list(alerts, events, args)
        if args.action == "show":
            return await _show(alerts, events, args)
        return await _dump(alerts, events, args)
    finally:
        await client.close()


async def _names(events: EventStore, content: Content) -> dict[str, str]:
    from storage.alerts import tokens

    return await events.names(content.tenant, [*tokens(content), token_of(content.subject)])


async def _list(alerts: AlertStore, events: EventStore, args: argparse.Namespace) -> int:
    from detectors.sentence import sentence

    stages = ["shadow"] if args.shadow else ["live"]
    found = await alerts.list(args.tenant, where={"stage": stages}, until=clock.now() + clock.DAY, limit=args.limit)
    for stored in found:
        content = stored.content
        said = sentence(content, await _names(events, content))
        severity = Severity(content.severity).name
        print(f"{rfc3339(content.completed[0])}  {severity:8}  {stored.status:12}  {stored.alert_id}  {said}")
    if not found:
        print(f"no alerts of tenant {args.tenant}", file=sys.stderr)
    return 0


async def _show(alerts: AlertStore, events: EventStore, args: argparse.Namespace) -> int:
    from uuid import UUID

    from detectors.sentence import explanation, sentence

    try:
        stored = await alerts.get(args.tenant, str(UUID(args.id)))
    except ValueError:
        stored = None
    if stored is None:
        print(f"tenant {args.tenant} has no alert {args.id}; `vedette alerts list` shows the latest", file=sys.stderr)
        return 1
    content = stored.content
    names = await _names(events, content)
    print(sentence(content, names))
    whole = {
        "status": stored.status,
        "disposition": stored.disposition or None,
        "withdrawn": stored.withdrawn,
        "replaced_by": list(stored.replaced_by),
        "explanation": explanation(content, names),
        "content": msgspec.to_builtins(content),
    }
    print(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())
    return 0


async def _dump(alerts: AlertStore, events: EventStore, args: argparse.Namespace) -> int:
    """Lines sorted by tenant, completion and id; withdrawn alerts are left out."""
    from detectors.sentence import sentence

    async for content in alerts.dump(live=args.live):
        names = await _names(events, content) if args.named or not args.canonical else {}
        if args.canonical and not args.named:
            line = canonical(content)
        else:
            said = {} if args.canonical else {"sentence": sentence(content, names)}
            shown = _named(msgspec.to_builtins(content), names) if args.named else msgspec.to_builtins(content)
            line = msgspec.json.Encoder(order="sorted").encode({**shown, **said})
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    return 0


def _named(value: Any, names: dict[str, str]) -> Any:
    """The same with what tokens stand for: in parts, and at the end of the subject."""
    if isinstance(value, dict):
        if set(value) == {"token"}:
            return names.get(value["token"], value["token"])
        return {name: _named(part, names) for name, part in value.items()}
    if isinstance(value, str) and value.count("|") == 2:
        head, _, token = value.rpartition("|")
        return f"{head}|{names.get(token, token)}"
    return value
