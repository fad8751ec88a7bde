"""Over HTTP an answer is a promise: what was answered is stored, whoever is killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

from domain import clock
from domain.clock import rfc3339
from tests.e2e.system import System, batches


def post(url: str, key: str, events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The answer, or None for 503 (unknown: to be sent again)."""
    body = "\n".join(map(json.dumps, events)).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return None


async def test_what_was_answered_is_stored_though_ingest_is_killed_meanwhile(system: System) -> None:
    url = f"{system.running['api_url']}/api/v1/events"
    now = clock.now()
    events: list[dict[str, Any]] = [
        {"id": f"p{n}", "occurred_at": rfc3339(now - n), "action": "record.read", "actor": {"id": f"u{n % 7}"}}
        for n in range(300)
    ]
    answered = unknown = 0
    for n, batch in enumerate(batches(events, 30)):
        if n == 3:
            system.kill("ingest")
        while (answer := await asyncio.to_thread(post, url, system.key, batch)) is None:
            unknown += 1
            assert unknown < 20
        assert answer["stored"] + answer["duplicate"] == len(batch)
        answered += len(batch)
    assert answered == 300
    assert await system.count("events") == 300
    again = await asyncio.to_thread(post, url, system.key, events[:10])
    assert again is not None
    assert (again["stored"], again["duplicate"]) == (0, 10)
