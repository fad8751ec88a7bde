"""One attempt to deliver a notification, and when the next one is due."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec

from domain.clock import DAY, SECOND, millis
from domain.incident import DELIVERED, DISABLED, FAILED, PENDING, Delivery
from notify import guard, signature

#: Pause before each attempt, seconds, ± 20 %: twelve attempts in about 52 hours.
SCHEDULE = (0, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
JITTER = 0.2
#: Looking up, connecting, sending and reading together, seconds.
DEADLINE = 15.0
READ_AT_MOST = 65_536
_ERROR_AT_MOST = 300


@dataclass(frozen=True)
class Answer:
    """What the receiver said: `status` 0 when nothing; `retry_after` (ms) when it asked for patience."""

    status: int = 0
    error: str = ""
    retry_after: int = 0
    refused: bool = False  # the url itself is none we deliver to

    @property
    def delivered(self) -> bool:
        return 200 <= self.status < 300


def pause(webhook_id: str, channel: str, attempt: int) -> int:
    """Milliseconds before attempt number `attempt` (0 first), ± 20 % derived from the ids: the same after a restart."""
    digest = hashlib.sha256(f"{webhook_id}|{channel}|{attempt}".encode()).digest()
    spread = int.from_bytes(digest[:8], "big") / 2**64 * 2 - 1
    return round(SCHEDULE[attempt] * SECOND * (1 + JITTER * spread))


def after(delivery: Delivery, answer: Answer, now: int) -> Delivery:
    """The delivery's next row: delivered, disabled (410), pending until the next attempt, or failed after the last."""
    attempts = delivery.attempts + 1
    changes: dict[str, object] = {
        "attempts": attempts,
        "response_status": answer.status,
        "error": "" if answer.delivered else answer.error[:_ERROR_AT_MOST],
        "revision": delivery.revision + 1,
    }
    if answer.delivered:
        return msgspec.structs.replace(delivery, status=DELIVERED, **changes)
    if answer.status == 410:
        return msgspec.structs.replace(delivery, status=DISABLED, **changes)
    if attempts >= len(SCHEDULE):
        return msgspec.structs.replace(delivery, status=FAILED, **changes)
    due = now + max(pause(delivery.webhook_id, delivery.channel, attempts), answer.retry_after)
    return msgspec.structs.replace(delivery, status=PENDING, next_attempt_at=due, **changes)


def disabled(delivery: Delivery) -> Delivery:
    """The row of a delivery whose channel is switched off: not tried, kept until the channel is enabled again."""
    reason = f"channel {delivery.channel} is off since its receiver answered 410"
    return msgspec.structs.replace(delivery, status=DISABLED, error=reason, revision=delivery.revision + 1)


def again(delivery: Delivery, now: int) -> Delivery:
    """The row of a delivery that is to be tried from the start, under the same webhook-id."""
    return msgspec.structs.replace(
        delivery, status=PENDING, attempts=0, error="", next_attempt_at=now, revision=delivery.revision + 1
    )


async def send(
    body: bytes,
    *,
    url: str,
    webhook_id: str,
    keys: Sequence[bytes],
    at: int,
    allow_private: bool = False,
    deadline: float = DEADLINE,
    lookup: guard.Lookup = guard.lookup,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One signed POST at `at` (ms). Never raises for what the receiver or the network does."""
    headers = signature.sign(body, webhook_id=webhook_id, at=at, keys=keys)
    headers |= {"content-type": "application/json", "user-agent": "Vedette-Webhooks/1"}
    try:
        async with asyncio.timeout(deadline):
            target = await guard.check(url, allow_private=allow_private, lookup=lookup)
            return await _post(target, body, headers, at=at, tls=tls)
    except guard.Refused as error:
        return Answer(error=str(error), refused=True)
    except guard.Unresolved as error:
        return Answer(error=str(error))
    except TimeoutError:
        return Answer(error=f"no answer within {deadline:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(error=_told(error))


def _told(error: Exception) -> str:
    """`host:443 cannot be reached: connection refused`; what is wrong with TLS says so itself."""
    if type(error) is aiohttp.ClientConnectorError and error.os_error.errno:
        return f"{error.host}:{error.port} cannot be reached: {os.strerror(error.os_error.errno).lower()}"
    return f"{type(error).__name__}: {error}"


async def _post(
    target: guard.Target, body: bytes, headers: dict[str, str], *, at: int, tls: ssl.SSLContext | None
) -> Answer:
    connector = aiohttp.TCPConnector(resolver=guard.Pinned(target), use_dns_cache=False, force_close=True)
    async with (
        aiohttp.ClientSession(
            connector=connector, trust_env=False, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
        session.post(
            target.url, data=body, headers=headers, allow_redirects=False, ssl=tls if tls is not None else True
        ) as response,
    ):
        answer = Answer(status=response.status)
        if answer.delivered:
            return answer
        text = (await _read(response)).decode("utf-8", "replace")[:_ERROR_AT_MOST]
        printable = "".join(c if c.isprintable() else " " for c in text).strip()
        redirect = "; redirects are not followed" if 300 <= response.status < 400 else ""
        error = f"the receiver answered {response.status}{redirect}" + (f": {printable}" if printable else "")
        patience = retry_after(response.headers.get("retry-after", ""), at) if response.status in (429, 503) else 0
        return Answer(status=response.status, error=error, retry_after=patience)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The first 64 kB of what the receiver says; what was read so far when it dawdles or breaks off."""
    read = bytearray()
    try:
        async with asyncio.timeout(2.0):
            while len(read) < READ_AT_MOST:
                part = await response.content.read(READ_AT_MOST - len(read))
                if not part:
                    break
                read += part
    except (TimeoutError, aiohttp.ClientError):
        return bytes(read)  # its status counts, the rest is only for the log
    return bytes(read)


def retry_after(value: str, now: int) -> int:
    """Milliseconds that a Retry-After header asks for, seconds or a date; at most a day, 0 when it says nothing."""
    if value.isascii() and value.isdigit():
        return min(int(value[:9]) * SECOND, DAY)
    try:
        moment = parsedate_to_datetime(value)
        return max(0, min(millis(moment) - now, DAY))
    except ValueError:
        return 0
