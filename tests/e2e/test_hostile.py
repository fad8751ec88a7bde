"""Hostile records among good ones: each becomes a dead letter with a true reason, and ingest goes on."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from domain import clock
from domain.clock import rfc3339
from tests.e2e.system import System, Traffic, until


def hostile(n: int) -> tuple[bytes, str]:
    """A record nobody should store, and the code of the dead letter it becomes."""
    good = {
        "id": f"h{n}",
        "tenant": "acme",
        "occurred_at": rfc3339(clock.now()),
        "action": "record.read",
        "actor": {"id": "u"},
    }
    text = json.dumps(good)
    kinds: list[tuple[bytes, str]] = [
        (text[: 10 + n % 40].encode(), "not_json"),
        (json.dumps({**good, "actor": 7}).encode(), "wrong_type"),
        (json.dumps({**good, "pad": "x" * 300_000}).encode(), "too_large"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_large"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too_deep"),
        (text[:-1].encode() + b', "count": NaN}', "not_a_number"),
        (text[:-1].encode() + b', "title": "\\ud800"}', "lone_surrogate"),
        (text[:-1].encode() + b', "tenant": "evil"}', "repeated_key"),
        (json.dumps({**good, "occurred_at": "2099-01-01T00:00:00Z"}).encode(), "ahead_of_time"),
        (b"\xff\xfe" + text.encode(), "byte_order_mark"),
        (text[:-1].encode() + b', "title": "\xc3\x28"}', "not_utf8"),
        (json.dumps({**good, "action": "record.eaten"}).encode(), "unknown_action"),
        (json.dumps({k: v for k, v in good.items() if k != "actor"}).encode(), "field_missing"),
    ]
    return kinds[n % len(kinds)]


async def endure(system: System, *, good: int, bad: int) -> None:
    rng, traffic = random.Random(5), Traffic(5)
    expected: Counter[str] = Counter()
    records: list[bytes] = []
    for n in range(bad):
        record, code = hostile(n)
        records.append(record)
        expected[code] += 1
    now = clock.now()
    records += [traffic.record(now - 30_000 + k % 30_000) for k in range(good)]
    rng.shuffle(records)
    pids = system.running["pids"]
    await system.send(records)

    async def all_there() -> bool:
        return await system.count("events") >= good and await system.count("dead_letters") >= bad

    await until(all_there, seconds=120, what=system.said)
    rows: list[Any] = await (await system.client()).query(
        "SELECT code, count(), min(length(reason)), max(raw_bytes) FROM dead_letters FINAL GROUP BY code", row=list
    )
    assert {row[0]: row[1] for row in rows} == dict(expected)
    assert min(row[2] for row in rows) > 20
    assert await system.count("events") == good
    assert system.running["pids"] == pids


async def test_every_hostile_record_becomes_a_dead_letter_with_a_true_reason(system: System) -> None:
    await endure(system, good=3_000, bad=300)


@pytest.mark.faults
async def test_ten_thousand_hostile_records_among_a_hundred_thousand(system: System) -> None:
    await endure(system, good=100_000, bad=10_000)
