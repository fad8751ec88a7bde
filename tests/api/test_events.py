"""Sending events: what the answer promises, and reading them back."""

from __future__ import annotations

import gzip
import re
from typing import Any

import msgspec
import pytest

from api import streams
from api.streams import Heard
from domain import clock
from storage.api_keys import ApiKeyStore
from storage.epochs import EpochStore
from tests.api.conftest import World
from tests.api.made import NOON, event, is_uuid, listen, uid


def statuses(answer: Any) -> list[str]:
    return [row["status"] for row in answer.json()["events"]]


async def test_an_event_is_stored_once_and_a_repetition_is_called_a_duplicate(world: World) -> None:
    async with world.client() as client:
        first = await client.post("/api/v1/events", json=event("once"))
        again = await client.post("/api/v1/events", json=event("once"))
        [row] = first.json()["events"]
        assert (first.status_code, row["index"], row["id"], row["status"]) == (200, 0, "once", "stored")
        assert is_uuid(row["activity_id"])
        assert again.json() == {
            "stored": 0, "duplicate": 1, "rejected": 0, "skipped": 0,
            "events": [{"index": 0, "id": "once", "status": "duplicate"}],
        }  # fmt: skip
        shown = (await client.get(f"/api/v1/events/{row['activity_id']}")).json()
    assert (shown["native_id"], shown["occurred_at"], shown["tenant"]) == ("once", clock.rfc3339(NOON), "acme")
    assert "lane" not in shown
    assert world.log.sent[0].headers == (("tenant", b"acme"), ("source", b"generic"))


async def test_repetitions_are_duplicates_in_whatever_lane_their_id_lies(world: World) -> None:
    sent = [event(f"lane-{n}") for n in range(9)]
    async with world.client() as client:
        first = await client.post("/api/v1/events", json=sent)
        again = await client.post("/api/v1/events", json=sent[::-1])
    assert {record.partition for record in world.log.sent} == {0, 1, 2}
    assert (statuses(first), statuses(again)) == (["stored"] * 9, ["duplicate"] * 9)


async def test_each_event_of_an_array_has_its_own_fate_in_its_own_place(world: World) -> None:
    sent = [
        event("a-1"),
        event("a-2", action="auth.login.maybe"),
        event("a-1"),
        event("a-3", outcome="success"),
        7,
        event("a-4", occurred_at="2026-11-25T12:00:00"),
        event("a-5", actor=None),
        event("", id=None),
    ]
    async with world.client() as client:
        answer = await client.post("/api/v1/events", json=sent)
    assert [(row["status"], row.get("code")) for row in answer.json()["events"]] == [
        ("stored", None),
        ("rejected", "unknown_action"),
        ("duplicate", None),
        ("rejected", "contradiction"),
        ("rejected", "not_an_object"),
        ("rejected", "time_without_offset"),
        ("rejected", "field_missing"),
        ("rejected", "field_missing"),
    ]
    assert len(world.log.sent) == 3
    assert all(row["reason"] for row in answer.json()["events"] if row["status"] == "rejected")


async def test_the_bytes_of_an_event_reach_the_log_as_they_were_sent(world: World) -> None:
    odd = (
        b'{ "id":"raw-1", "occurred_at":"2026-11-25T12:00:00+01:00","action":"auth.logout" ,"actor":{"id":"u\\u00377"}}'
    )
    async with world.client() as client:
        answer = await client.post(
            "/api/v1/events", content=b"[" + odd + b"]", headers={"Content-Type": "application/json"}
        )
    assert statuses(answer) == ["stored"]
    assert world.log.sent[0].value == odd


async def test_lines_and_gzip_are_read_and_a_broken_line_is_rejected_alone(world: World) -> None:
    lines = msgspec.json.encode(event("l-1")) + b"\n\n{broken\r\n" + msgspec.json.encode(event("l-2")) + b"\n"
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    async with world.client() as client:
        answer = await client.post("/api/v1/events", content=gzip.compress(lines), headers=headers)
    assert statuses(answer) == ["stored", "rejected", "stored"]
    assert answer.json()["events"][1]["code"] == "json_invalid"


async def test_a_small_gzip_that_inflates_to_much_is_refused(world: World) -> None:
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    async with world.client() as client:
        bomb = await client.post("/api/v1/events", content=gzip.compress(b" " * 50_000_000), headers=headers)
        large = await client.post(
            "/api/v1/events", content=b" " * 100_001, headers={"Content-Type": "application/json"}
        )
        cut = await client.post("/api/v1/events", content=gzip.compress(b"{}")[:-9], headers=headers)
        other = await client.post("/api/v1/events", content=b"<a/>", headers={"Content-Type": "text/xml"})
        empty = await client.post("/api/v1/events", content=b"[]", headers={"Content-Type": "application/json"})
    answers = [(a.status_code, a.json()["code"]) for a in (bomb, large, cut, other, empty)]
    assert answers == [
        (413, "too_large"), (413, "too_large"), (400, "gzip_invalid"), (415, "media_type"), (400, "empty"),
    ]  # fmt: skip
    assert world.log.sent == []


