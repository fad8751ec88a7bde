"""Keys and roles: every operation of the document against every role, and against no key at all."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.app import PREFIX
from api.auth import FAILURES, Failures
from api.policy import OPERATIONS, POLICY, ROLES
from domain import clock
from storage.api_keys import ApiKeyStore
from tests.api.conftest import World
from tests.api.made import accept, alert, uid

#: Which roles may what: written out, so that a change of the policy is seen twice.
MAY = {
    "send_events": {"ingest", "admin"},
    "replay_dead_letter": {"admin"},
    "acknowledge_alert": {"analyst", "admin"},
    "close_alert": {"analyst", "admin"},
    "reopen_alert": {"analyst", "admin"},
    "list_sources": set(ROLES),
    "list_notices": set(ROLES),
    "get_metrics": {"admin", "auditor"},
}
READERS = {"analyst", "admin", "auditor"}


def operations(world: World) -> list[tuple[str, str, str]]:
    """(operation, method, path with an id that nobody has) of everything that asks for a key."""
    found = []
    for path, methods in world.app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert not path.startswith(PREFIX) or "security" in operation, path
            if "security" in operation:
                filled = "/".join(uid("nobody") if part.startswith("{") else part for part in path.split("/"))
                found.append((operation["operationId"], method.upper(), filled))
    return found


async def ask(client: httpx2.AsyncClient, method: str, path: str) -> Any:
    # a stream never ends: a wrong Last-Event-ID is refused after the policy and before the stream is opened
    return await client.request(method, path, headers={"Last-Event-ID": "none"})


async def test_every_operation_has_its_line_in_the_policy(world: World) -> None:
    assert {operation for operation, _, _ in operations(world)} == OPERATIONS
    assert {role: {op for op in OPERATIONS if op in POLICY[role]} for role in ROLES} == {
        role: {op for op in OPERATIONS if role in MAY.get(op, READERS)} for role in ROLES
    }


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_what_the_policy_says_and_nothing_else(world: World, role: str) -> None:
    async with world.client(role=role) as client:
        for operation, method, path in operations(world):
            may = role in MAY.get(operation, READERS)
            answer = await ask(client, method, path)
            assert (answer.status_code == 403) is not may, (operation, answer.text)
            if not may:
                assert answer.json()["code"] == "forbidden"


async def test_nothing_is_told_without_a_valid_key(world: World) -> None:
    wrong = [{}, {"Authorization": "Bearer vdt_0123456789ab_wrong"}, {"Authorization": "Basic dXNlcjpwYXNz"}]
    for number, headers in enumerate(wrong):
        for index, (operation, method, path) in enumerate(operations(world)):
            async with world.client("", address=f"198.51.100.{number * 50 + index}") as client:
                answer = await client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised"), operation
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_every_object_of_another_tenant_is_not_there(world: World) -> None:
    content = alert(1, tenant="globex")
    await accept(world.store, content)
    body = {"disposition": "benign", "reason": "mine now"}
    async with world.client() as client:
        answers = [
            await client.get(f"/api/v1/alerts/{content.alert_id}"),
            await client.get(f"/api/v1/alerts/{content.alert_id}/events"),
            await client.post(f"/api/v1/alerts/{content.alert_id}/acknowledge"),
            await client.post(f"/api/v1/alerts/{content.alert_id}/close", json=body),
            await client.post(f"/api/v1/alerts/{content.alert_id}/reopen"),
        ]
        listed = await client.get("/api/v1/alerts", params={"tenant": "globex"})
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "not_found")] * 5
    assert (listed.status_code, listed.json()["code"]) == (422, "no_such_parameter")
    assert await world.store.query("SELECT count() FROM triage WHERE reason = 'mine now'", row=list[int]) == [[0]]


async def test_a_revoked_key_and_a_key_with_another_secret_open_nothing(world: World) -> None:
    key = world.keys["acme", "auditor"]
    await ApiKeyStore(world.store).revoke(key.split("_")[1])
    async with world.client("", address="198.51.100.200") as client:
        for each in (key, key[:-1] + ("A" if key[-1] != "A" else "B")):
            answer = await client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {each}"})
            assert answer.status_code == 401


async def test_an_address_that_guesses_is_refused_while_others_and_known_keys_go_on(world: World) -> None:
    async with world.client(address="198.51.100.201") as known, world.client("", address="198.51.100.201") as guess:
        assert (await known.get("/api/v1/detectors")).status_code == 200
        wrong = [
            await guess.get("/api/v1/detectors", headers={"Authorization": f"Bearer vdt_0123456789ab_{n}"})
            for n in range(FAILURES + 1)
        ]
        assert [a.status_code for a in wrong] == [401] * FAILURES + [429]
        assert 1 <= int(wrong[-1].headers["Retry-After"]) <= 60
        unheard = {"Authorization": f"Bearer {world.keys['acme', 'auditor']}"}
        assert (await guess.get("/api/v1/detectors", headers=unheard)).status_code == 429
        assert (await known.get("/api/v1/detectors")).status_code == 200
    async with world.client(address="198.51.100.202") as other:
        assert (await other.get("/api/v1/detectors")).status_code == 200


def test_ten_failures_are_forgiven_after_a_minute() -> None:
    failures = Failures()
    for second in range(FAILURES):
        failures.add("a", at=second * clock.SECOND)
    assert failures.wait("a", at=10 * clock.SECOND) == 50 * clock.SECOND
    assert failures.wait("b", at=10 * clock.SECOND) == 0
    assert failures.wait("a", at=60 * clock.SECOND) == 0


async def test_the_store_holds_no_key(world: World) -> None:
    rows = await world.store.query("SELECT digest, key_id FROM api_keys", row=list[str])
    secrets = {key.split("_", 2)[2] for key in world.keys.values()}
    assert all(len(digest) == 64 for digest, _ in rows)
    assert not secrets & {text for row in rows for text in row}
