"""`vedette geo`: where an address is and in whose network, as ingest would store it, and which data says so."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from domain import clock
from domain.errors import VedetteError
from vedette import compose

if TYPE_CHECKING:
    from ingest.enrich.enricher import Enricher
    from ingest.enrich.origin import Answer


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="lookup")
    lookup = actions.add_parser("lookup", help="one address, with reasons")
    lookup.add_argument("ip", metavar="IP")
    lookup.add_argument("--at", default="", metavar="TIME", help="as of this event time, RFC 3339 (default: now)")
    lookup.add_argument("--tenant", default="", metavar="NAME", help="with the ranges that this tenant stated")
    lookup.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    from ingest.address import address

    ip = address(args.ip).ip
    if not ip:
        raise VedetteError(f"{args.ip!r} is no address that can be looked up; use one such as 81.2.69.142")
    at = _moment(args.at)
    enricher = _enricher(args)
    answer = enricher.answer(ip, at, args.tenant)
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(_whole(ip, at, answer, enricher))) + b"\n")
    else:
        print("\n".join(lines(ip, at, answer, enricher)))
    return 0


def _enricher(args: argparse.Namespace) -> Enricher:
    """With the versions that ingest took up; before it has ever run, with what it would take up."""
    made = compose.settings(args)
    enricher = compose.enricher(made)
    if not enricher.read():
        enricher.preview(made.ingest.enrich)
    return enricher


def _moment(text: str) -> int:
    if not text:
        return clock.now()
    try:
        return clock.millis(datetime.fromisoformat(text))
    except ValueError as error:
        raise VedetteError(f"--at: {error}; use a time such as 2026-11-24T09:00:00Z") from error


def lines(ip: str, at: int, answer: Answer, enricher: Enricher) -> Iterator[str]:
    """For people: each thing known and where it is from, then the data in effect."""
    origin = answer.origin
    yield f"{ip} at {clock.rfc3339(at)}"
    rows = [
        ("place", _place(answer) or "unknown", answer.place_from),
        ("asn", f"AS{origin.asn}" if origin.asn else "unknown", answer.asn_from),
        ("network", origin.network, answer.network_from),
    ]
    width = max(len(found) for _, found, _ in rows)
    yield from (f"  {name:8} {found:{width}}  {why}".rstrip() for name, found, why in rows)
    yield "data in effect:"
    for each in enricher.datasets(at):
        since = f", since {clock.rfc3339(each.effective_from)}" if each.effective_from else ""
        credit = f" ({each.attribution})" if each.attribution else ""
        yield f"  {each.kind:9} {each.name}{' of ' + each.date if each.date else ''}{since}{credit}"


def _place(answer: Answer) -> str:
    origin = answer.origin
    name = ", ".join(filter(None, (origin.city, origin.region, origin.country)))
    if origin.lat is None or origin.lon is None:
        return name
    return f"{name}: within {origin.radius_km:g} km of {origin.lat:g}, {origin.lon:g}"


def _whole(ip: str, at: int, answer: Answer, enricher: Enricher) -> dict[str, object]:
    return {
        "ip": ip,
        "at": clock.rfc3339(at),
        "origin": answer.origin,
        "from": {"place": answer.place_from, "asn": answer.asn_from, "network": answer.network_from},
        "data": [
            {
                **msgspec.structs.asdict(each),
                "effective_from": clock.rfc3339(each.effective_from) if each.effective_from else None,
            }
            for each in enricher.datasets(at)
        ],
    }
