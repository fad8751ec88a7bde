"""Alerts, events and streams as the tests of the API need them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import msgspec
from fastapi import FastAPI

from domain import clock
from domain.alert import NAMESPACE, Content, Severity, evidence
from domain.judgement import AlertRevision
from storage.client import Client
from storage.judge import ClickHouseJudgeStore

NOON = 1_764_072_000_000  # 2025-11-25T12:00:00Z


def uid(*about: object) -> str:
    return str(uuid5(NAMESPACE, "|".join(map(str, ("test", *about)))))


def alert(number: int, *, tenant: str = "acme", at: int | None = None, **changes: object) -> Content:
    """An alert of `failed_login_burst`, completed `number` minutes after noon."""
    when = NOON + number * clock.MINUTE if at is None else at
    made = Content(
        alert_id=uid(tenant, "alert", number),
        tenant=tenant,
        detector="failed_login_burst",
        slot="failed_login_burst.v1",
        arm="login",
        stage="live",
        subject=f"login|{tenant}|{number:032x}",
        opener=(when - 1_000, uid(tenant, "opener", number)),
        completed=(when, uid(tenant, "completed", number)),
        severity=int(Severity.MEDIUM),
        observed=12.0,
        threshold=10.0,
        parts={"actor": {"token": f"{number:032x}"}},
        baseline={"usual": 1},
        evidence=evidence([uid(tenant, "opener", number), uid(tenant, "completed", number)]),
        settings="0123456789abcdef",
    )
    return msgspec.structs.replace(made, **changes)


async def accept(
    store: Client, *contents: Content, version: int = 1, withdrawn: bool = False, replaces: tuple[str, ...] = ()
) -> None:
    """Write the alerts as a judge does."""
    judges = ClickHouseJudgeStore(store)
    term = await judges.claim(0, 1)
    await judges.put_alerts(0, term, [AlertRevision(each, withdrawn, version, version, replaces) for each in contents])


def event(native: str, **changes: object) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": native,
        "occurred_at": clock.rfc3339(NOON),
        "action": "auth.login.failed",
        "actor": {"id": "u7", "login": "ada@acme.example"},
        "origin": {"ip": "203.0.113.7"},
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


async def listen(
    app: FastAPI, path: str, headers: dict[str, str], *, until: Callable[[str], bool], meanwhile: Any = None
) -> tuple[int, str]:
    """GET a stream over ASGI until what came satisfies `until` (30 s at most); status and text."""
    done, said, status = asyncio.Event(), bytearray(), 0

    async def receive() -> dict[str, Any]:
        if not asked:
            asked.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            if status == 200 and meanwhile is not None:
                await meanwhile()
        said.extend(message.get("body", b""))
        if until(said.decode()):
            done.set()

    asked: list[bool] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(b"host", b"vedette.test"), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        "client": ("192.0.2.1", 5000), "server": ("vedette.test", 80),
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 30)
    return status, said.decode()


def is_uuid(text: str) -> bool:
    return str(UUID(text)) == text
