"""`vedette demo`: everything on this machine, a morning of CRM audit events through Kafka, and the alerts it gives."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from domain import clock
from domain.alert import Severity
from transport.topics import RAW
from vedette.commands.up import begin, compose_up, say, with_port
from vedette.lock import Lock
from vedette.morning import LENGTH, Morning
from vedette.settings import load
from vedette.supervisor import StopAsked, Supervisor, raise_on_signals

#: The morning gives these alerts; the demo says so when one is missing after WAIT seconds.
EXPECTED = 3
WAIT = 60.0


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=7, help="which morning (default 7)")
    parser.add_argument(
        "--exit", action="store_true", help="stop when every alert is there; exit code 1 if one is missing"
    )


def run(args: argparse.Namespace) -> int:
    raise_on_signals()
    with tempfile.TemporaryDirectory(prefix="vedette-demo-") as scratch:
        data = Path(args.data) if args.data else Path(scratch) / "data"
        return _play(args, data)


def _play(args: argparse.Namespace, data: Path) -> int:
    say(
        f"Vedette demo: everything stays on this machine; data in {data}"
        + ("" if args.data else ", removed at the end")
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    made = with_port(load(Path(args.config) if args.config else None, environ, data=data), None, say)
    lock = Lock(made.data_dir)
    supervisor = compose_up(made, say, ["--config", args.config] if args.config else [], environ)
    code = 0
    try:
        ready = begin(supervisor, say)
        key = ready.key or asyncio.run(_new_key(supervisor))
        found = _send_and_watch(supervisor, ready.api, key, args.seed)
        code = 0 if found >= EXPECTED else 1
        if not args.exit:
            say("\nThe system goes on; Ctrl-C stops it. Try")
            say(f"  curl -s -H 'Authorization: Bearer {key}' '{ready.api}/api/v1/alerts?min.severity=HIGH'")
            supervisor.watch()
    except StopAsked:
        say("stopping")
    finally:
        supervisor.stop()
        lock.release()
    return code


async def _new_key(supervisor: Supervisor) -> str:
    from api.keys import create
    from storage.client import connect
    from vedette.commands.token import pepper_of
    from vedette.morning import TENANT

    client = await connect(supervisor.settings.store, "writer")
    try:
        return await create(client, pepper_of(supervisor.settings), tenant=TENANT, role="admin", name="demo")
    finally:
        await client.close()


def _send_and_watch(supervisor: Supervisor, api: str, key: str, seed: int) -> int:
    """Send the morning, faster than life, and print each alert as the API gives it. How many there were."""
    morning = list(Morning(clock.now() - LENGTH, seed).events())
    say(f"\nA morning at Acme CRM: {len(morning):,} audit events of 43 people go to Kafka topic {RAW}.\n")
    began = time.monotonic()
    asyncio.run(_send(supervisor, [record for _, record in morning]))
    seen: dict[str, Severity] = {}
    while time.monotonic() < began + WAIT and not _complete(seen):
        for alert in reversed(_alerts(api, key)):
            if seen.get(alert["id"]) != Severity[alert["severity"]]:
                seen[alert["id"]] = Severity[alert["severity"]]
                gone = time.monotonic() - began
                say(f" {gone:5.1f} s  {alert['severity']:8}  {alert['detector']:22} {alert['sentence']}")
        supervisor.look()
        time.sleep(0.2)
    say(f"\n{len(seen)} alerts about {len(morning):,} events; ann, who mistyped four times, is not among them.")
    return len(seen)


async def _send(supervisor: Supervisor, records: list[bytes]) -> None:
    from transport.producer import producer

    sender = await producer(supervisor.settings.kafka)
    try:
        await asyncio.gather(*[await sender.send(RAW, record) for record in records])
    finally:
        await sender.stop()


def _complete(seen: dict[str, Severity]) -> bool:
    return len(seen) >= EXPECTED and max(seen.values()) >= Severity.HIGH


def _alerts(api: str, key: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(f"{api}/api/v1/alerts?limit=50", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        items: list[dict[str, Any]] = json.loads(answer.read())["items"]
    return items
