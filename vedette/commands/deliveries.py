"""`vedette deliveries`: what was sent to on-call, what came back, and sending it again."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

import msgspec

from domain import clock
from vedette import compose

if TYPE_CHECKING:
    from domain.incident import Delivery
    from storage.deliveries import NotifyStore


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|redeliver")
    listed = actions.add_parser("list", help="the latest deliveries, newest first")
    listed.add_argument("--tenant", default="")
    listed.add_argument("--channel", default="")
    listed.add_argument("--status", default="", choices=("", "pending", "delivered", "failed", "disabled"))
    listed.add_argument("--incident", default="", metavar="ID")
    listed.add_argument("--limit", type=int, default=50)
    for name, line in (("show", "one notification with its body"), ("redeliver", "send one again under the same id")):
        one = actions.add_parser(name, help=line)
        one.add_argument("id", metavar="ID", help="the webhook-id, msg_…")
        one.add_argument("--channel", default="", help="only to this channel")


def run(args: argparse.Namespace) -> int:
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from storage.client import connect
    from storage.deliveries import NotifyStore

    made = compose.settings(args)
    made = made if made.store.url else compose.reachable(made)
    store = NotifyStore(await connect(made.store, "writer" if args.action == "redeliver" else "reader"))
    try:
        if args.action == "list":
            return await _list(store, args)
        found = await store.delivery(args.id, args.channel)
        if not found:
            where = f" to channel {args.channel}" if args.channel else ""
            print(f"no delivery {args.id}{where}; `vedette deliveries list` shows the latest", file=sys.stderr)
            return 1
        return await _redeliver(store, found) if args.action == "redeliver" else _show(found)
    finally:
        await store.close()


async def _list(store: NotifyStore, args: argparse.Namespace) -> int:
    found = await store.deliveries(
        tenant=args.tenant, channel=args.channel, status=args.status, incident=args.incident, limit=args.limit
    )
    for each in found:
        print(f"{clock.rfc3339(each.created_at)}  {each.webhook_id}  {each.channel}  {each.kind}  {_state(each)}")
    if not found:
        print("no deliveries", file=sys.stderr)
    return 0


def _show(found: list[Delivery]) -> int:
    for each in found:
        print(f"{each.webhook_id} to {each.channel}: incident.{each.kind} of {each.incident_id}, tenant {each.tenant}")
        print(f"made {clock.rfc3339(each.created_at)}, {_state(each)}")
        print(msgspec.json.format(each.body, indent=2))
    return 0


async def _redeliver(store: NotifyStore, found: list[Delivery]) -> int:
    from notify import delivery

    now = clock.now()
    await store.put_deliveries([delivery.again(each, now) for each in found])
    for each in found:
        print(f"{each.webhook_id} to {each.channel} is due now; the notify role sends it")
    return 0


def _state(each: Delivery) -> str:
    tries = f"{each.attempts} attempt{'' if each.attempts == 1 else 's'}"
    answer = f", answered {each.response_status}" if each.response_status else ""
    later = f", next {clock.rfc3339(each.next_attempt_at)}" if each.status == "pending" else ""
    return f"{each.status} ({tries}{answer}{later})" + (f": {each.error}" if each.error else "")
