"""With the addresses and security settings of a Kafka and a ClickHouse server, the same command runs on those."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from domain import clock
from storage.client import connect
from storage.events import EventStore
from storage.feeds import FeedStore
from storage.migrate import migrate
from storage.settings import StoreSettings, StoreUser
from tests.e2e.servers import ApacheKafka, ClickHouse, over_tls
from tests.e2e.system import CONFIG, System, Traffic
from tests.storage.test_settled import ODD, activity
from transport.settings import KafkaSettings
from transport.topics import TOPICS
from vedette import health
from vedette.commands.settings import toml
from vedette.settings import Settings

EVENTS = 1_500


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[StoreSettings]:
    """A ClickHouse server that is not ours, over http."""
    server = ClickHouse(tmp_path / "clickhouse")
    try:
        yield await server.start()
    finally:
        server.stop()


@pytest.fixture
async def kafka(tmp_path: Path) -> AsyncIterator[KafkaSettings]:
    broker = ApacheKafka(tmp_path / "kafka", secure=True)
    try:
        await broker.start()
        await broker.grant()
        yield broker.scram
    finally:
        broker.stop()


def config(kafka: KafkaSettings, store: StoreSettings) -> str:
    """A vedette.toml with what differs from the defaults."""
    values = {
        "kafka": {name: value for name, value in msgspec.to_builtins(kafka).items() if value != ""},
        "store": msgspec.to_builtins(store),
    }
    return CONFIG + "\n".join(toml(values))


def doctor(data: Path) -> tuple[int, list[str]]:
    command = [sys.executable, "-P", "-m", "vedette", "doctor", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout.splitlines()


async def test_on_a_kafka_and_a_clickhouse_of_its_own_only_the_roles_run(
    tmp_path: Path, kafka: KafkaSettings, store: StoreSettings
) -> None:
    async with over_tls(store, tmp_path / "tls") as secured:
        system = System(tmp_path / "data", kafka=kafka, store=secured)
        try:
            await system.start(config(kafka, secured))
            assert set(system.running["pids"]) == {"ingest", "detect", "api", "notify"}
            assert not (system.data / "store").exists()
            traffic, now = Traffic(12), clock.now()
            await system.send([traffic.record(now - 60_000 + n * 40) for n in range(EVENTS)])
            await system.settled(events=EVENTS)
            assert len(await system.alerts()) > 5
            code, lines = await asyncio.to_thread(doctor, system.data)
            assert (code, lines[-1]) == (0, "nothing is broken")
            assert f"ok   broker      {kafka.bootstrap} answers, {len(TOPICS)} topics" in lines
            assert any(line.startswith(f"ok   store       {secured.url} answers, ") for line in lines)
        finally:
            await system.stop()


async def test_an_insert_that_is_repeated_counts_once_whatever_the_servers_own_defaults_are(
    store: StoreSettings,
) -> None:
    """The embedded store switches deduplication on for every table; elsewhere it is off until a table asks for it."""
    at = clock.now()
    await migrate(store)
    client = await connect(store, "writer")
    try:
        for _ in range(2):
            await EventStore(client).insert([activity(n, ODD, at, epoch=1) for n in range(20)], token="fetch")
        feeds = await FeedStore(client).list("acme", since=at)
    finally:
        await client.close()
    assert [(feed.source, feed.stored) for feed in feeds] == [("generic", 20)]


async def test_the_doctor_names_what_is_wrong_with_a_server_of_its_own(store: StoreSettings, tmp_path: Path) -> None:
    await migrate(store)
    (tmp_path / "wrong").write_text("wrong")
    stranger = StoreUser(name="vedette_reader", password_file=str(tmp_path / "wrong"))
    url = store.url

    async def said(settings: StoreSettings) -> str:
        (check,) = await health.store(Settings(store=settings))
        assert check.state == health.BAD
        return check.words

    assert await said(store) == "no epoch is open; run `vedette migrate`"
    words = f"the store refused the password of vedette_reader; check {stranger.password_file}"
    assert await said(replace(store, reader=stranger)) == words
    elsewhere = await said(replace(store, database="default"))
    assert elsewhere.startswith(f"{url} refuses (")
    assert elsewhere.endswith("give its users what docs/operator.md names")
    async with over_tls(store, tmp_path / "tls") as secured:
        assert await said(secured) == "no epoch is open; run `vedette migrate`"
        strange = await said(replace(secured, ca_file=""))
        assert "CERTIFICATE_VERIFY_FAILED" in strange
        assert strange.endswith("; check that it runs, and that its CA is in store.ca_file")
        words = f"store: ca_file {tmp_path / 'wrong'} holds no usable certificates "
        assert (await said(replace(secured, ca_file=str(tmp_path / "wrong")))).startswith(words)
