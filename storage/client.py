"""The one door to ClickHouse: typed rows in, typed rows out, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

import aiohttp
import clickhouse_connect
import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from domain.errors import StoreUnavailable, VedetteError
from storage.settings import StoreSettings, StoreUser

Who = Literal["migrator", "writer", "reader"]
T = TypeVar("T")

#: Seconds until a connection or an answer is given up.
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 5, 60
_AWAY = ("Code: 210", "Code: 209", "Code: 159", "timed out", "Connection refused", "Cannot connect")


class StoreRefused(VedetteError):
    """ClickHouse answered and said no; the text is its own."""


@lru_cache(maxsize=256)
def _decoder(row: Hashable) -> Callable[[bytes], list[Any]]:
    return msgspec.json.Decoder(cast(Any, row)).decode_lines


_encode_lines = msgspec.json.Encoder().encode_lines


class Client:
    """One user's connection. Parameters are always bound as {name:Type}; rows are array-like structs."""

    def __init__(self, driver: Any, where: str, database: str) -> None:
        self._driver, self._where, self.database = driver, where, database

    async def query(self, sql: str, params: Mapping[str, object] | None = None, *, row: type[T]) -> list[T]:
        """All rows of a SELECT, each decoded as `row`."""
        answer = await self._ask(
            self._driver.raw_query(sql, parameters=dict(params or {}), fmt="JSONCompactEachRow", settings=None)
        )
        rows: list[T] = _decoder(cast(Hashable, row))(answer)
        return rows

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[object], *, token: str = "") -> int:
        """Insert rows (array-like structs, tuples or lists) in one block; the rows written, targets of views included.

        A token used before makes the whole insert nothing: derive it from what is inserted.
        """
        if not rows:
            return 0
        settings: dict[str, Any] = {"async_insert": 0, "max_insert_block_size": max(len(rows), 1_048_576)}
        if token:
            settings["insert_deduplication_token"] = token
        summary = await self._ask(
            self._driver.raw_insert(
                table,
                [f"`{column}`" for column in columns],
                insert_block=_encode_lines(rows),
                settings=settings,
                fmt="JSONCompactEachRow",
            )
        )
        return int(summary.written_rows)

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
        except (OSError, TimeoutError, aiohttp.ClientError, OperationalError) as error:
            raise _unavailable(self._where, error) from error
        except ClickHouseError as error:
            text = str(error)
            if any(sign in text for sign in _AWAY):
                raise _unavailable(self._where, error) from error
            raise StoreRefused(text) from error


def _unavailable(where: str, error: BaseException) -> StoreUnavailable:
    reason = str(error).strip().splitlines()
    return StoreUnavailable(
        f"the store at {where} did not answer ({reason[0][:200] if reason else type(error).__name__}); "
        "check that it runs and that store.url is right"
    )


def _password(user: StoreUser) -> str:
    return Path(user.password_file).read_text().strip() if user.password_file else ""


async def connect(settings: StoreSettings, user: Who) -> Client:
    """A client for one of the three users. StoreUnavailable when nobody answers, StoreRefused for a bad password."""
    who = getattr(settings, user)
    password = _password(who)
    url = urlsplit(settings.url)
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
    except (OSError, TimeoutError, aiohttp.ClientError, OperationalError) as error:
        raise _unavailable(settings.url, error) from error
    except ClickHouseError as error:
        text = str(error)
        if "Code: 516" in text:
            raise StoreRefused(f"the store refused the password of {who.name}; check {who.password_file}") from error
        if any(sign in text for sign in _AWAY):
            raise _unavailable(settings.url, error) from error
        raise StoreRefused(text) from error
    return Client(driver, settings.url, settings.database)
