"""The main job on Apache Kafka: the same events give the same stored events and alerts as on the embedded broker."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import pytest
from msgspec.structs import replace

from domain import clock
from domain.activity import Activity
from domain.errors import BrokerUnavailable
from tests.e2e.cluster import Cluster
from tests.e2e.servers import ApacheKafka
from tests.e2e.system import CONFIG, System, Traffic, until
from transport.settings import KafkaSettings
from transport.topics import TOPICS, ensure
from vedette import health
from vedette.commands.settings import toml
from vedette.settings import Settings

EVENTS = 3_000


class Outcome(NamedTuple):
    """The stored activities with their records, but for when and where they came in, and the alerts."""

    events: list[tuple[Activity, str]]
    alerts: dict[str, bytes]


class Expected(NamedTuple):
    """What the embedded broker made of the records, and the keys under which it did."""

    records: list[bytes]
    keys: Path
    outcome: Outcome


async def outcome(system: System, *, seconds: float = 90) -> Outcome:
    await system.settled(events=EVENTS, seconds=seconds)
    sql = "SELECT body, raw FROM events FINAL ORDER BY activity_id"
    rows = await (await system.client()).query(sql, row=tuple[str, str])
    return Outcome([(_what_happened(body), raw) for body, raw in rows], await system.alerts())


def _what_happened(body: str) -> Activity:
    stored = msgspec.json.decode(body, type=Activity)
    return replace(stored, epoch=0, lane="", offset=0, index=0, received_at=0)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """One run on the embedded broker for the whole module."""
    data = tmp_path_factory.mktemp("embedded") / "data"
    traffic, now = Traffic(11), clock.now()
    records = [traffic.record(now - 60_000 + n * 20) for n in range(EVENTS)]

    async def run() -> Outcome:
        system = System(data)
        try:
            await system.start()
            await system.send(records)
            return await outcome(system)
        finally:
            await system.stop()

    found = asyncio.run(run())
    assert len(found.events) == EVENTS
    assert len(found.alerts) > 20
    return Expected(records, data / "keys", found)


class Begin(Protocol):
    """Starts `vedette up` against a Kafka, with so many processes of ingest."""

    async def __call__(self, kafka: KafkaSettings, *, readers: int = 1) -> System: ...


@pytest.fixture
async def begin(tmp_path: Path, expected: Expected) -> AsyncIterator[Begin]:
    """Always on the same data directory."""
    begun: list[System] = []

    async def on(kafka: KafkaSettings, *, readers: int = 1) -> System:
        data = tmp_path / "data"
        if not begun:
            shutil.copytree(expected.keys, data / "keys")  # else everything would be called by other names
        values = {name: value for name, value in msgspec.to_builtins(kafka).items() if value != ""}
        system = System(data, kafka=kafka)
        begun.append(system)
        await system.start(f"{CONFIG}workers = {readers}\n" + "\n".join(toml({"kafka": values})))
        return system

    yield on
    for system in begun:
        await system.stop()


async def running(broker: ApacheKafka) -> AsyncIterator[ApacheKafka]:
    try:
        await broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[ApacheKafka]:
    async for broker in running(ApacheKafka(tmp_path / "kafka")):
        yield broker


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[ApacheKafka]:
    async for broker in running(ApacheKafka(tmp_path / "kafka", secure=True)):
        yield broker


def doctor(system: System) -> list[str]:
    """The lines of `vedette doctor`, which must find nothing broken."""
    command = [sys.executable, "-P", "-m", "vedette", "doctor", "--data", str(system.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


async def test_over_plaintext_the_same_events_give_the_same_alerts(
    plain: ApacheKafka, expected: Expected, begin: Begin
) -> None:
    system = await begin(plain.plain)
    await system.send(expected.records)
    assert await outcome(system) == expected.outcome
    assert "broker" not in system.running["pids"]


async def test_two_processes_of_ingest_of_which_one_is_killed_give_the_same_alerts(
    plain: ApacheKafka, expected: Expected, begin: Begin
) -> None:
    system, half = await begin(plain.plain, readers=2), EVENTS // 2
    await system.send(expected.records[:half])
    await system.reborn("ingest-2", system.kill("ingest-2"))
    await system.send(expected.records[half:])
    assert await outcome(system) == expected.outcome


async def test_over_tls_with_a_password_the_same_events_give_the_same_alerts(
    secure: ApacheKafka, expected: Expected, begin: Begin
) -> None:
    made = Settings(kafka=secure.scram)
    assert (await health.broker(made)).words.startswith("topics are missing or hidden from this user: vedette.raw, ")
    with pytest.raises(
        BrokerUnavailable, match=r"refused the topic \S+ \(Authorization failed\.\); create it by hand or"
    ):
        await ensure(secure.scram)
    await secure.grant()
    system = await begin(secure.scram)
    await system.send(expected.records)
    assert await outcome(system) == expected.outcome
    assert f"ok   broker      {secure.scram.bootstrap} answers, {len(TOPICS)} topics" in doctor(system)


async def test_over_mutual_tls_a_restart_in_the_middle_changes_nothing(
    secure: ApacheKafka, expected: Expected, begin: Begin
) -> None:
    """What the first life left in Kafka, stored or not, judged or not, is the second one's."""
    await secure.grant()
    half = EVENTS // 2
    first = await begin(secure.mutual)
    await first.send(expected.records[:half])
    epoch = first.running["epoch"]
    await first.stop()
    second = await begin(secure.mutual)
    await second.send(expected.records[half:])
    assert await outcome(second) == expected.outcome
    assert second.running["epoch"] == epoch


@pytest.mark.faults
async def test_when_kafka_is_killed_nothing_that_it_acknowledged_is_lost(
    plain: ApacheKafka, expected: Expected, begin: Begin
) -> None:
    half = EVENTS // 2
    system = await begin(plain.plain)
    await system.send(expected.records[:half])
    epoch = system.running["epoch"]
    plain.kill()
    await plain.start()
    await system.send(expected.records[half:])
    assert await outcome(system) == expected.outcome
    assert system.running["epoch"] == epoch


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    nodes = Cluster(tmp_path / "cluster")
    try:
        await nodes.start()
        yield nodes
    finally:
        nodes.stop()


@pytest.mark.cluster
@pytest.mark.timeout(600)
async def test_a_cluster_that_loses_a_node_under_load_gives_the_same_alerts(
    cluster: Cluster, expected: Expected, begin: Begin
) -> None:
    system = await begin(cluster.settings)
    epoch, third = system.running["epoch"], EVENTS // 3
    await system.send(expected.records[:third])
    sending = asyncio.create_task(system.send(expected.records[third:]))

    async def at_work() -> bool:
        return await system.count("events") > 0

    await until(at_work, seconds=60, what=system.said)
    cluster.kill(1)
    await sending
    assert await outcome(system, seconds=240) == expected.outcome
    assert system.running["epoch"] == epoch
