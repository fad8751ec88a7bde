"""A judge waits for a store that is away, whatever it asks, and gives up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from detectors.registry import load as load_registry
from domain.errors import StoreUnavailable
from domain.judgement import Marker, StateRow, position
from engine.fold import Folder
from engine.judge import Judge
from storage.client import Client, connect
from storage.judge import ClickHouseJudgeStore
from storage.patience import patiently
from vedette.embedded import ports
from vedette.embedded.store import EmbeddedStore, settings_for

T = TypeVar("T")
SUBJECT = f"actor|acme|{7:032x}"


class Away(Client):
    """The store has gone again whenever it is asked something new; it is back at the second try, or never."""

    def __init__(self, client: Client, *, back: bool = True) -> None:
        super().__init__(client._driver, client._where, client.database)
        self._back, self.refused = back, list[str]()

    def _is_away(self, what: str) -> None:
        if not self._back or what not in self.refused:
            self.refused.append(what)
            raise StoreUnavailable("the store is away; wait for it")

    async def _rows(self, sql: str, params: Mapping[str, object] | None, fmt: str, row: type[T]) -> list[T]:
        self._is_away(sql)
        return await super()._rows(sql, params, fmt, row)

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[object], *, token: str = "") -> int:
        self._is_away(table)
        return await super().insert(table, columns, rows, token=token)


async def load(client: Client, *, patience: float) -> Judge:
    judges = ClickHouseJudgeStore(client, patience=patience)
    return await Judge.load(
        judges, Folder(load_registry({})), partition=0, partitions=1, epoch=1, generation=1, offset=0
    )


async def test_a_judge_is_loaded_though_the_store_goes_away_at_every_question(store: Client) -> None:
    judges = ClickHouseJudgeStore(store)
    term = await judges.claim(0, 1)
    await judges.put_marker(0, term, Marker(position(1, 3), 1, {}, {"acme": 9}))
    await judges.put_states(0, term, [StateRow(SUBJECT, 1, 1, "{}")])
    away = Away(store)
    judge = await load(away, patience=30)
    assert judge.term > term
    assert len(away.refused) > 5
    assert await ClickHouseJudgeStore(Away(store)).states([SUBJECT]) == {SUBJECT: StateRow(SUBJECT, 1, 1, "{}")}


async def test_a_store_that_stays_away_ends_the_judge(store: Client) -> None:
    away = Away(store, back=False)
    with pytest.raises(StoreUnavailable, match="the store is away"):
        await load(away, patience=0.15)
    assert len(away.refused) > 1


async def test_who_starts_while_the_store_is_away_waits_for_it(tmp_path: Path) -> None:
    port = ports.free()
    server = EmbeddedStore(tmp_path / "store", port=port, databases=("vedette",))
    await asyncio.to_thread(server.start)  # makes the passwords
    settings = settings_for(tmp_path / "store", port)
    server.stop()
    with pytest.raises(StoreUnavailable):
        await connect(settings, "migrator")
    waiting = asyncio.create_task(patiently(lambda: connect(settings, "migrator"), patience=60))
    await asyncio.to_thread(server.start)
    try:
        client = await waiting
        assert await client.query("SELECT 1", row=tuple[int]) == [(1,)]
        await client.close()
    finally:
        server.stop()


async def test_who_starts_while_the_store_stays_away_is_told() -> None:
    tries = 0

    async def away() -> None:
        nonlocal tries
        tries += 1
        raise StoreUnavailable("nobody answers")

    with pytest.raises(StoreUnavailable, match="nobody answers"):
        await patiently(away, patience=0.05)
    assert tries == 2
