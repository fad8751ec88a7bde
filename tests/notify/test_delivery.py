"""One attempt, against a real receiver; and when the next one is due."""

from __future__ import annotations

import asyncio

import pytest
import standardwebhooks
from aiohttp import web

from domain.clock import DAY, HOUR, MINUTE, SECOND, now
from notify.delivery import DEADLINE, SCHEDULE, Answer, after, pause, retry_after, send
from notify.signature import new_secret, parse_secrets
from tests.notify.fakes import T0, delivery
from tests.notify.receiver import answer, receiving

SECRET = new_secret()
KEYS = parse_secrets(SECRET)


async def attempt(url: str, *, deadline: float = DEADLINE, at: int = T0) -> Answer:
    return await send(
        b'{"type":"t"}', url=url, webhook_id="msg_1", keys=KEYS, at=at, allow_private=True, deadline=deadline
    )


async def test_what_arrives_is_signed_and_bears_its_id() -> None:
    async with receiving(answer(204)) as receiver:
        assert await attempt(receiver.url, at=now()) == Answer(status=204)
    [(headers, body)] = receiver.got
    assert standardwebhooks.Webhook(SECRET).verify(body, headers) == {"type": "t"}
    assert (headers["webhook-id"], headers["content-type"]) == ("msg_1", "application/json")


async def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    async with receiving(answer(302, location="/elsewhere")) as receiver:
        got = await attempt(receiver.url)
    assert got == Answer(status=302, error="the receiver answered 302; redirects are not followed")
    assert len(receiver.got) == 1


async def test_a_receiver_that_does_not_answer_is_given_up_at_the_deadline() -> None:
    async def dawdle(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with receiving(dawdle) as receiver:
        assert await attempt(receiver.url, deadline=0.2) == Answer(error="no answer within 0.2 s")


async def test_no_more_than_64_kb_of_an_endless_answer_are_read() -> None:
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while sent < 100_000_000:
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    async with receiving(flood) as receiver:
        got = await attempt(receiver.url)
    assert (got.status, len(got.error)) == (500, len("the receiver answered 500: ") + 300)
    assert sent < 20_000_000


async def test_what_a_receiver_says_cannot_forge_a_log_line() -> None:
    async with receiving(answer(500, "no\r\n2026 INFO forged \x1b[31m")) as receiver:
        got = await attempt(receiver.url)
    assert got.error == "the receiver answered 500: no  2026 INFO forged  [31m"


async def test_the_name_is_kept_while_connecting_to_the_checked_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with receiving(answer(200)) as receiver:
        url = receiver.url.replace("127.0.0.1", "hooks.example.com")
        got = await send(b"{}", url=url, webhook_id="msg_1", keys=KEYS, at=T0, allow_private=True, lookup=lookup)
    assert got == Answer(status=200)
    assert asked == ["hooks.example.com"]
    assert receiver.got[0][0]["host"].partition(":")[0] == "hooks.example.com"


async def test_a_receiver_that_is_not_there_or_not_allowed_is_an_answer_and_no_error() -> None:
    gone = await attempt("http://127.0.0.1:9/")
    assert gone == Answer(error="127.0.0.1:9 cannot be reached: connection refused")
    refused = await send(b"{}", url="https://127.0.0.1/", webhook_id="msg_1", keys=KEYS, at=T0)
    assert (refused.status, refused.refused) == (0, True)


def test_pauses_follow_the_schedule_within_a_fifth_and_are_the_same_after_a_restart() -> None:
    for number in range(50):
        for attempt, seconds in enumerate(SCHEDULE):
            made = pause(f"msg_{number}", "oncall", attempt)
            assert abs(made - seconds * SECOND) <= seconds * SECOND * 0.2
            assert made == pause(f"msg_{number}", "oncall", attempt)
    assert len({pause(f"msg_{number}", "oncall", 5) for number in range(50)}) == 50
    assert 51 < sum(SCHEDULE) / 3600 < 52


def test_a_failed_attempt_is_followed_by_the_next_and_the_last_by_none() -> None:
    row, at = delivery(), T0
    for number in range(1, len(SCHEDULE)):
        row = after(row, Answer(status=500, error="the receiver answered 500"), at)
        assert (row.status, row.attempts, row.revision) == ("pending", number, number + 1)
        assert row.next_attempt_at - at == pause(row.webhook_id, row.channel, number)
        at = row.next_attempt_at
    row = after(row, Answer(status=500, error="the receiver answered 500"), at)
    assert (row.status, row.attempts, row.error) == ("failed", 12, "the receiver answered 500")


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("120", 2 * MINUTE),
        ("0", 0),
        ("99999999999999", DAY),
        ("Tue, 24 Nov 2026 10:00:00 GMT", HOUR),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, asked: int) -> None:
    assert retry_after(value, T0) == asked


async def test_patience_that_a_receiver_asks_for_is_kept() -> None:
    for status in (429, 503):
        async with receiving(answer(status, Retry_After="3600")) as receiver:
            got = await attempt(receiver.url)
        assert (got.status, got.retry_after) == (status, HOUR)
        assert after(delivery(), got, T0).next_attempt_at == T0 + HOUR
