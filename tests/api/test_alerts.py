"""Alerts: lists, one in full, decisions, and the stream."""

from __future__ import annotations

import asyncio
from typing import Any

from domain.alert import Severity, evidence
from domain.clock import rfc3339
from tests.api.conftest import World
from tests.api.made import NOON, accept, alert, event, listen, uid


async def test_a_list_is_filtered_sorted_and_walked_over_without_gap_or_repetition(world: World) -> None:
    severities = (Severity.LOW, Severity.HIGH, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
    made = [alert(100 + n, severity=int(s), arm="walk") for n, s in enumerate(severities)]
    shadow = alert(110, stage="shadow", arm="walk")
    foreign = alert(100, tenant="globex", arm="walk")
    await accept(world.store, *made, shadow, foreign)
    walks = {}
    async with world.client(role="auditor") as client:
        for sort in ("-severity", "severity", "completed_at", "-completed_at"):
            query: dict[str, Any] = {"arm": "walk", "sort": sort, "limit": 2, "min.severity": "MEDIUM"}
            seen: list[str] = []
            while True:
                page = (await client.get("/api/v1/alerts", params=query)).json()
                seen += [row["id"] for row in page["items"]]
                if page["next"] is None:
                    break
                query["cursor"] = page["next"]
            walks[sort] = [place(row, made) for row in seen]
        hidden = (await client.get("/api/v1/alerts", params={"arm": "walk", "stage": "shadow"})).json()["items"]
        late = await client.get("/api/v1/alerts", params={"arm": "walk", "since": rfc3339(made[3].completed[0])})
        exact = await client.get("/api/v1/alerts", params={"arm": "walk", "severity": ["LOW", "CRITICAL"]})
        actor = await client.get("/api/v1/alerts", params={"arm": "walk", "actor": f"{101:032x}"})
    assert walks == {
        "-severity": [4, 3, 1, 2],
        "severity": [2, 1, 3, 4],
        "completed_at": [1, 2, 3, 4],
        "-completed_at": [4, 3, 2, 1],
    }
    assert [row["id"] for row in hidden] == [shadow.alert_id]
    assert [place(row["id"], made) for row in late.json()["items"]] == [4, 3]
    assert [place(row["id"], made) for row in exact.json()["items"]] == [4, 0]
    assert [place(row["id"], made) for row in actor.json()["items"]] == [1]


def place(alert_id: str, made: list[Any]) -> int:
    return [content.alert_id for content in made].index(alert_id)


async def test_an_alert_says_why_and_on_what_evidence(world: World) -> None:
    async with world.client() as client:
        sent = await client.post("/api/v1/events", json=[event("e-1"), event("e-2")])
        ids = [row["activity_id"] for row in sent.json()["events"]]
        token = world.tokens.tokeniser("acme")("ada@acme.example")
        content = alert(
            200,
            subject=f"login|acme|{token}",
            parts={"actor": {"token": token}},
            evidence=evidence([*ids, uid("expired")]),
        )
        await accept(world.store, content)
        shown = (await client.get(f"/api/v1/alerts/{content.alert_id}")).json()
        events = (await client.get(f"/api/v1/alerts/{content.alert_id}/events")).json()
    assert shown["subject"] == {"scope": "login", "token": token, "name": "ada@acme.example"}
    assert "ada@acme.example" in shown["sentence"]
    assert (shown["explanation"]["observed"], shown["explanation"]["threshold"]) == (12.0, 10.0)
    assert (shown["baseline"], shown["status"], shown["severity"]) == ({"usual": 1}, "new", "MEDIUM")
    assert shown["evidence"]["first"] == [*ids, uid("expired")]
    assert sorted(row["native_id"] for row in events["items"]) == ["e-1", "e-2"]
    assert (events["count"], events["missing"]) == (3, [uid("expired")])


async def test_a_closing_needs_disposition_and_reason_and_the_alert_as_it_was_seen(world: World) -> None:
    content = alert(300)
    await accept(world.store, content)
    path = f"/api/v1/alerts/{content.alert_id}"
    async with world.client(role="analyst") as client:
        before = (await client.get(path)).headers["ETag"]
        taken = await client.post(f"{path}/acknowledge", headers={"If-Match": before})
        stale = await client.post(
            f"{path}/close", json={"disposition": "benign", "reason": "a test"}, headers={"If-Match": before}
        )
        empty = await client.post(f"{path}/close", json={"disposition": "benign", "reason": " "})
        unknown = await client.post(f"{path}/close", json={"disposition": "fine", "reason": "a test"})
        early = await client.post(f"{path}/reopen")
        closed = await client.post(
            f"{path}/close",
            json={"disposition": "benign", "reason": "a test"},
            headers={"If-Match": taken.headers["ETag"]},
        )
        late = await client.post(f"{path}/acknowledge")
        same = await client.get(path, headers={"If-None-Match": closed.headers["ETag"]})
        listed = await client.get("/api/v1/alerts", params={"status": "closed", "actor": f"{300:032x}"})
        reopened = await client.post(f"{path}/reopen", json={"reason": "not so"})
    codes = [(a.status_code, a.json().get("code")) for a in (taken, stale, empty, unknown, early, closed, late)]
    assert codes == [
        (200, None), (412, "changed"), (422, "invalid_request"), (422, "invalid_request"), (409, "wrong_status"),
        (200, None), (409, "wrong_status"),
    ]  # fmt: skip
    assert same.status_code == 304
    assert (closed.json()["status"], closed.json()["disposition"]) == ("closed", "benign")
    assert [row["id"] for row in listed.json()["items"]] == [content.alert_id]
    assert reopened.json()["status"] == "new"
    assert [(t["action"], t["by"], t["reason"]) for t in reopened.json()["triage"]] == [
        ("acknowledge", "analyst of acme", None),
        ("close", "analyst of acme", "a test"),
        ("reopen", "analyst of acme", "not so"),
    ]


async def test_an_alert_that_replaces_another_inherits_its_decision_and_is_named_by_it(world: World) -> None:
    oldest, middle, newest = alert(400), alert(401), alert(402)
    await accept(world.store, oldest)
    async with world.client(role="analyst") as client:
        closing = {"disposition": "true_positive", "reason": "stolen"}
        await client.post(f"/api/v1/alerts/{oldest.alert_id}/close", json=closing)
        await accept(world.store, oldest, version=2, withdrawn=True)
        await accept(world.store, middle, version=2, replaces=(oldest.alert_id,))
        await accept(world.store, middle, version=3, withdrawn=True, replaces=(oldest.alert_id,))
        await accept(world.store, newest, version=3, replaces=(middle.alert_id,))
        old = (await client.get(f"/api/v1/alerts/{middle.alert_id}")).json()
        new = (await client.get(f"/api/v1/alerts/{newest.alert_id}")).json()
        listed = await client.get("/api/v1/alerts", params={"since": rfc3339(NOON + 400 * 60_000), "status": "closed"})
    assert (old["withdrawn"], old["replaced_by"]) == (True, [newest.alert_id])
    assert (new["status"], new["disposition"], new["withdrawn"]) == ("closed", "true_positive", False)
    assert [row["id"] for row in listed.json()["items"]] == [newest.alert_id]


async def test_the_stream_tells_live_revisions_and_goes_on_behind_the_last_id(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.keys['acme', 'analyst']}"}
    first, shadow, second = alert(500), alert(501, stage="shadow"), alert(502)

    async def arrive() -> None:
        await accept(world.store, first, shadow, alert(500, tenant="globex"))

    path = "/api/v1/alerts/stream"
    status, said = await listen(world.app, path, headers, until=lambda text: first.alert_id in text, meanwhile=arrive)
    [last] = [line.removeprefix("id: ") for line in said.splitlines() if line.startswith("id: ")]
    assert (status, shadow.alert_id in said, uid("globex", "alert", 500) in said) == (200, False, False)

    await accept(world.store, second)
    await accept(world.store, second, version=2, withdrawn=True)
    _, more = await listen(
        world.app, path, {**headers, "Last-Event-ID": last}, until=lambda text: "event: withdrawn" in text
    )
    ids = [line.removeprefix("id: ") for line in more.splitlines() if line.startswith("id: ")]
    assert last not in ids
    assert [each.split("-", 1)[1] for each in ids if second.alert_id in each][-1] == f"{second.alert_id}-2"


async def test_a_last_event_id_of_another_stream_is_refused(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/api/v1/alerts/stream", headers={"Last-Event-ID": "7"})
    assert (answer.status_code, answer.json()["code"]) == (400, "last_event_id")


async def test_two_decisions_on_the_same_reading_are_one_decision_and_one_refusal(world: World) -> None:
    content = alert(600)
    await accept(world.store, content)
    path = f"/api/v1/alerts/{content.alert_id}"
    async with world.client(role="analyst") as client:
        seen = {"If-Match": (await client.get(path)).headers["ETag"]}
        closing = {"disposition": "benign", "reason": "a test"}
        both = await asyncio.gather(
            client.post(f"{path}/close", json=closing, headers=seen), client.post(f"{path}/acknowledge", headers=seen)
        )
    assert sorted(a.status_code for a in both) == [200, 412]


async def test_a_walk_meets_every_alert_once_while_new_ones_arrive(world: World) -> None:
    made = [alert(1000 + n, arm="busy") for n in range(6)]
    await accept(world.store, *made)
    for sort in ("-completed_at", "completed_at", "-severity"):
        query: dict[str, Any] = {"arm": "busy", "sort": sort, "limit": 2}
        seen: list[str] = []
        async with world.client() as client:
            while query.get("cursor", "") is not None:
                page = (await client.get("/api/v1/alerts", params=query)).json()
                seen += [row["id"] for row in page["items"]]
                query["cursor"] = page["next"]
                if len(seen) < 7:  # one that is newer than all and one that is older than all
                    late = len(seen) + {"-completed_at": 0, "completed_at": 100, "-severity": 200}[sort]
                    await accept(world.store, alert(2000 + late, arm="busy"), alert(900 - late, arm="busy"))
        assert len(seen) == len(set(seen)), sort
        assert {content.alert_id for content in made} <= set(seen), sort


async def test_alerts_are_found_by_a_part_of_the_name_of_whom_they_judge(world: World) -> None:
    async with world.client() as client:
        for native, login in (("n-1", "Grace.Hopper@acme.example"), ("n-2", "linus@acme.example")):
            await client.post("/api/v1/events", json=event(native, actor={"id": native, "login": login}))
        tokeniser = world.tokens.tokeniser("acme")
        grace, linus = (tokeniser(login) for login in ("Grace.Hopper@acme.example", "linus@acme.example"))
        mine = alert(1100, subject=f"login|acme|{grace}")
        await accept(world.store, mine, alert(1101, subject=f"login|acme|{linus}"))
        found = (await client.get("/api/v1/alerts", params={"q": "hopper"})).json()
        both = (await client.get("/api/v1/alerts", params={"q": "hopper", "actor": linus})).json()
        nobody = (await client.get("/api/v1/alerts", params={"q": "100%_'; DROP"})).json()
        short = await client.get("/api/v1/alerts", params={"q": "h"})
    async with world.client("globex") as client:
        foreign = (await client.get("/api/v1/alerts", params={"q": "hopper"})).json()
    assert [row["id"] for row in found["items"]] == [mine.alert_id]
    assert [both["items"], nobody["items"], foreign["items"]] == [[], [], []]
    assert (short.status_code, short.json()["errors"][0]["field"]) == (422, "q")


async def test_the_evidence_comes_with_the_alert_when_it_is_asked_for(world: World) -> None:
    async with world.client() as client:
        sent = (await client.post("/api/v1/events", json=event("inc-1"))).json()
        content = alert(1200, evidence=evidence([sent["events"][0]["activity_id"]]))
        await accept(world.store, content)
        path = f"/api/v1/alerts/{content.alert_id}"
        plain, whole = (await client.get(path)).json(), (await client.get(path, params={"include": "evidence"})).json()
        events = (await client.get(f"{path}/events")).json()
        wrong = await client.get(path, params={"include": "evidence,peers"})
    assert ("events" in plain, whole["events"]) == (False, events)
    assert [row["native_id"] for row in whole["events"]["items"]] == ["inc-1"]
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "include")
