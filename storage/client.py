"""The one door to ClickHouse: typed rows in, typed rows out, over HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import aiohttp
import clickhouse_connect
import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from domain.errors import SettingsInvalid, StoreUnavailable, VedetteError
from storage.settings import StoreSettings, StoreUser

Who = Literal["migrator", "writer", "reader"]
T = TypeVar("T")

#: Seconds until a connection or an answer is given up.
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 5, 60
#: The server's own words for "not now": out of time, sockets, queries at once, parts not yet merged.
_NOT_NOW = frozenset({159, 202, 203, 209, 210, 252})
#: No space left, said at once; these others say it only when the system's words stand in their text.
_DISK_FULL, _WRITING = frozenset({243}), frozenset({74, 75, 76, 1001})
_BAD_PASSWORD = frozenset({193, 516})
#: Of a proxy between us and the server.
_GATEWAY = ("HTTP status 502", "HTTP status 503", "HTTP status 504")


class StoreRefused(VedetteError):
    """ClickHouse answered and said no; the text is its own."""


class PasswordRefused(StoreRefused):
    """ClickHouse does not know the user, or by another password."""


@lru_cache(maxsize=256)
def _decoder(row: Hashable) -> Callable[[bytes], list[Any]]:
    return msgspec.json.Decoder(cast(Any, row)).decode_lines


_encode_lines = msgspec.json.Encoder().encode_lines


def _settings(rows: int, token: str) -> dict[str, Any]:
    """Of an insert that is one block, and with a token at most once.

    Rows with one key are left for merges and FINAL: to find them in the block takes a fifth of an insert of events.
    """
    named = {"insert_deduplication_token": token} if token else {}
    return {"async_insert": 0, "optimize_on_insert": 0, "max_insert_block_size": max(rows, 1_048_576), **named}


class Block(NamedTuple):
    """An insert in ClickHouse's Native format (see `storage.native`), the columns it has, and how many rows."""

    columns: tuple[str, ...]
    encoded: bytes
    rows: int


class Client:
    """One user's connection. Parameters are always bound as {name:Type}; rows are array-like structs."""

    def __init__(self, driver: Any, where: str, database: str) -> None:
        self._driver, self._where, self.database = driver, where, database

    async def query(self, sql: str, params: Mapping[str, object] | None = None, *, row: type[T]) -> list[T]:
        """All rows of a SELECT, each decoded as `row`."""
        return await self._rows(sql, params, "JSONCompactEachRow", row)

    async def query_bodies(self, sql: str, params: Mapping[str, object] | None = None, *, row: type[T]) -> list[T]:
        """All rows of a SELECT of one text column that holds JSON without a line break, each decoded as `row`."""
        return await self._rows(sql, params, "TSVRaw", row)

    async def query_lines(self, sql: str, params: Mapping[str, object] | None = None) -> list[bytes]:
        """As `query_bodies`, each row as it came: for `decode_lines`, where decoding all at once would take long."""
        answer = await self._ask(
            self._driver.raw_query(sql, parameters=dict(params or {}), fmt="TSVRaw", settings=None)
        )
        return bytes(answer).splitlines()

    @staticmethod
    def decode_lines(lines: Sequence[bytes], *, row: type[T]) -> list[T]:
        """Rows of `query_lines`, each decoded as `row`."""
        rows: list[T] = _decoder(cast(Hashable, row))(b"\n".join(lines))
        return rows

    async def _rows(self, sql: str, params: Mapping[str, object] | None, fmt: str, row: type[T]) -> list[T]:
        answer = await self._ask(self._driver.raw_query(sql, parameters=dict(params or {}), fmt=fmt, settings=None))
        rows: list[T] = _decoder(cast(Hashable, row))(answer)
        return rows

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[object], *, token: str = "") -> int:
        """Insert rows (array-like structs, tuples or lists) in one block; the rows written, targets of views included.

        A token used before makes the whole insert nothing: derive it from what is inserted.
        """
        if not rows:
            return 0
        quoted = [f"`{column}`" for column in columns]
        block, settings = _encode_lines(rows), _settings(len(rows), token)
        answer = self._driver.raw_insert(table, quoted, insert_block=block, settings=settings, fmt="JSONCompactEachRow")
        return int((await self._ask(answer)).written_rows)

    async def insert_block(self, table: str, block: Block, *, token: str) -> int:
        """As `insert`, by column: the server reads them in about half the time of rows of text."""
        quoted, settings = [f"`{column}`" for column in block.columns], _settings(block.rows, token)
        answer = self._driver.raw_insert(table, quoted, insert_block=block.encoded, settings=settings, fmt="Native")
        return int((await self._ask(answer)).written_rows)

    async def command(self, sql: str, params: Mapping[str, object] | None = None) -> None:
        """A statement without rows."""
        await self._ask(self._driver.command(sql, parameters=dict(params or {})))

    def use(self, database: str) -> None:
        """From now on names without a database mean this one."""
        self._driver.database = self.database = database

    async def close(self) -> None:
        await self._driver.close()

    async def _ask(self, answer: Any) -> Any:
        try:
            return await asyncio.wait_for(answer, ANSWER_TIMEOUT)
        except (OSError, TimeoutError, aiohttp.ClientError, ClickHouseError) as error:
            raise _told(self._where, error) from error


