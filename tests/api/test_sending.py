"""POST /events under load and in doubt: encodings, Idempotency-Key, the limit of a key, and backpressure."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import cramjam
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.inflate import inflated
from api.problems import Problem
from api.rates import Rates, Room
from domain import clock
from tests.api.conftest import World
from tests.api.made import NOON, event
from tests.e2e.system import until

LINES = {"Content-Type": "application/x-ndjson"}


def zstd(data: bytes, level: int = 3) -> bytes:
    return bytes(cramjam.zstd.compress(data, level=level))


def _read(packed: bytes, encoding: str, *, most: int) -> bytes | int:
    """The body, or the status of what it is refused with."""
    try:
        return inflated(packed, encoding, most=most)
    except Problem as problem:
        return problem.status


def faults(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_zstd_is_read_as_gzip_is_and_a_small_body_that_inflates_to_much_is_refused(world: World) -> None:
    lines = b"\n".join(msgspec.json.encode(event(f"z-{n}")) for n in range(5))
    headers = {**LINES, "Content-Encoding": "zstd"}
    async with world.client() as client:
        fine = await client.post("/api/v1/events", content=zstd(lines), headers=headers)
        bomb = await client.post("/api/v1/events", content=zstd(bytes(50_000_000)), headers=headers)
        cut = await client.post("/api/v1/events", content=zstd(lines)[:-9], headers=headers)
        two = await client.post("/api/v1/events", content=zstd(lines) * 2, headers=headers)
        none = await client.post("/api/v1/events", content=b"{}", headers=headers)
        other = await client.post("/api/v1/events", content=b"{}", headers={**LINES, "Content-Encoding": "br"})
    assert (fine.status_code, fine.json().get("stored")) == (200, 5), fine.json()
    assert [faults(each) for each in (bomb, cut, two, none, other)] == [
        (413, "too_large"), (400, "zstd_invalid"), (400, "zstd_invalid"), (400, "zstd_invalid"),
        (415, "content_encoding"),
    ]  # fmt: skip
    assert other.headers["Accept-Encoding"] == "gzip, zstd"


def test_a_frame_that_wants_a_huge_window_is_refused_before_any_memory_is_given() -> None:
    greedy = b"\x28\xb5\x2f\xfd" + bytes((0x00, 31 << 3)) + b"\x01\x00\x00"
    with pytest.raises(Problem, match="wants a window of 2199023255552 bytes"):
        inflated(greedy, "zstd", most=1_000)


@given(st.binary(max_size=5_000), st.sampled_from([1, 3, 9]), st.integers(0, 5_000))
def test_what_was_compressed_comes_back_or_is_too_large(data: bytes, level: int, most: int) -> None:
    for encoding, packed in (("zstd", zstd(data, level)), ("gzip", gzip.compress(data))):
        assert _read(packed, encoding, most=most) == (data if len(data) <= most else 413)


@given(st.binary(max_size=300), st.booleans())
def test_damaged_bodies_are_refused_and_never_raise(data: bytes, magic: bool) -> None:
    for encoding in ("zstd", "gzip"):
        found = _read((b"\x28\xb5\x2f\xfd" if magic else b"") + data, encoding, most=1_000)
        assert found in (400, 413) or (isinstance(found, bytes) and len(found) <= 1_000)


async def test_the_same_key_and_events_get_the_same_answer_and_other_events_are_refused(world: World) -> None:
    headers = {"Idempotency-Key": "batch-7"}
    sent = [event("i-1"), event("i-2", action="auth.login.maybe")]
    async with world.client() as client:
        first = await client.post("/api/v1/events", json=sent, headers=headers)
        again = await client.post("/api/v1/events", json=sent, headers=headers)
        packed = gzip.compress(first.request.content)
        kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        travelled = await client.post("/api/v1/events", content=packed, headers={**headers, **kind})
        other = await client.post("/api/v1/events", json=[event("i-3")], headers=headers)
        feed = await client.post("/api/v1/events?feed=x", json=sent, headers=headers)
        bad = await client.post("/api/v1/events", json=sent, headers={"Idempotency-Key": "a b"})
        without = await client.post("/api/v1/events", json=sent)
    async with world.client("globex") as client:
        foreign = await client.post("/api/v1/events", json=sent, headers=headers)
    assert first.json()["stored"] == 1
    assert again.content == travelled.content == first.content
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert [faults(each) for each in (other, feed, bad)] == [
        (422, "idempotency_key_reused"), (422, "idempotency_key_reused"), (422, "invalid_request"),
    ]  # fmt: skip
    assert without.json()["duplicate"] == 1
    assert foreign.json()["stored"] == 1


async def test_an_answer_of_unknown_outcome_is_not_kept_under_its_key(world: World) -> None:
    headers = {"Idempotency-Key": "doubt"}
    async with world.client() as client:
        world.log.refuses = True
        away = await client.post("/api/v1/events", json=[event("d-1")], headers=headers)
        world.log.refuses = False
        back = await client.post("/api/v1/events", json=[event("d-1")], headers=headers)
    assert (away.status_code, back.status_code, back.json()["stored"]) == (503, 200, 1)


async def test_one_key_at_a_time_so_that_two_at_once_get_one_answer(world: World) -> None:
    headers = {"Idempotency-Key": "twice"}
    async with world.client() as client:
        both = await asyncio.gather(
            *(client.post("/api/v1/events", json=[event("t-1")], headers=headers) for _ in range(2))
        )
    assert both[0].content == both[1].content
    assert len(world.log.sent) == 1


async def test_the_limit_of_a_key_is_told_with_every_answer_and_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.app.state.services.rates = Rates(1, least=3)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # the bucket does not refill meanwhile
    async with world.client() as client:
        fine = await client.post("/api/v1/events", json=[event(f"r-{n}") for n in range(9)])
        over = await client.post("/api/v1/events", json=[event("r-9"), event("r-10"), event("r-11")])
    assert fine.headers["RateLimit-Policy"] == '"events";q=10;w=10'
    assert fine.headers["RateLimit"] == '"events";r=1;t=9'
    assert faults(over) == (429, "too_many_events")
    assert (over.headers["Retry-After"], over.headers["RateLimit"][:13]) == ("2", '"events";r=1;')
    async with world.client("globex") as client:
        assert (await client.post("/api/v1/events", json=[event("r-9")])).status_code == 200
    assert len(world.log.sent) == 10


def test_a_bucket_refills_and_no_limit_tells_nothing() -> None:
    rates = Rates(2, least=1)
    assert rates.take("k", 20, at=NOON) == Room(20, 0, 10)
    with pytest.raises(Problem):
        rates.take("k", 1, at=NOON + 400)
    assert rates.take("k", 1, at=NOON + 500) == Room(20, 0, 10)
    assert rates.take("k", 1, at=NOON + 60_000) == Room(20, 19, 1)
    assert rates.take("other", 1, at=NOON) == Room(20, 19, 1)
    assert Rates(0, least=1).take("k", 10**9, at=NOON) is None
    assert Rates(1, least=10_000).take("k", 10_000, at=NOON) == Room(10_000, 0, 10_000)


async def test_while_too_many_wait_to_be_stored_nothing_more_is_taken(world: World) -> None:
    sender = world.app.state.services.sender
    sender._most = 3
    world.log.asleep = True
    async with world.client() as client:
        first = asyncio.create_task(client.post("/api/v1/events", json=[event("w-1"), event("w-2")]))

        async def waits() -> bool:
            return bool(sender._waiting)

        await until(waits, seconds=10, pause=0.01)
        refused = await client.post("/api/v1/events", json=[event("w-3"), event("w-4")])
        assert (await first).status_code == 503
        world.log.asleep = False
        after = await client.post("/api/v1/events", json=[event(f"w-{n}") for n in range(5, 10)])
    assert faults(refused) == (503, "behind")
    assert refused.headers["Retry-After"] == "2"
    assert (after.status_code, after.json()["stored"]) == (200, 5)
    assert len(world.log.sent) == 2 + 5
