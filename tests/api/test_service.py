"""The API under strain and under watch: open numbers, readiness, limits, and an end by a signal."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from api.crowd import Crowd
from api.parts import Parts
from api.settings import ApiSettings
from detectors.registry import load
from domain.errors import BrokerUnavailable, SettingsInvalid
from storage.reads_lag import LaneLag, lag
from tests.api.conftest import PEPPER, World
from tests.api.made import accept, alert, event
from tests.vedette.waiting import until
from vedette.embedded import ports


@pytest.fixture
def parts(world: World) -> Parts:
    return Parts(
        reader=world.store,
        writer=world.store,
        producer=world.log,
        registry=load({}),
        settings=ApiSettings(metrics_open=True),
        keys=world.tokens,
        pepper=PEPPER,
    )


def client_of(parts: Parts, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=create_app(parts), client=(address, 5000))
    return httpx2.AsyncClient(transport=transport, base_url="http://vedette.test")


async def test_open_numbers_are_for_this_machine_alone_and_for_all_tenants_together(world: World, parts: Parts) -> None:
    await accept(world.store, alert(800, arm="open"), alert(800, tenant="globex", arm="open"))
    shut = dataclasses.replace(parts, settings=ApiSettings())
    async with client_of(parts, "127.0.0.1") as here, client_of(parts, "192.0.2.9") as there:
        numbers, refused = await here.get("/metrics"), await there.get("/metrics")
        alerts = await here.get("/api/v1/alerts")
    async with client_of(shut, "127.0.0.1") as here:
        closed = await here.get("/metrics")
    assert (numbers.status_code, refused.status_code, alerts.status_code, closed.status_code) == (200, 401, 401, 401)
    assert 'vedette_alerts{detector="failed_login_burst",severity="MEDIUM",stage="live"} 2.0' in numbers.text


async def test_not_ready_names_what_is_away_and_health_is_told_all_the_same(parts: Parts) -> None:
    async def away() -> None:
        raise BrokerUnavailable("Kafka at 192.0.2.1:9092 does not answer; check that it runs")

    async with client_of(dataclasses.replace(parts, usable=away), "192.0.2.9") as client:
        ready, health = await client.get("/readyz"), await client.get("/healthz")
    assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
    assert ready.json()["detail"] == "Kafka at 192.0.2.1:9092 does not answer; check that it runs"
    assert (ready.headers["Retry-After"], health.status_code) == ("2", 200)


async def test_readiness_asks_the_parts_once_for_everybody_who_asks_at_a_time(parts: Parts) -> None:
    asked = []

    async def usable() -> None:
        asked.append(True)

    async with client_of(dataclasses.replace(parts, usable=usable), "192.0.2.9") as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(asked) == 1


async def test_beyond_the_limit_requests_are_refused_at_once_and_streams_are_counted_apart() -> None:
    inside, leave = asyncio.Semaphore(0), asyncio.Event()

    async def slow(scope: object, receive: object, send: object) -> None:
        inside.release()
        await leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    app = Crowd(slow, prefix="/api", requests=2, streams=1)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://vedette.test") as client:
        waiting = [asyncio.create_task(client.get(path)) for path in ("/api/a", "/api/b", "/api/stream", "/healthz")]
        for _ in waiting:
            await asyncio.wait_for(inside.acquire(), 10)
        request, stream = await client.get("/api/c"), await client.get("/api/x/stream")
        leave.set()
        served = [answer.status_code for answer in await asyncio.gather(*waiting)]
        after = await client.get("/api/c")
    assert [(a.status_code, a.json()["code"], a.headers["Retry-After"]) for a in (request, stream)] == [
        (503, "busy", "1")
    ] * 2
    assert served == [200] * 4
    assert after.status_code == 200


def test_a_limit_of_nothing_is_no_setting() -> None:
    with pytest.raises(SettingsInvalid, match="most_requests is 0"):
        ApiSettings(most_requests=0)


def test_lag_is_counted_to_the_partition_furthest_behind() -> None:
    assert lag({"raw:1": 9, "raw:0": 5}, [{"raw:0": 5, "raw:1": 9}, {"raw:0": 3}]) == [
        LaneLag("raw:0", 5, 3),
        LaneLag("raw:1", 9, -1),
    ]
    assert [each.records for each in lag({"raw:0": 5}, [{"raw:0": 8}])] == [0]


_SERVER = """
import asyncio, sys
import uvicorn
from pathlib import Path
from api.app import create_app
from api.parts import Parts
from api.settings import ApiSettings
from detectors.registry import load
from storage.keys import TenantKeys

async def close():
    print("closed", flush=True)

parts = Parts(
    reader=None, writer=None, producer=None, registry=load({}), settings=ApiSettings(),
    keys=TenantKeys(Path(sys.argv[2])), pepper=bytes(32), close=close,
)
asyncio.run(uvicorn.Server(uvicorn.Config(create_app(parts), port=int(sys.argv[1]), log_config=None)).serve())
"""


def test_parts_are_closed_when_a_signal_ends_the_server(tmp_path: Path) -> None:
    port = ports.free()
    command = [sys.executable, "-c", _SERVER, str(port), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        until(lambda: _listens(port) or process.poll() is not None, seconds=30, what="the server")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert said == "closed\n"


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


async def test_a_full_broker_is_given_nothing_more_and_the_client_is_told_so(world: World, parts: Parts) -> None:
    sent = len(world.log.pipeline.counted)
    full = dataclasses.replace(parts, full=lambda: "the embedded broker is full; restart it")
    headers = {"Authorization": f"Bearer {world.keys['acme', 'admin']}"}
    async with client_of(full, "192.0.2.9") as client:
        answer = await client.post("/api/v1/events", json=[event("f-1")], headers=headers)
        read = await client.get("/api/v1/events", headers=headers)
    assert (answer.status_code, answer.json()["detail"], answer.headers["retry-after"], read.status_code) == (
        503, "the embedded broker is full; restart it", "10", 200,
    )  # fmt: skip
    assert len(world.log.pipeline.counted) == sent
