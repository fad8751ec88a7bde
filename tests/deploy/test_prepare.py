"""What `deploy/prepare.py` makes: everything that is mounted, and a Kafka container that starts on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka.run import as_the_node
from deploy.prepare import make
from tests.deploy.compose import COMPOSE
from transport import topics
from transport.producer import producer
from transport.settings import KafkaSettings


def test_everything_that_is_mounted_is_made_and_only_containers_can_read_it(prepared: Path) -> None:
    wanted = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    made = {file.name: file.stat().st_mode & 0o777 for file in prepared.iterdir()}
    assert wanted <= set(made)
    assert prepared.stat().st_mode & 0o777 == 0o700
    assert made["ca.key"] == 0o600
    assert {made[name] for name in wanted} == {0o644}


def test_what_is_there_is_never_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    with pytest.raises(FileExistsError):
        make(tmp_path / "secrets")


async def test_kafka_starts_on_it_and_gives_vedette_its_rights(kafka: KafkaSettings, here: Path) -> None:
    assert (here / "kafka_client.properties").read_text() == as_the_node(here)
    assert await topics.ensure(kafka) == sorted(topics.TOPICS)
    sender = await producer(kafka)
    try:
        assert (await sender.send_and_wait(topics.RAW, b"{}", partition=0)).offset == 0
    finally:
        await sender.stop()
