"""`vedette alerts`: the alerts there are, one in full, and all of them in canonical form."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from domain import clock
from domain.alert import Content, Severity, canonical
from domain.clock import rfc3339
from domain.subject import token_of
from vedette import compose

if TYPE_CHECKING:
    from engine.standing import Standing
    from storage.alerts import AlertStore, StoredAlert
    from storage.client import Client
    from storage.events import EventStore

_COLOURS = {Severity.INFO: 2, Severity.LOW: 36, Severity.MEDIUM: 33, Severity.HIGH: 31, Severity.CRITICAL: 41}


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|dump")
    listed = actions.add_parser("list", help="the latest alerts, newest first")
    listed.add_argument("--tenant", default="acme")
    listed.add_argument("--shadow", action="store_true", help="those of shadow arms instead of live ones")
    listed.add_argument("--limit", type=int, default=50)
    shown = actions.add_parser("show", help="one alert with everything behind it")
    shown.add_argument("id", metavar="ID")
    shown.add_argument("--tenant", default="acme")
    shown.add_argument("--json", action="store_true", help="for a program: one JSON object")
    dumped = actions.add_parser("dump", help="all alerts that stand, of all tenants, one JSON per line")
    dumped.add_argument("--canonical", action="store_true", help="the canonical bytes, as replay reproduces them")
    dumped.add_argument("--live", action="store_true", help="without those of shadow arms")
    dumped.add_argument(
        "--named",
        action="store_true",
        help="names in place of tokens, where they are known, and the CRM's own ids of the events",
    )


def run(args: argparse.Namespace) -> int:
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from engine.standing import Standing
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
            return await _show(alerts, events, Standing(client, compose.registry(made)), args)
        return await _dump(alerts, events, args)
    finally:
        await client.close()


async def _names(events: EventStore, tenant: str, *contents: Content) -> dict[str, str]:
    """What the tokens of the tenant's alerts stand for."""
    from storage.alerts import tokens

    wanted = {token for each in contents for token in (*tokens(each), token_of(each.subject))}
    return await events.names(tenant, sorted(wanted)) if wanted else {}


def _severity(content: Content, *, width: int = 0) -> str:
    """The severity's name, padded; in colour for a person at a terminal who has not said NO_COLOR."""
    severity = Severity(content.severity)
    name = f"{severity.name:{width}}"
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return name
    return f"\x1b[{_COLOURS[severity]}m{name}\x1b[0m"


async def _list(alerts: AlertStore, events: EventStore, args: argparse.Namespace) -> int:
    from detectors.sentence import headed

    stages = ["shadow"] if args.shadow else ["live"]
    found = await alerts.list(args.tenant, where={"stage": stages}, until=clock.now() + clock.DAY, limit=args.limit)
    contents = [stored.content for stored in found]
    names = await _names(events, args.tenant, *contents)
    for stored, content in zip(found, contents, strict=True):
        print(
            f"{rfc3339(content.completed[0])}  {_severity(content, width=8)}  {stored.status:12}  {stored.alert_id}  "
            f"{headed(content, names)}"
        )
    if not found:
        print(f"no alerts of tenant {args.tenant}", file=sys.stderr)
    return 0


async def _show(alerts: AlertStore, events: EventStore, standing: Standing, args: argparse.Namespace) -> int:
    from uuid import UUID

    from detectors.sentence import explanation, sentence
    from engine.frozen import REASONS

    try:
        stored = await alerts.get(args.tenant, str(UUID(args.id)))
    except ValueError:
        stored = None
    if stored is None:
        print(f"tenant {args.tenant} has no alert {args.id}; `vedette alerts list` shows the latest", file=sys.stderr)
        return 1
    content = stored.content
    names = await _names(events, args.tenant, content)
    told = explanation(content, names)
    frozen = REASONS.get(await standing.frozen(content), "")
    if args.json:
        whole = {
            "sentence": sentence(content, names),
            "status": stored.status,
            "disposition": stored.disposition or None,
            "withdrawn": stored.withdrawn,
            "replaced_by": list(stored.replaced_by),
            "frozen": bool(frozen),
            "frozen_because": frozen or None,
            "explanation": told,
            "content": msgspec.to_builtins(content),
        }
        print(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())
        return 0
    print(f"{_severity(content)}  {sentence(content, names)}\n")
    for name, value in (*_lines(stored, content, told, names), ("frozen", frozen)):
        if value:
            print(f"  {name:10}{value}")
    for line in _hour(told["baseline"]):
        print(line)
    return 0


