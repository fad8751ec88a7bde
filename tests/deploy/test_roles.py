"""The services of the compose file as plain processes: migrated, then each role by itself, with what it is given."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.prepare import MOUNTED
from domain import clock
from domain.clock import rfc3339
from storage.settings import StoreSettings
from tests.deploy.compose import DEPLOY, OURS
from tests.e2e.servers import ClickHouse, over_tls
from tests.e2e.system import until
from transport.producer import producer
from transport.settings import KafkaSettings
from transport.topics import RAW, TOPICS
from vedette.embedded import ports
from vedette.roles import ROLES


@pytest.fixture
async def store(here: Path, tmp_path: Path) -> AsyncIterator[StoreSettings]:
    """ClickHouse with the prepared users, over https with the prepared certificate."""
    server = ClickHouse(tmp_path / "clickhouse", prepared=here)
    try:
        async with over_tls(await server.start(), here, "clickhouse") as secured:
            yield secured
    finally:
        server.stop()


class Services:
    """Starts services of ours with their commands and environments, and tells where the API is."""

    def __init__(self, here: Path, data: Path, kafka: KafkaSettings, store: StoreSettings) -> None:
        self._data, self._port = data, ports.free()
        self._words = {
            str(MOUNTED): str(here),
            "kafka:9092": kafka.bootstrap,
            "https://clickhouse:8443": store.url,
            "0.0.0.0": "127.0.0.1",
            "8080": str(self._port),
        }
        self.api = f"http://127.0.0.1:{self._port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def _environ(self, name: str) -> dict[str, str]:
        kept = {variable: value for variable, value in os.environ.items() if not variable.startswith("VEDETTE_")}
        for variable, value in OURS[name]["environment"].items():
            for old, new in self._words.items():
                value = value.replace(old, new)
            kept[variable] = value
        return kept | {"VEDETTE_DATA_DIR": str(self._data)}

    def run(self, name: str, *command: str) -> str:
        """What a command says in the place of a service; it must end well."""
        words = [sys.executable, "-P", "-m", "vedette", *(command or OURS[name]["command"])]
        done = subprocess.run(
            words, env=self._environ(name), cwd=DEPLOY, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        words = [sys.executable, "-P", "-m", "vedette", *OURS[name]["command"]]
        with open(self._log(name), "wb") as out:
            self.processes[name] = subprocess.Popen(
                words, env=self._environ(name), cwd=DEPLOY, stdout=out, stderr=out, start_new_session=True
            )

    def _log(self, name: str) -> Path:
        return self._data.with_name(f"{name}.log")

    def stop(self) -> None:
        """SIGTERM for all, and SIGKILL for whoever is still there."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self) -> str:
        return "\n".join(f"{name}: {self._log(name).read_text()[-2_000:]}" for name in self.processes)


@pytest.fixture
async def services(here: Path, tmp_path: Path, kafka: KafkaSettings, store: StoreSettings) -> AsyncIterator[Services]:
    data = tmp_path / "vedette"
    data.mkdir(mode=0o700)
    made = Services(here, data, kafka, store)
    yield made
    await asyncio.to_thread(made.stop)  # not here: the store's door is open only while this loop turns


def get(url: str, key: str = "") -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


async def test_the_roles_by_themselves_make_alerts_of_what_comes_from_kafka(
    services: Services, kafka: KafkaSettings
) -> None:
    assert f" {len(TOPICS)} topics created, epoch 1 is open" in await asyncio.to_thread(services.run, "migrate")
    for role in ROLES:
        services.start(role)
    key = (
        await asyncio.to_thread(services.run, "api", "token", "create", "--tenant", "acme", "--role", "admin")
    ).strip()

    async def ready() -> bool:
        return (await asyncio.to_thread(get, f"{services.api}/readyz")) == {"status": "ready", "epoch": 1}

    await until(ready, seconds=40, what=services.said)
    sender = await producer(kafka)
    now = clock.now()
    for n in range(12):
        at = rfc3339(now - 3_000 * n)
        failed = {"id": f"f{n}", "occurred_at": at, "action": "auth.login.failed", "actor": {"id": "u7"}}
        await sender.send_and_wait(RAW, json.dumps(failed | {"reason": "bad_password"}).encode())
    await sender.stop()

    async def alerted() -> bool:
        found = await asyncio.to_thread(get, f"{services.api}/api/v1/alerts", key)
        return [alert["detector"] for alert in found["items"]] == ["failed_login_burst"]

    await until(alerted, seconds=60, what=services.said)
    assert (await asyncio.to_thread(services.run, "ingest", "doctor")).endswith("nothing is broken\n")
    assert {role: process.poll() for role, process in services.processes.items()} == dict.fromkeys(ROLES)