def _told(where: str, error: BaseException) -> VedetteError:
    """What a failure means to the caller: StoreUnavailable to try again later, StoreRefused when that would not do."""
    code, text = getattr(error, "code", None), str(error)
    if code in _DISK_FULL or (code in _WRITING and "No space left on device" in text):
        return StoreUnavailable(f"the disk of the store at {where} is full; make room, and writing goes on")
    answered = isinstance(error, ClickHouseError) and not isinstance(error, OperationalError)
    if code in _NOT_NOW or not answered or (code is None and any(status in text for status in _GATEWAY)):
        return _unavailable(where, error)
    return StoreRefused(text)


def _unavailable(where: str, error: BaseException) -> StoreUnavailable:
    reason = str(error).strip().splitlines()
    also = ", and that its CA is in store.ca_file" if where.startswith("https") else " and that store.url is right"
    return StoreUnavailable(
        f"the store at {where} did not answer ({reason[0][:200] if reason else type(error).__name__}); "
        f"check that it runs{also}"
    )


def _password(user: StoreUser) -> str:
    try:
        return Path(user.password_file).read_text().strip() if user.password_file else ""
    except OSError as error:
        raise SettingsInvalid(
            f"the password of {user.name} cannot be read from {user.password_file} ({error.strerror}); "
            "correct password_file, or make the file readable"
        ) from error


def _check_ca(file: str) -> None:
    """SettingsInvalid when `file` is named and holds no certificates: the driver would only say that nobody answers."""
    try:
        ssl.create_default_context(cafile=file or None)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsInvalid(f"store: ca_file {file} holds no usable certificates ({error})") from error


async def connect(settings: StoreSettings, user: Who) -> Client:
    """A client for one of the three users.

    StoreUnavailable when nobody answers, PasswordRefused for a wrong one, SettingsInvalid when a file cannot be used.
    """
    who = getattr(settings, user)
    password = _password(who)
    url = urlsplit(settings.url)
    if url.scheme == "https":
        _check_ca(settings.ca_file)
    try:
        driver = await asyncio.wait_for(
            clickhouse_connect.get_async_client(
                host=url.hostname or "127.0.0.1",
                port=url.port or (8443 if url.scheme == "https" else 8123),
                secure=url.scheme == "https",
                ca_cert=settings.ca_file or None,
                username=who.name,
                password=password,
                database="default" if user == "migrator" else settings.database,
                connect_timeout=CONNECT_TIMEOUT,
                send_receive_timeout=ANSWER_TIMEOUT,
                autogenerate_session_id=False,
                tz_mode="aware",
                compress=False,
                query_retries=0,
            ),
            ANSWER_TIMEOUT,
        )
    except (OSError, TimeoutError, aiohttp.ClientError, ClickHouseError) as error:
        if getattr(error, "code", None) in _BAD_PASSWORD:
            raise PasswordRefused(f"the store refused the password of {who.name}; check {who.password_file}") from error
        raise _told(settings.url, error) from error
    return Client(driver, settings.url, settings.database)
