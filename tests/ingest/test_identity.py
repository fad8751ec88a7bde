"""Ids: one event has one id through every door, and nothing that makes a subject can be changed under it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.identity import activity_id, activity_ids
from tests.ingest.made import activity, event, record

SIGN_IN: dict[str, Any] = event(
    action="auth.login.succeeded",
    object_type=None,
    object_id=None,
    actor={"id": "u7", "login": "ann"},
    origin={"ip": "203.0.113.9"},
    app_id="app1",
)


def test_an_id_is_a_uuid_of_version_8() -> None:
    found = uuid.UUID(activity(SIGN_IN).activity_id)
    assert (str(found), found.version, found.variant) == (activity(SIGN_IN).activity_id, 8, uuid.RFC_4122)


def test_the_door_place_and_time_of_arrival_do_not_matter_to_an_event_with_an_id() -> None:
    plain = activity(SIGN_IN)
    for options in (
        {"topic": "vedette.raw.http", "headers": (("tenant", b"acme"),)},
        {"topic": "vedette.raw.import", "headers": (("tenant", b"acme"), ("batch", b"1"), ("feed", b"f"))},
        {"offset": 99, "partition": 3, "received_at": 1_795_510_900_000},
    ):
        assert activity(SIGN_IN, **options).activity_id == plain.activity_id


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "other"},
        {"source": "espo"},
        {"id": "a2"},
        {"occurred_at": "2026-11-24T08:59:00.001Z"},
        {"action": "auth.logout"},
        {"actor": {"id": "u8", "login": "ann"}},
        {"actor": {"id": "u7", "login": "bob"}},
        {"origin": {"ip": "203.0.113.10"}},
        {"app_id": "app2"},
    ],
)
def test_everything_that_makes_a_subject_makes_another_id(change: dict[str, Any]) -> None:
    assert activity({**SIGN_IN, **change}).activity_id != activity(SIGN_IN).activity_id


def test_other_content_under_one_id_is_told_by_the_digest() -> None:
    one, two = activity(SIGN_IN), activity({**SIGN_IN, "channel": "api"})
    assert one.activity_id == two.activity_id
    assert one.record_digest != two.record_digest
    assert (len(one.record_digest), one.record_digest) == (16, activity(SIGN_IN).record_digest)


def test_without_an_id_the_place_in_kafka_is_the_id() -> None:
    nameless = event(id=None)
    ids = {
        activity(nameless).activity_id,
        activity(nameless, offset=6).activity_id,
        activity(nameless, partition=1).activity_id,
    }
    assert len(ids) == 3
    assert activity(nameless).activity_id == activity(nameless, received_at=1_795_510_900_000).activity_id


def test_an_activity_carries_where_it_stood_and_how_it_came() -> None:
    found = activity(SIGN_IN, topic="vedette.raw.import", headers=(("batch", b"1"), ("history", b"1")))
    assert (found.epoch, found.lane, found.offset, found.index, found.received_at, found.batch, found.history) == (
        3, "vedette.raw.import:0", 5, 0, 1_795_510_800_000, True, True,
    )  # fmt: skip


def test_nobody_but_our_own_doors_may_say_tenant_feed_or_history() -> None:
    headers = (("tenant", b"other"), ("feed", b"forged"), ("history", b"1"), ("source", b"salesforce"), ("batch", b"1"))
    found = activity(SIGN_IN, headers=headers)
    assert (found.tenant, found.feed, found.history, found.source, found.batch) == ("acme", "", False, "generic", True)


def test_the_lane_of_a_record_is_its_topic_and_partition() -> None:
    assert record(SIGN_IN, partition=3).lane == "vedette.raw:3"


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=200), max_size=30))
def test_many_ids_are_made_as_each_of_them_is(whats: list[str]) -> None:
    assert activity_ids(whats) == [activity_id(what) for what in whats]
