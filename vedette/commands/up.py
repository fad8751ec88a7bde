"""`vedette up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing

import msgspec

from domain.errors import SettingsInvalid, VedetteError
from transport import groups
from transport.topics import TOPICS
from vedette import compose
from vedette.commands.migrate import prepare
from vedette.commands.token import FIRST_TENANT, create_first
from vedette.draining import drained
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker
from vedette.embedded.store import EmbeddedStore
from vedette.lock import Lock
from vedette.roles import processes, role_command, role_of
from vedette.settings import Settings, find, load
from vedette.signals import StopAsked, raise_on_signals
from vedette.supervisor import Supervisor

#: Seconds in which the API must answer.
READY_SECONDS = 60.0
Say = Callable[[str], None]


class Ready(msgspec.Struct, frozen=True):
    """Where the API of a system that was started is, and the first key; "" when there were keys already."""

    api: str
    key: str


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port of the API (default 8080, a free one if that is taken)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes of the detect role (default 1)")


def run(args: argparse.Namespace) -> int:
    raise_on_signals()
    config, data = compose.paths(args)
    made = with_workers(load(config, os.environ, data=data), args.workers)
    compose.registry(made)  # a wrong detector setting is said now, not by a child
    lock = Lock(made.data_dir)
    made = with_port(made, args.port, say)
    file = find(config, os.environ, data=data)
    supervisor = compose_up(made, say, ["--config", str(file)] if file else [], os.environ)
    signal.signal(signal.SIGUSR1, lambda *_: supervisor.ask_renewal())
    try:
        begin(supervisor, say)
        supervisor.watch()
    except StopAsked:
        say("stopping")
    finally:
        began = time.monotonic()
        supervisor.stop()
        lock.release()
        say(f"stopped after {time.monotonic() - began:.1f} s")
    return 0


def say(line: str) -> None:
    print(line, flush=True)


def with_port(made: Settings, asked: int | None, say: Say) -> Settings:
    """The settings with a port for the API that is free; VedetteError when `asked` is not."""
    host, port = made.api.host, made.api.port if asked is None else asked
    if port and ports.taken(port, host):
        if asked is not None:
            raise VedetteError(f"port {port} is taken; stop what listens there, or leave --port out to get a free one")
        say(f"port {port} is taken, the API gets another")
        port = 0
    return msgspec.structs.replace(made, api=msgspec.structs.replace(made.api, port=port or ports.free(host)))


def with_workers(made: Settings, asked: int | None) -> Settings:
    """The settings with so many processes of the detect role, if a number is asked for. SettingsInvalid."""
    if asked is None:
        return made
    try:
        return msgspec.structs.replace(made, detect=msgspec.structs.replace(made.detect, workers=asked))
    except ValueError as error:
        raise SettingsInvalid(f"--workers {asked} cannot be: {error}") from error


def compose_up(made: Settings, say: Say, arguments: list[str], environ: Mapping[str, str]) -> Supervisor:
    """A supervisor of the roles, ingest and detect in as many processes as their settings say, and of the embedded
    broker and store where the settings name no others.

    `arguments` and `environ` are the children's, who must come to the same settings by them. SettingsInvalid for
    several processes of ingest on the embedded broker: a group of them whose leader dies while it forms never forms
    again there.
    """
    if made.ingest.workers > 1 and not made.kafka.bootstrap:
        raise SettingsInvalid(
            f"ingest.workers is {made.ingest.workers}; the embedded broker copes with 1, name a Kafka of your own "
            "(kafka.bootstrap) for more"
        )
    logs = made.data_dir / "logs"
    store = EmbeddedStore(
        made.data_dir / "store", port=ports.free(), databases=(made.store.database,), log=logs / "store.log"
    )
    return Supervisor(
        made,
        commands={
            name: role_command(sys.executable, role, arguments, made.data_dir)
            for name, role in processes({"ingest": made.ingest.workers, "detect": made.detect.workers}).items()
        },
        prepare=lambda settings, broker: asyncio.run(prepare(settings, broker=broker)).epoch,
        say=say,
        broker=None if made.kafka.bootstrap else EmbeddedBroker(port=ports.free(), log=logs / "broker.log"),
        store=None if made.store.url else store,
        environ={**environ, "VEDETTE_API__PORT": str(made.api.port)},
        drained=lambda settings, epoch: asyncio.run(drained(settings, epoch)),
        leave=leave,
    )


def leave(made: Settings, name: str, pid: int) -> None:
    """The group of its role, for a process that died. BrokerUnavailable."""
    if group := {"ingest": groups.INGEST, "detect": groups.DETECT}.get(role_of(name)):
        asyncio.run(groups.leave(made.kafka, group, pid))


def begin(supervisor: Supervisor, say: Say) -> Ready:
    """Starts everything, waits until the API answers, makes the first key, and says where all is."""
    began = time.monotonic()
    supervisor.start()
    made = supervisor.settings
    api = f"http://{made.api.host}:{made.api.port}"
    wait_for_api(supervisor)
    say(f"broker  {made.kafka.bootstrap} ({'Tansu, embedded' if supervisor.broker else 'Kafka'})")
    say(f"store   {made.store.url} ({'ClickHouse, embedded' if supervisor.store else 'ClickHouse'})")
    say(f"topics  {len(TOPICS)}, with {made.kafka.activity_partitions} activity partitions")
    say(f"roles   {' '.join(supervisor.children)}, epoch {supervisor.epoch}")
    say(f"API     {api}/api/v1, documentation {api}/docs")
    say(f"logs    {supervisor.logs}")
    key = asyncio.run(create_first(made))
    if key:
        say(f"API key (tenant {FIRST_TENANT}, role admin; it is shown only now): {key}")
        say(f"  curl -H 'Authorization: Bearer {key}' {api}/api/v1/alerts")
    say(f"ready after {time.monotonic() - began:.1f} s; Ctrl-C stops everything")
    return Ready(api, key)


def wait_for_api(supervisor: Supervisor) -> None:
    """VedetteError with the last words of its log when the API does not answer."""
    api = supervisor.settings.api
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with closing(http.client.HTTPConnection(api.host, api.port, timeout=2)) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
        except (OSError, http.client.HTTPException):
            pass  # it has only begun to start
        supervisor.look()
        if time.monotonic() > deadline:
            log = supervisor.logs / "api.log"
            words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
            last = f": {words[-1][:300]}" if words else ""
            raise VedetteError(f"the API did not answer within {READY_SECONDS:.0f} s; its log is {log}{last}")
        time.sleep(0.1)
