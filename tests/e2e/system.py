"""A whole system for tests: `vedette up` as a child, with means to send, to kill its parts and to ask its store."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from detectors.registry import load as load_registry
from detectors.timeline import timeline
from domain import clock
from domain.activity import Activity
from domain.alert import canonical
from domain.clock import rfc3339
from engine.contexts import Contexts
from engine.fold import Folder
from engine.memory import Memory
from storage.client import Client, connect
from storage.configurations import ConfigurationStore
from storage.judge import ClickHouseJudgeStore
from storage.models import ModelStore
from storage.settings import StoreSettings
from stream.models import ModelWatch
from transport.producer import producer
from transport.settings import KafkaSettings
from transport.topics import RAW
from vedette.embedded.store import settings_for

T = TypeVar("T")
CONFIG = """
[ingest]
default_tenant = "acme"
"""


class System:
    """`start`, then use, then `stop`; nothing it starts outlives it."""

    def __init__(self, data: Path, *, kafka: KafkaSettings | None = None, store: StoreSettings | None = None) -> None:
        """`kafka` and `store` are servers of their own, None the embedded ones; `start` is given what names them."""
        self.data, self.output = data, data.parent / f"{data.name}.out"
        self._kafka, self._store = kafka, store
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []

    async def start(self, config: str = CONFIG) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.data / "vedette.toml").write_text(config)
        environ = {n: v for n, v in os.environ.items() if not n.startswith("VEDETTE_")}
        command = [sys.executable, "-P", "-m", "vedette", "up", "--data", str(self.data), "--port", "0"]
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=environ, start_new_session=True)
            self._from = out.tell()
        await until(self._ready, seconds=60, what=self.said)

    async def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return "ready after" in self.said()[self._from :]

    async def stop(self) -> None:
        for client in self._clients:
            await client.close()
        self._clients.clear()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                await asyncio.to_thread(self.process.wait, 20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def said(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    @property
    def running(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return found

    @property
    def kafka(self) -> KafkaSettings:
        return self._kafka or KafkaSettings(bootstrap=self.running["bootstrap"])

    @property
    def key(self) -> str:
        return next(word for word in self.said().split() if word.startswith("vdt_"))

    async def client(self, user: str = "reader") -> Client:
        port = int(self.running["store_url"].rsplit(":", 1)[1])
        client = await connect(self._store or settings_for(self.data / "store", port), user)  # type: ignore[arg-type]
        self._clients.append(client)
        return client

    def kill(self, name: str) -> int:
        """SIGKILL to the part; its pid."""
        pid = int(self.running["pids"][name])
        os.kill(pid, signal.SIGKILL)
        return pid

    async def reborn(self, name: str, pid: int, *, seconds: float = 15) -> None:
        """Wait until the supervisor has started the part anew."""

        async def is_new() -> bool:
            return self.running["pids"].get(name) not in (None, pid)

        await until(is_new, seconds=seconds, what=self.said)

    async def send(self, records: Iterable[bytes], *, topic: str = RAW) -> None:
        """Send and wait until the broker has them all."""
        sender = await producer(self.kafka)
        try:
            for some in batches(records, 2_000):
                await asyncio.gather(*[await sender.send(topic, record) for record in some])
        finally:
            await sender.stop()

    # -- what the store says; while it is being restarted, nothing
    async def count(self, table: str) -> int:
        rows: list[Any] = await (await self._asker()).query(f"SELECT count() FROM {table} FINAL", row=list)
        return int(rows[0][0])

    async def _asker(self) -> Client:
        return self._clients[0] if self._clients else await self.client()

    async def alerts(self) -> dict[str, bytes]:
        """Canonical bytes of every standing alert."""
        rows: list[Any] = await (await self._asker()).query(
            "SELECT toString(alert_id), content FROM alerts FINAL WHERE NOT withdrawn", row=list
        )
        return {i: content.encode() for i, content in rows}

    async def truth(self) -> dict[str, bytes]:
        """What one sequential fold of all that is stored gives, under the configurations and models in effect."""
        client, contexts = await self._asker(), Contexts()
        await ModelWatch(ModelStore(client), contexts, every=1).take()
        folder, line = Folder(load_registry({}), contexts), timeline(await ConfigurationStore(client).history())
        folder.take(line.segments, line.activations)
        events = await client.query_bodies("SELECT body FROM events", row=Activity)
        mine = sorted({subject for event in events for subject in folder.subjects(event)})
        found: dict[str, bytes] = {}
        for some in batches(mine, 500):
            history = await ClickHouseJudgeStore(client).history(some, folder.routing, until=clock.now() + clock.DAY)
            for subject, activities in history.items():
                for content in folder.apply(Memory(), subject, activities, []):
                    found[content.alert_id] = canonical(content)
        return found

    async def settled(self, *, events: int, seconds: float = 90) -> None:
        """Wait until so many events are stored and the alerts are those of the truth, with nothing dirty left."""

        async def done() -> bool:
            if await self.count("events") < events:
                return False
            rows: list[Any] = await (await self._asker()).query(
                "SELECT count() FROM dirty FINAL WHERE NOT cleared", row=list
            )
            return rows[0][0] == 0 and await self.alerts() == await self.truth()

        await until(done, seconds=seconds, what=self.said, pause=0.5)


async def until(
    holds: Callable[[], Awaitable[bool]], *, seconds: float, what: Callable[[], str] = str, pause: float = 0.1
) -> None:
    """Wait for a condition; after `seconds` the test fails with what `what` says."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, msgspec.DecodeError, json.JSONDecodeError, *_away()):
            if await holds():
                return
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what()}"
        await asyncio.sleep(pause)


async def vedette(system: System, *words: str) -> str:
    """What a command says; it must succeed."""
    command = [sys.executable, "-P", "-m", "vedette", *words, "--data", str(system.data)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _away() -> tuple[type[BaseException], ...]:
    from domain.errors import StoreUnavailable

    return (StoreUnavailable,)


def batches(items: Iterable[T], size: int) -> list[list[T]]:
    made = list(items)
    return [made[n : n + size] for n in range(0, len(made), size)]


class Traffic:
    """Seeded traffic of a hundred people; a few of them burst, get in, and export much."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.sent: list[str] = []

    def record(self, at: int) -> bytes:
        rng, n = self._rng, len(self.sent)
        self.sent.append(f"e{n}")
        who = f"u{rng.randrange(100)}"
        event: dict[str, Any] = {
            "id": f"e{n}", "tenant": "acme", "occurred_at": rfc3339(at), "actor": {"id": who},
            "origin": {"ip": f"203.0.113.{rng.randrange(4)}", "user_agent": "Mozilla/5.0 Firefox/140.0"},
        }  # fmt: skip
        choice = rng.random()
        if choice < 0.5:
            event |= {"action": "record.read", "object_type": "contact", "object_id": f"c{n}", "channel": "api"}
        elif choice < 0.8:
            event |= {"action": "auth.login.failed", "reason": "bad_password", "request_id": f"q{n}"}
        elif choice < 0.9:
            event |= {"action": "auth.login.succeeded"}
        else:
            event |= {
                "action": "data.exported",
                "object_type": "contact",
                "count": rng.randrange(6_000),
                "execution_id": f"x{n}",
            }
        return json.dumps(event).encode()
