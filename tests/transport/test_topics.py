"""The topics and the producer on the embedded broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from domain.errors import BrokerUnavailable, SettingsInvalid
from transport import topics
from transport.peek import anything_beyond
from transport.producer import producer
from transport.settings import KafkaSettings
from vedette.embedded import ports
from vedette.embedded.broker import EmbeddedBroker


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[KafkaSettings]:
    broker = EmbeddedBroker(port=ports.free(), log=tmp_path / "broker.log")
    broker.start()
    yield KafkaSettings(bootstrap=broker.bootstrap, raw_partitions=3, activity_partitions=2)
    broker.stop()


async def test_missing_topics_are_created_in_their_size_and_once(kafka: KafkaSettings) -> None:
    assert await topics.partitions(kafka) == {}
    assert await topics.ensure(kafka) == sorted(topics.TOPICS)
    assert await topics.ensure(kafka) == []
    assert await topics.partitions(kafka) == {**dict.fromkeys(topics.RAW_TOPICS, 3), "vedette.activity": 2}
    assert {"vedette.raw", "vedette.raw.http", "vedette.raw.import", "vedette.raw.salesforce"} < set(topics.RAW_TOPICS)


async def test_fewer_activity_partitions_than_there_are_is_refused(kafka: KafkaSettings) -> None:
    await topics.ensure(kafka)
    with pytest.raises(SettingsInvalid) as caught:
        await topics.ensure(msgspec.structs.replace(kafka, activity_partitions=1))
    assert str(caught.value) == (
        "kafka.activity_partitions is 1, but the topic vedette.activity has 2 partitions and Kafka cannot take any "
        "away; set it to 2"
    )


async def test_another_size_of_a_raw_topic_is_left_alone(kafka: KafkaSettings) -> None:
    await topics.ensure(kafka)
    assert await topics.ensure(msgspec.structs.replace(kafka, raw_partitions=8)) == []


async def test_a_send_is_acknowledged(kafka: KafkaSettings) -> None:
    await topics.ensure(kafka)
    sender = await producer(kafka)
    try:
        first = await sender.send_and_wait(topics.ACTIVITY, b"one", partition=1)
        second = await sender.send_and_wait(topics.ACTIVITY, b"two", partition=1)
    finally:
        await sender.stop()
    assert [(sent.partition, sent.offset) for sent in (first, second)] == [(1, 0), (1, 1)]


async def test_a_broker_that_does_not_answer_is_named_with_what_to_check() -> None:
    kafka = KafkaSettings(bootstrap=f"127.0.0.1:{ports.free()}")
    said = f"Kafka at {kafka.bootstrap} does not answer over PLAINTEXT; check that it runs and listens there"
    with pytest.raises(BrokerUnavailable) as caught:
        await topics.ensure(kafka)
    assert str(caught.value).startswith(said)
    with pytest.raises(BrokerUnavailable) as caught:
        await producer(kafka)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"security_protocol": "SASL_SSL", "username": "vedette"},
            "check that it runs and listens there, that its CA is in kafka.ca_file, "
            "that the user and password are right (",
        ),
        (
            {"security_protocol": "SSL"},
            "check that it runs and listens there, that its CA is in kafka.ca_file, "
            "that kafka.cert_file is a certificate it trusts, if it asks for one (",
        ),
    ],
)
async def test_a_broker_that_hangs_up_is_told_with_what_its_protocol_asks_for(
    tmp_path: Path, given: dict[str, str], words: str
) -> None:
    (tmp_path / "password").write_text("secret")
    named = {"password_file": str(tmp_path / "password")} if "username" in given else {}
    kafka = msgspec.convert({"bootstrap": f"127.0.0.1:{ports.free()}", **given, **named}, KafkaSettings)
    with pytest.raises(BrokerUnavailable) as caught:
        await topics.ensure(kafka)
    assert f"does not answer over {kafka.security_protocol}; {words}" in str(caught.value)


async def test_a_record_above_what_is_stored_is_seen_and_below_it_is_not(kafka: KafkaSettings) -> None:
    await topics.ensure(kafka)
    assert not await anything_beyond(kafka, {})
    sender = await producer(kafka)
    try:
        for _ in range(3):
            await sender.send_and_wait(topics.RAW_HTTP, b"{}", partition=1)
    finally:
        await sender.stop()
    lane = f"{topics.RAW_HTTP}:1"
    stored: list[dict[str, int]] = [{}, {lane: 1}, {lane: 2}, {lane: 2, "vedette.raw:0": -1}]
    assert [await anything_beyond(kafka, through) for through in stored] == [True, True, False, False]


async def test_a_broker_that_is_away_cannot_be_looked_into() -> None:
    nowhere = KafkaSettings(bootstrap=f"127.0.0.1:{ports.free()}")
    with pytest.raises(BrokerUnavailable):
        await anything_beyond(nowhere, {}, timeout=1.0)
