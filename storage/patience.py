"""A client that waits for a store which is away: for those to whom giving up costs more than a wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from domain import clock
from domain.errors import StoreUnavailable
from storage.client import Client

R = TypeVar("R")
T = TypeVar("T")

#: Seconds between two tries, at first and at most.
FIRST, LAST = 0.1, 2.0


async def patiently(ask: Callable[[], Awaitable[R]], *, patience: float) -> R:
    """What `ask` answers; while the store is away it is asked again, for `patience` seconds."""
    deadline, pause = clock.now() + int(patience * 1000), FIRST
    while True:
        try:
            return await ask()
        except StoreUnavailable:
            if clock.now() > deadline:
                raise
            await asyncio.sleep(pause)
            pause = min(LAST, pause * 2)


class PatientClient(Client):
    """Queries and inserts, which must be idempotent, are tried again for `patience` seconds; then, and for any other
    error at once, they raise.
    """

    def __init__(self, client: Client, *, patience: float) -> None:
        super().__init__(client._driver, client._where, client.database)
        self._client, self._patience = client, patience

    async def _rows(self, sql: str, params: Mapping[str, object] | None, fmt: str, row: type[T]) -> list[T]:
        return await self._patiently(lambda: self._client._rows(sql, params, fmt, row))

    async def query_lines(self, sql: str, params: Mapping[str, object] | None = None) -> list[bytes]:
        return await self._patiently(lambda: self._client.query_lines(sql, params))

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[object], *, token: str = "") -> int:
        return await self._patiently(lambda: self._client.insert(table, columns, rows, token=token))

    async def _patiently(self, ask: Callable[[], Awaitable[R]]) -> R:
        return await patiently(ask, patience=self._patience)
