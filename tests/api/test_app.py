"""The app as a whole: problems everywhere, documentation without another host, health, numbers, settled state."""

from __future__ import annotations

import re

import msgspec

from domain import clock
from domain.alert import Severity
from domain.judgement import Marker, position
from ingest.record import Record
from storage.judge import ClickHouseJudgeStore
from tests.api.conftest import World
from tests.api.made import NOON, accept, alert, event
from transport.topics import RAW_IMPORT

PROBLEM = "application/problem+json"


async def test_unknown_paths_and_methods_are_problems_too(world: World) -> None:
    async with world.client() as client:
        answers = [
            await client.get("/api/v1/nothing"),
            await client.get("/nowhere"),
            await client.delete("/api/v1/events"),
            await client.get("/docs/../../secrets"),
            await client.get("/docs/LICENSE"),
            await client.get("/api/v1/events", params={"limit": "many"}),
        ]
    assert [(a.status_code, a.headers["Content-Type"]) for a in answers] == [
        (status, PROBLEM) for status in (404, 404, 405, 404, 404, 422)
    ]
    for answer in answers:
        assert answer.json().keys() >= {"type", "title", "status", "code", "detail"}
        assert answer.json()["status"] == answer.status_code
    assert "it takes" in answers[2].json()["detail"]
    assert [fault["field"] for fault in answers[5].json()["errors"]] == ["limit"]


async def test_the_documentation_page_needs_no_other_host(world: World) -> None:
    async with world.client("") as client:
        page = await client.get("/docs")
        assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        answers = {path: await client.get(path) for path in assets if not path.startswith("data:")}
        document = (await client.get("/openapi.json")).json()
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not re.search(r"https?://", page.text)
    assert set(answers) == {"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"}
    assert [a.status_code for a in answers.values()] == [200, 200, 200]
    assert "http" not in answers["/docs/start.js"].text
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert "servers" not in document


async def test_healthy_ready_and_counted(world: World) -> None:
    async with world.client() as client:
        await client.post("/api/v1/events", json=[event("counted"), event("refused", action="no")])
        await client.post("/api/v1/events?source=generic", json=event("letter", outcome="success"))
        await accept(world.store, alert(700), alert(701, tenant="globex", severity=int(Severity.HIGH)))
        health, ready = await client.get("/healthz"), await client.get("/readyz")
        numbers = (await client.get("/metrics")).text
    assert (health.json(), ready.json()) == ({"status": "ok"}, {"status": "ready", "epoch": world.log.epoch})
    assert 'vedette_api_events_total{status="stored"} 1.0' in numbers
    assert 'vedette_api_events_total{status="rejected"} 2.0' in numbers
    assert 'vedette_api_requests_total{operation="send_events",status="200"} 2.0' in numbers
    assert "vedette_store_up 1.0" in numbers
    assert 'vedette_alerts{detector="failed_login_burst",severity="MEDIUM",stage="live"} 1.0' in numbers
    assert 'severity="HIGH"' not in numbers, "another tenant's alert is another tenant's"
    assert 'vedette_dead_letters{code="contradiction"} 1.0' in numbers
    assert "vedette_settled_age_seconds NaN" in numbers
    assert "acme" not in numbers


async def test_what_is_wrong_with_a_feed_is_told_to_its_tenant(world: World) -> None:
    moment = clock.now() - 60_000
    async with world.client(role="ingest") as client:
        for at in (moment, moment + 1_000):
            await client.post("/api/v1/events", json=event("twice", occurred_at=clock.rfc3339(at)))
        [notice] = (await client.get("/api/v1/notices")).json()["items"]
        later = (await client.get("/api/v1/notices", params={"since": clock.rfc3339(clock.now() + 60_000)})).json()
    async with world.client(tenant="globex") as client:
        theirs = (await client.get("/api/v1/notices")).json()
    assert (notice["kind"], notice["about"], notice["severity"]) == ("ids_reused", "generic", "LOW")
    assert notice["text"] == (
        "generic: an id came again for another time, action or subject, counted as other events; "
        "let the source give each event its own id"
    )
    assert later == theirs == {"items": []}


