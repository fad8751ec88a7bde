"""What we rely on in Faust 0.15 and would notice late: one private name, and settings that must not be lost."""

from __future__ import annotations

import inspect
import os
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
from faust.transport.consumer import Consumer
from faust.types import TP

from stream.app import build, stood_still
from transport.groups import DETECT, client_id
from transport.settings import KafkaSettings


def test_the_private_commit_takes_offsets_by_partition() -> None:
    assert faust.__version__.startswith("0.15.")
    parameters = inspect.signature(Consumer._commit_offsets).parameters
    assert list(parameters)[:2] == ["self", "offsets"]
    assert inspect.iscoroutinefunction(inspect.unwrap(Consumer._commit_offsets))


async def test_what_was_committed_is_known_privately() -> None:
    found = {TP("t", 0): 7, TP("t", 1): 0, TP("t", 2): None}

    async def seek_to_committed() -> dict[TP, int | None]:
        return found

    known: defaultdict[TP, int | None] = defaultdict(lambda: None)
    consumer: Any = SimpleNamespace(_committed_offset=known, _read_offset={}, seek_to_committed=seek_to_committed)
    await Consumer.perform_seek(consumer)
    assert [known[tp] for tp in found] == [7, None, None]


def test_the_app_keeps_the_settings_that_are_not_optional(tmp_path: Path) -> None:
    conf = build(KafkaSettings(bootstrap="127.0.0.1:9"), data=tmp_path).conf
    assert conf.broker_client_id == client_id(DETECT, os.getpid())
    assert conf.id == DETECT
    kept = {
        "web_enabled": conf.web_enabled,
        "stream_wait_empty": conf.stream_wait_empty,
        "stream_buffer_maxsize": conf.stream_buffer_maxsize,
        "table_standby_replicas": conf.table_standby_replicas,
        "broker_session_timeout": conf.broker_session_timeout,
        "broker_rebalance_timeout": conf.broker_rebalance_timeout,
        "topic_allow_declare": conf.topic_allow_declare,
        "topic_disable_leader": conf.topic_disable_leader,
        "consumer_metadata_max_age_ms": conf.consumer_metadata_max_age_ms,
    }
    assert kept == {
        "web_enabled": False,
        "stream_wait_empty": False,
        "stream_buffer_maxsize": 16,
        "table_standby_replicas": 0,
        "broker_session_timeout": 6.0,
        "broker_rebalance_timeout": 10.0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "consumer_metadata_max_age_ms": 5_000,
    }


def test_a_process_that_was_stopped_stood_still_and_one_that_folds_for_long_did_not() -> None:
    assert stood_still(30.0, 0.1)
    assert not stood_still(30.0, 29.0)
    assert not stood_still(5.9, 0.0)


def test_no_record_of_the_topic_is_acknowledged_by_faust(tmp_path: Path) -> None:
    app = build(KafkaSettings(bootstrap="127.0.0.1:9"), data=tmp_path)
    topic = app.topic("t", key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False)
    assert topic.acks is False
