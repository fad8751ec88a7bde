"""The system that a demo is played on: every part of `vedette up`, in a directory of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from transport.topics import TOPICS
from vedette.commands.token import create_first
from vedette.commands.up import compose_up, wait_for_api, with_port
from vedette.demo.plan import Plan, prepare
from vedette.lock import Lock
from vedette.settings import load
from vedette.supervisor import Supervisor

Say = Callable[[str], None]


class Stage(msgspec.Struct, frozen=True):
    """A running system, where its API is, and the first key to it ("" when there were keys already)."""

    supervisor: Supervisor
    api: str
    key: str


@contextmanager
def stage(data: Path, config: str | None, made: Plan, say: Say) -> Iterator[Stage]:
    """Start everything, say where it is, and stop it at the end. Settings of the environment are not the demo's."""
    own = prepare(data, made)
    file = Path(config) if config else own
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    settings = with_port(load(file, environ, data=data), None, say)
    lock = Lock(settings.data_dir)
    supervisor = compose_up(settings, say, ["--config", str(file)], environ)
    try:
        yield _begin(supervisor, say)
    finally:
        supervisor.stop()
        lock.release()


def _begin(supervisor: Supervisor, say: Say) -> Stage:
    began = time.monotonic()
    supervisor.start()
    wait_for_api(supervisor)
    made = supervisor.settings
    api = f"http://{made.api.host}:{made.api.port}"
    key = asyncio.run(create_first(made))
    broker = "Tansu, embedded" if supervisor.broker else "Kafka"
    store = "ClickHouse, embedded" if supervisor.store else "ClickHouse"
    say(ok("broker", f"{broker:22}{made.kafka.bootstrap}"))
    say(ok("store", f"{store:22}{made.store.url}"))
    say(
        ok(
            "topics",
            f"{len(TOPICS)}, with {made.kafka.activity_partitions} activity partitions, epoch {supervisor.epoch}",
        )
    )
    say(ok("roles", " ".join(supervisor.children), time.monotonic() - began))
    say(ok("API", f"{api}/docs"))
    return Stage(supervisor, api, key)


def ok(name: str, words: str, seconds: float | None = None) -> str:
    """One line of the start, with how long it took."""
    return f" [ok] {name:9}{words}" if seconds is None else f" [ok] {name:9}{words:66} {seconds:5.1f} s"