async def test_the_catalogue_and_the_feeds_are_told(world: World) -> None:
    async with world.client(role="ingest") as client:
        await client.post(
            "/api/v1/events?feed=logins", json=event("fed", occurred_at=clock.rfc3339(clock.now() - 5_000))
        )
        rows = (await client.get("/api/v1/sources")).json()["items"]
    async with world.client(role="auditor") as client:
        detectors = (await client.get("/api/v1/detectors")).json()["items"]
    [fed] = [row for row in rows if row["feed"] == "logins"]
    assert (fed["source"], fed["stored"], fed["rejected"]) == ("generic", 1, 0)
    assert 5 <= fed["delay_seconds"]["median"] < 60
    assert {"failed_login_burst", "bulk_export"} <= {each["id"] for each in detectors}


async def test_a_dead_letter_is_explained_and_sent_again_by_the_door_it_came_through(world: World) -> None:
    raw = msgspec.json.encode(event("late-tenant", tenant="acme", action="auth.login.odd"))
    headers = (("tenant", b"acme"), ("batch", b"1"), ("odd", b"\xff"))
    await world.log.pipeline.take(
        [Record(RAW_IMPORT, 3, 10**10, world.log.epoch, clock.now(), headers, raw)], {}, (), at=clock.now()
    )
    async with world.client() as client:
        [row] = (await client.get("/api/v1/dead-letters", params={"code": "unknown_action"})).json()["items"]
        whole = (await client.get(f"/api/v1/dead-letters/{row['id']}")).json()
        replayed = await client.post(f"/api/v1/dead-letters/{row['id']}/replay")
        again = await client.post(f"/api/v1/dead-letters/{row['id']}/replay")
        after = (await client.get("/api/v1/dead-letters", params={"status": "replayed"})).json()["items"]
    async with world.client("globex") as client:
        foreign = await client.post(f"/api/v1/dead-letters/{row['id']}/replay")
    assert (whole["raw"], whole["place"]["lane"], whole["status"]) == (
        {"text": raw.decode()},
        f"{RAW_IMPORT}:3",
        "open",
    )
    assert (replayed.status_code, replayed.json()["status"], replayed.json()["code"]) == (
        200,
        "rejected",
        "unknown_action",
    )
    assert (world.log.sent[-1].topic, world.log.sent[-1].headers, world.log.sent[-1].value) == (
        RAW_IMPORT,
        headers,
        raw,
    )
    assert (again.status_code, foreign.status_code) == (409, 404)
    assert [each["id"] for each in after] == [row["id"]]


async def test_the_system_says_how_far_a_tenant_is_settled(world: World) -> None:
    judges, epoch = ClickHouseJudgeStore(world.store), world.log.epoch

    async def through() -> str | None:
        async with world.client(role="auditor") as client:
            found: str | None = (await client.get("/api/v1/system")).json()["settled_through"]
            return found

    terms = [await judges.claim(partition, 1) for partition in range(2)]
    await judges.put_marker(0, terms[0], Marker(position(epoch, 1), 2, {}, {"acme": NOON}))
    assert await through() is None
    await judges.put_marker(1, terms[1], Marker(position(epoch, 1), 2, {}, {"acme": NOON + 5_000}))
    assert await through() == clock.rfc3339(NOON)
    async with world.client("globex", "auditor") as client:
        system = (await client.get("/api/v1/system")).json()
    assert (system["tenant"], system["settled_through"]) == ("globex", None)
    assert (system["epoch"], system["versions"]["vedette"]) == ({"epoch": epoch, "partitions": 2}, "1.2.3")
    assert [marker["clock"] for marker in system["markers"]] == [None, None]
    assert system["data"] == [
        {"kind": "places", "name": "Mine", "date": "2026-06-05", "effective_from": None, "attribution": ""},
        {
            "kind": "asn",
            "name": "ASN",
            "date": "2026-06-17",
            "effective_from": clock.rfc3339(NOON),
            "attribution": "us",
        },
    ]