async def test_503_when_ingest_does_not_answer_in_time_or_kafka_is_away(world: World) -> None:
    world.app.state.services.sender._timeout = 0.5
    async with world.client() as client:
        world.log.asleep = True
        slow = await client.post("/api/v1/events", json=event("slow"))
        world.log.refuses = True
        away = await client.post("/api/v1/events", json=event("away"))
    for answer in (slow, away):
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        assert answer.headers["Retry-After"] == "2"
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_cloud_event_is_an_event(world: World) -> None:
    envelope = {
        "specversion": "1.0",
        "id": "ce-1",
        "type": "auth.logout",
        "source": "crm",
        "time": clock.rfc3339(NOON),
        "data": {"actor": {"id": "u7"}},
    }
    async with world.client() as client:
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        answer = await client.post("/api/v1/events", content=msgspec.json.encode([envelope]), headers=headers)
    assert statuses(answer) == ["stored"]


async def test_filters_and_cursor_walk_over_every_event_once(world: World) -> None:
    marks = [event(f"walk-{n}", actor={"id": "walker"}, action="auth.logout") for n in range(7)]
    async with world.client() as client:
        assert statuses(await client.post("/api/v1/events", json=marks)) == ["stored"] * 7
        query: dict[str, Any] = {"actor": "walker", "action": "auth.logout", "limit": 3}
        seen: list[str] = []
        pages = 0
        while True:
            page = (await client.get("/api/v1/events", params=query)).json()
            seen += [row["native_id"] for row in page["items"]]
            pages += 1
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        other = await client.get("/api/v1/events", params={**query, "actor": "somebody"})
    async with world.client("globex") as client:
        foreign = await client.get("/api/v1/events", params=query)
    assert (sorted(seen), pages) == ([f"walk-{n}" for n in range(7)], 3)
    assert [(a.status_code, a.json()["code"]) for a in (other, foreign)] == [(400, "cursor_invalid")] * 2


async def test_a_misspelt_filter_is_refused_with_the_one_that_was_meant(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/api/v1/events", params={"acton": "auth.logout"})
        value = await client.get("/api/v1/events", params={"action": "auth.logoff"})
        time = await client.get("/api/v1/events", params={"since": "yesterday"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_parameter")
    assert "did you mean 'action'?" in answer.json()["detail"]
    assert "did you mean 'auth.logout'?" in value.json()["detail"]
    assert "-24h" in time.json()["detail"]


async def test_an_event_of_another_tenant_is_not_there(world: World) -> None:
    async with world.client() as client:
        made = await client.post("/api/v1/events", json=event("private"))
    activity = made.json()["events"][0]["activity_id"]
    async with world.client("globex") as client:
        answers = [await client.get(f"/api/v1/events/{each}") for each in (activity, uid("none"), "none")]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "not_found")] * 3


async def test_the_stream_tells_what_is_stored_from_now_on_and_only_ones_own(world: World) -> None:
    now = clock.rfc3339(clock.now())

    async def arrive() -> None:
        for tenant in ("globex", "acme"):
            async with world.client(tenant) as client:
                stored = await client.post("/api/v1/events", json=event(f"of-{tenant}", occurred_at=now))
                assert statuses(stored) == ["stored"]

    headers = {"Authorization": f"Bearer {world.keys['acme', 'analyst']}"}
    status, said = await listen(
        world.app, "/api/v1/events/stream", headers, until=lambda text: "of-acme" in text, meanwhile=arrive
    )
    assert status == 200
    assert "event: event\n" in said
    assert "of-globex" not in said


async def test_a_stream_goes_on_behind_the_last_id_also_into_a_new_epoch(world: World) -> None:
    now = clock.rfc3339(clock.now())
    headers = {"Authorization": f"Bearer {world.keys['acme', 'analyst']}"}

    async def send(native: str) -> None:
        async with world.client() as client:
            assert statuses(await client.post("/api/v1/events", json=event(native, occurred_at=now))) == ["stored"]

    async def first() -> None:
        await send("heard")

    _, said = await listen(
        world.app, "/api/v1/events/stream", headers, until=lambda text: "heard" in text, meanwhile=first
    )
    [last] = re.findall(r"^id: (\S+)$", said, re.MULTILINE)
    await send("missed")
    epochs = EpochStore(world.store)
    newer = await epochs.begin(broker="test", partitions=2)
    await epochs.opened(newer, broker="test", partitions=2)
    world.log.epoch = newer
    world.log.pipeline = world.anew(newer)
    await send("after")
    status, said = await listen(
        world.app,
        "/api/v1/events/stream",
        {**headers, "Last-Event-ID": last},
        until=lambda text: '"after"' in text,
    )
    assert status == 200
    assert re.findall(r'"native_id":"([^"]+)"', said) == ["missed", "after"]


async def test_a_last_event_id_that_is_none_of_the_events_streams_is_refused(world: World) -> None:
    negative = Heard(1, {}).id.replace("A", "_")
    async with world.client() as client:
        answers = [
            await client.get("/api/v1/events/stream", headers={"Last-Event-ID": each})
            for each in ("none", "@@@", negative, "1-00000000-0000-0000-0000-000000000000-1")
        ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(400, "last_event_id")] * 4


async def test_a_stream_ends_when_its_key_is_revoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ALIVE", 0.0)
    key = world.keys["acme", "auditor"]

    async def revoke() -> None:
        await ApiKeyStore(world.store).revoke(key.split("_")[1])

    headers = {"Authorization": f"Bearer {key}"}
    status, said = await listen(world.app, "/api/v1/events/stream", headers, until=lambda _: False, meanwhile=revoke)
    assert (status, "retry:" in said) == (200, True)