def _lines(
    stored: StoredAlert, content: Content, told: Mapping[str, Any], names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """What a person wants to know of an alert, each with its name; "" for what there is not."""
    from detectors.sentence import number

    token = token_of(content.subject)
    named = list(_ids(content))
    ids = list(dict.fromkeys((*named[:1], *named[-1:])))
    at_least = "at least " if told["at_least"] else ""
    decided = f"{stored.status}{f' as {stored.disposition}' if stored.disposition else ''}"
    if stored.decided_by:
        decided += f", by {stored.decided_by} at {rfc3339(stored.decided_at)}"
    return [
        ("who", f"{content.subject.partition('|')[0]} {names.get(token, token)}, tenant {content.tenant}"),
        ("when", " to ".join(dict.fromkeys((rfc3339(content.opener[0]), rfc3339(content.completed[0]))))),
        ("observed", f"{at_least}{number(content.observed)}, limit {number(content.threshold)}"),
        ("usual", _usual(told["baseline"])),
        ("why", str(told["why"] or "")),
        ("lowered by", str(told["suppressed"] or "")),
        ("evidence", f"{number(content.evidence.count)} event{'' if len(ids) == 1 else 's'}, {' to '.join(ids)}"),
        ("status", decided),
        ("reason", stored.reason),
        ("withdrawn", "truth does not have it any more" if stored.withdrawn else ""),
        ("replaced", f"by {', '.join(stored.replaced_by)}" if stored.replaced_by else ""),
        ("replaces", ", ".join(stored.replaces)),
        ("detector", f"{content.slot}, arm {content.arm}, {content.stage}, settings {content.settings}"),
        ("id", stored.alert_id),
    ]


def _usual(baseline: Mapping[str, Any]) -> str:
    """One below the other; the many numbers of a model's hour are a table of their own, by `_hour`."""
    if "base" in baseline:
        return ""
    return f"\n{' ':12}".join(f"{name.replace('_', ' ')}: {value}" for name, value in baseline.items())


def _hour(baseline: Mapping[str, Any]) -> Iterator[str]:
    """What each feature of the hour adds to the model's score, the largest first."""
    if "base" not in baseline:
        return
    from models.features import FEATURES
    from vedette.commands.sources import table

    adds = {each: baseline.get(f"contribution.{each.name}", 0.0) for each in FEATURES}
    rows: list[tuple[str, ...]] = [("FEATURE", "IN THIS HOUR", "USUAL", "ADDS TO THE SCORE")]
    rows.append(("(any hour)", "", "", f"{baseline['base']:.6f}"))
    for each in sorted(FEATURES, key=lambda each: -abs(adds[each])):
        value, usual = (str(baseline.get(f"{part}.{each.name}", "")) for part in ("value", "usual"))
        rows.append((each.words, value, usual, f"{adds[each]:+.6f}"))
    yield ""
    yield from (f"  {line}" for line in table(rows).splitlines())


async def _dump(alerts: AlertStore, events: EventStore, args: argparse.Namespace) -> int:
    """Lines sorted by tenant, completion and id; withdrawn alerts are left out."""
    from detectors.sentence import sentence

    async for content in alerts.dump(live=args.live):
        names = await _names(events, content.tenant, content) if args.named or not args.canonical else {}
        if args.canonical and not args.named:
            line = canonical(content)
        else:
            said = {} if args.canonical else {"sentence": sentence(content, names)}
            shown = msgspec.to_builtins(content)
            if args.named:
                found = await events.by_ids(content.tenant, list(_ids(content)))
                told = {
                    "subject_name": names.get(token_of(content.subject)),
                    "native_ids": [e.native_id for e in found],
                }
                shown = {**_named(shown, names), **told}
            line = msgspec.json.Encoder(order="sorted").encode({**shown, **said})
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    return 0


def _ids(content: Content) -> dict[str, None]:
    """The activities that the evidence names, each once, in order."""
    return dict.fromkeys((*content.evidence.first, *content.evidence.last))


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
