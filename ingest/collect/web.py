"""Asking a vendor's API: its limits obeyed, its bad moments waited out, its answers told apart by what we do then."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from domain import clock
from domain.errors import SettingsInvalid, Unavailable, VedetteError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")

#: Seconds for one answer, its body included; a log file may be large and is read for as long as bytes come.
_ANSWER, _SILENCE = 60.0, 60.0
#: Bytes of an answer that is held in memory.
_MOST_ANSWER: Final = 64_000_000
#: Tries of one request. Pauses double from a second; a wait that the vendor asks for is kept to the second.
TRIES: Final = 6
#: Beyond this many seconds the round ends and the next one asks again.
PATIENCE: Final = 900.0
_SAID: Final = 300


class Refused(VedetteError):
    """The vendor answered no, and would again: `status` is the HTTP status (200 where the body says so)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Busy(Unavailable):
    """The vendor is away, or asks for more patience than a round has."""


class Auth:
    """Headers that say who we are, from secrets that are read again when the vendor no longer takes them."""

    def __init__(
        self, secrets: Callable[[], Mapping[str, str]], headers: Callable[[Mapping[str, str]], Mapping[str, str]]
    ):
        self._read, self._make = secrets, headers
        self._secrets = dict(secrets())

    async def headers(self, web: Web) -> Mapping[str, str]:  # noqa: ARG002 (who signs in asks by it)
        return self._make(self._secrets)

    async def renew(self) -> bool:
        """Whether there is something new to try: the file holds other secrets than before."""
        fresh = dict(self._read())
        changed, self._secrets = fresh != self._secrets, fresh
        return changed

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no message may repeat."""
        return tuple(self._secrets.values())


class Web:
    """One vendor at `url`. Use it inside `async with web.open():`.

    `pause` is the least time between two requests, seconds, out of the vendor's published limit.
    """

    def __init__(
        self,
        url: str,
        auth: Auth,
        *,
        pause: float = 0.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        tries: int = TRIES,
    ) -> None:
        self.url, self._auth, self._pause, self._sleep, self._tries = _checked(url), auth, pause, sleep, tries
        self._session: aiohttp.ClientSession | None = None
        self._next = 0.0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Web]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=_SILENCE)
        async with aiohttp.ClientSession(
            timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            self._session = session
            try:
                yield self
            finally:
                self._session = None

    async def json(self, path: str, kind: type[T], *, params: Any = None, body: Any = None, form: Any = None) -> T:
        """The answer to a GET, or to a POST of `body` (JSON) or `form`, as `kind`. Refused, Busy."""

        async def read(answer: aiohttp.ClientResponse) -> T:
            async with asyncio.timeout(_ANSWER):
                raw = await _bounded(answer)
            try:
                return msgspec.json.decode(raw, type=kind)
            except msgspec.MsgspecError as error:
                raise Refused(answer.status, f"{self._where(path)} answered what we cannot read: {error}") from error

        return await self._ask(path, read, params=params, json=body, data=form)

    async def save(self, path: str, file: IO[bytes]) -> int:
        """Writes the answer to a GET into `file`, from its beginning; the number of bytes. Refused, Busy."""

        async def read(answer: aiohttp.ClientResponse) -> int:
            file.seek(0)
            file.truncate()
            async for chunk in answer.content.iter_chunked(1 << 18):
                file.write(chunk)
            file.flush()
            return file.tell()

        return await self._ask(path, read)

    async def _ask(
        self, path: str, read: Callable[[aiohttp.ClientResponse], Awaitable[T]], *, fresh: bool = True, **sent: Any
    ) -> T:
        said = ""
        for number in range(self._tries):
            try:
                answer = await self._once(path, read, sent)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                said, wait = str(error) or type(error).__name__, _pause(number)
            else:
                if not isinstance(answer, _No):
                    return answer
                if answer.status == 401 and fresh and await self._auth.renew():
                    return await self._ask(path, read, fresh=False, **sent)
                if not answer.passing:
                    raise Refused(answer.status, self._told(path, answer))
                said, wait = self._told(path, answer), answer.wait if answer.wait is not None else _pause(number)
            if wait > PATIENCE:
                raise Busy(f"{said}; it asks us to wait {wait:.0f} s, so this round ends here")
            if number + 1 < self._tries:
                await self._sleep(wait)
        raise Busy(
            f"{self._where(path)} did not answer {self._tries} times in a row ({said}); the next round tries again"
        )

    async def _once(
        self, path: str, read: Callable[[aiohttp.ClientResponse], Awaitable[T]], sent: dict[str, Any]
    ) -> T | _No:
        assert self._session is not None, "use it inside `async with web.open()`"
        loop = asyncio.get_running_loop()
        if (early := self._next - loop.time()) > 0:
            await self._sleep(early)
        self._next = loop.time() + self._pause
        given = {name: value for name, value in sent.items() if value is not None}
        method = "POST" if "json" in given or "data" in given else "GET"
        headers = {} if "data" in given else await self._auth.headers(self)
        address = urljoin(self.url, path)
        async with self._session.request(method, address, headers=headers, allow_redirects=False, **given) as answer:
            if 200 <= answer.status < 300:
                return await read(answer)
            text = (await answer.content.read(4_096)).decode("utf-8", "replace")
            return _No(answer.status, text, _wait(answer))

    def move(self, url: str) -> None:
        """From now on requests go to `url`: some vendors say it at sign-in."""
        self.url = _checked(url)

    def _where(self, path: str) -> str:
        return f"{urlsplit(self.url).netloc}{urlsplit(path).path}"

    def _told(self, path: str, no: _No) -> str:
        text = no.text
        for secret in self._auth.hidden:
            text = text.replace(secret, "***")
        text = "".join(c if c.isprintable() else " " for c in text)[:_SAID].strip()
        hint = {
            401: "; the credentials are not taken: put new ones into the file",
            403: "; give the credentials the right to read this, or leave the feed out with --feeds",
        }.get(no.status, "")
        return f"{self._where(path)} answered {no.status}: {text or 'nothing'}{hint}"


class _No(msgspec.Struct, frozen=True):
    """An answer that is not 2xx; `wait` in seconds where it names a time."""

    status: int
    text: str
    wait: float | None

    @property
    def passing(self) -> bool:
        """Whether it may be yes later. Salesforce says 403 when the day's requests are used up."""
        limited = self.status == 403 and "REQUEST_LIMIT_EXCEEDED" in self.text
        return self.status in (408, 425, 429) or self.status >= 500 or limited


def _pause(number: int) -> float:
    """Seconds before the next try, ± 20 %, so that collectors that failed together do not come back together."""
    return float(2**number) * random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, guards nothing)


def _wait(answer: aiohttp.ClientResponse) -> float | None:
    """What Retry-After asks for, in seconds or as a date; None when it says nothing."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (clock.millis(parsedate_to_datetime(value)) - clock.now()) / 1000)
    except ValueError:
        return None


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 18):
        raw += chunk
        if len(raw) > _MOST_ANSWER:
            raise Refused(answer.status, f"{answer.url.host} sent more than {_MOST_ANSWER} bytes in one answer")
    return bytes(raw)


def _checked(url: str) -> str:
    """The base address with a slash at its end. SettingsInvalid unless secrets may travel there."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or not parts.hostname:
        raise SettingsInvalid(f"--url: {parts.hostname or 'the address'} must be a plain address, https://host")
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
        raise SettingsInvalid(
            f"--url: {parts.hostname} must begin with https://, else the credentials travel in the clear"
        )
    return url.rstrip("/") + "/"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
