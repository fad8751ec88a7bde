"""`vedette up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import socket
import time
import urllib.request

import msgspec

from domain.errors import VedetteError
from vedette import compose
from vedette.embedded.store import free_port
from vedette.settings import Settings, load
from vedette.supervisor import Lock, Supervisor, stop_on_signals


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port of the API (default 8080; the next free one if it is taken)")


def run(args: argparse.Namespace) -> int:
    supervisor = begin(args)
    try:
        supervisor.watch()
    finally:
        print("stopping", flush=True)
        supervisor.stop()
    return 0


def begin(args: argparse.Namespace) -> Supervisor:
    """Start everything and say where it is; returns when the API answers."""
    made = _settings(args)
    lock = Lock(made.data_dir)
    arguments = ["--config", args.config] if args.config else []
    supervisor = Supervisor(made, arguments, say)
    supervisor.lock = lock  # type: ignore[attr-defined]  # held as long as the supervisor lives
    stop_on_signals(supervisor)
    began = time.monotonic()
    try:
        supervisor.start()
        _ready(supervisor, began)
        first_key(supervisor)
    except BaseException:
        supervisor.stop()
        raise
    return supervisor


def say(line: str) -> None:
    print(line, flush=True)


def _settings(args: argparse.Namespace) -> Settings:
    import os
    from pathlib import Path

    made = load(Path(args.config) if args.config else None, os.environ, data=Path(args.data) if args.data else None)
    compose.registry(made)  # a wrong detector setting is said now, not by a child
    port = args.port or made.api.port
    if port == 0 or (not args.port and _taken(made.api.host, port)):
        port = free_port()
    os.environ["VEDETTE_API__PORT"] = str(port)  # the children's environment
    return msgspec.structs.replace(made, api=msgspec.structs.replace(made.api, port=port))


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _ready(supervisor: Supervisor, began: float) -> None:
    """Wait for the API, then say what runs where."""
    made = supervisor.settings
    api = f"http://{made.api.host}:{made.api.port}"
    deadline = time.monotonic() + 60
    while not supervisor.stopping:
        try:
            with urllib.request.urlopen(f"{api}/healthz", timeout=2) as answer:
                answer.read()
                break
        except OSError:
            if time.monotonic() > deadline:
                raise VedetteError(f"the API did not come up within 60 s; see {supervisor.logs / 'api.log'}") from None
            supervisor.look()
            time.sleep(0.1)
    broker = "Tansu, embedded" if supervisor.broker else "Kafka"
    store = "ClickHouse, embedded" if supervisor.store else "ClickHouse"
    say(f"broker  {made.kafka.bootstrap} ({broker})")
    say(f"store   {made.store.url} ({store})")
    say("roles   ingest detect api notify")
    say(f"API     {api}/api/v1   documentation {api}/docs")
    say(f"logs    {supervisor.logs}")
    say(f"ready after {time.monotonic() - began:.1f} s; Ctrl-C stops everything")


def first_key(supervisor: Supervisor) -> None:
    """At the first start there is no API key yet: make one and show how to use it."""
    from vedette.commands.token import create_first

    made = supervisor.settings
    key = asyncio.run(create_first(made))
    if key:
        say(f"API key (shown once, role admin, tenant acme): {key}")
        say(f"  curl -H 'Authorization: Bearer {key}' http://{made.api.host}:{made.api.port}/api/v1/alerts")


