"""What `vedette doctor` finds, and the remedies it names."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from storage.settings import StoreSettings
from transport import topics
from transport.settings import KafkaSettings
from vedette import health
from vedette.cli import main
from vedette.compose import Running
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker
from vedette.health import BAD, GOOD, OFF, Check
from vedette.settings import Settings


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[KafkaSettings]:
    broker = EmbeddedBroker(port=ports.free(), log=tmp_path / "broker.log")
    broker.start()
    yield KafkaSettings(bootstrap=broker.bootstrap)
    broker.stop()


def test_nothing_started_is_nothing_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data", str(tmp_path / "none")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "nothing is broken"
    assert f"--   data        {tmp_path / 'none'} does not exist yet; `vedette up` makes it" in lines


def test_a_data_directory_that_others_can_read_is_broken_and_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o755)
    assert main(["doctor", "--data", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 broken"
    assert f"BAD  data        others can look into {tmp_path} (mode 755); `chmod 700 {tmp_path}`" in lines


def test_an_old_python_a_stopped_clock_and_a_wrong_detector_are_broken() -> None:
    assert health.python((3, 10, 4)) == Check("python", BAD, "3.10.4 is too old; install Python 3.11 or newer")
    assert health.python((3, 11, 0)) == Check("python", GOOD, "3.11.0")
    assert health.system_clock(0) == Check(
        "clock", BAD, "it says 1970-01-01T00:00:00.000Z, which is past; set the clock, best by NTP"
    )
    found = health.settings(Settings(detectors={"bulk_exprt": {}}))
    assert (found.state, "bulk_exprt" in found.words) == (BAD, True)


def test_a_taken_port_is_no_fault_before_the_start() -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        found = health.port(msgspec.convert({"api": {"port": taken}}, Settings), None)
    words = f"port {taken} is taken by something else; `vedette up` will choose another, or set api.port"
    assert found == Check("api", OFF, words)


def test_a_running_system_whose_api_or_role_is_dead_is_broken() -> None:
    api = f"http://127.0.0.1:{ports.free()}"
    run = Running(
        pid=1, bootstrap="", store_url="", broker="", api_url=api, pids={"ingest": os.getpid(), "detect": 2**22 + 1}
    )
    found = health.port(Settings(data_dir=Path("/data")), run)
    assert found == Check("api", BAD, f"{api} does not answer; look into /data/logs/api.log")
    words = "detect does not run; it is restarted, its log in the data directory says why it ended"
    assert health.roles(run) == [Check("processes", BAD, words)]


async def test_a_broker_is_reachable_has_its_topics_and_their_size(kafka: KafkaSettings) -> None:
    made = Settings(kafka=kafka)
    words = f"topics are missing: {', '.join(topics.TOPICS)}; `vedette migrate` creates them"
    assert await health.broker(made) == Check("broker", BAD, words)
    await topics.ensure(kafka)
    assert await health.broker(made) == Check("broker", GOOD, f"{kafka.bootstrap} answers, {len(topics.TOPICS)} topics")
    grown = Settings(kafka=msgspec.structs.replace(kafka, activity_partitions=8))
    words = "vedette.activity has 4 partitions, kafka.activity_partitions says 8; run `vedette migrate`"
    assert await health.broker(grown) == Check("broker", BAD, words)


async def test_parts_that_do_not_answer_are_broken_with_their_address() -> None:
    port = ports.free()
    made = Settings(
        kafka=KafkaSettings(bootstrap=f"127.0.0.1:{port}"), store=StoreSettings(url=f"http://127.0.0.1:{port}")
    )
    broker, (store,) = await health.broker(made), await health.store(made)
    assert [(check.name, check.state) for check in (broker, store)] == [("broker", BAD), ("store", BAD)]
    assert f"127.0.0.1:{port}" in broker.words
    assert f"127.0.0.1:{port}" in store.words


async def test_a_store_that_is_not_migrated_or_has_no_epoch_is_broken(
    store_settings: StoreSettings, database: StoreSettings
) -> None:
    bare = msgspec.structs.replace(store_settings, database="vedette_59")
    (found,) = await health.store(Settings(store=bare))
    assert found.state == BAD
    assert found.words.endswith("; run `vedette migrate`")
    assert await health.store(Settings(store=database)) == [
        Check("store", BAD, "no epoch is open; run `vedette migrate`")
    ]
