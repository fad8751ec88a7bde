"""The store as it is: what comes back is what went in, who may what, and what survives a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from domain.errors import Fenced, StoreUnavailable, VedetteError
from domain.judgement import Marker, StateRow, position
from storage.client import Client, StoreRefused, connect
from storage.judge import ClickHouseJudgeStore
from storage.migrate import files, migrate
from storage.settings import StoreSettings, StoreUser
from vedette.embedded import ports
from vedette.embedded.store import EmbeddedStore

NAMES = ("tenant", "token", "value", "last_seen")
ODD = "O'Neil \\ \t\n\r\0 {x:String} ünï ✓"


class Name(msgspec.Struct, array_like=True, frozen=True):
    token: str
    value: str


async def test_odd_text_comes_back_as_it_went_in_as_row_and_as_parameter(store: Client, reader: Client) -> None:
    written = await store.insert("names", NAMES, [("acme", "odd", ODD, 1_764_072_000)])
    found = await reader.query(
        "SELECT token, value FROM names FINAL WHERE tenant = 'acme' AND value = {value:String}",
        {"value": ODD},
        row=Name,
    )
    assert (written, found) == (1, [Name("odd", ODD)])
    assert await store.insert("names", NAMES, []) == 0


async def test_the_reader_cannot_write_and_the_writer_cannot_change_tables(store: Client, reader: Client) -> None:
    with pytest.raises(StoreRefused):
        await reader.insert("names", NAMES, [("acme", "x", "x", 0)])
    with pytest.raises(StoreRefused):
        await store.command("DROP TABLE names")
    with pytest.raises(StoreRefused):
        await reader.query("SELECT * FROM system.users", row=list[str])


async def test_a_wrong_password_names_the_file(database: StoreSettings, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("wrong")
    settings = msgspec.structs.replace(database, reader=StoreUser(name="vedette_reader", password_file=str(wrong)))
    with pytest.raises(StoreRefused, match=r"check .*password"):
        await connect(settings, "reader")


async def test_a_server_that_is_away_is_unavailable_and_the_remedy_is_said(database: StoreSettings) -> None:
    settings = msgspec.structs.replace(database, url=f"http://127.0.0.1:{ports.free()}")
    with pytest.raises(StoreUnavailable, match=r"check that it runs and that store\.url is right"):
        await connect(settings, "reader")


async def test_migrations_are_applied_once_and_an_edited_one_is_refused(database: StoreSettings, store: Client) -> None:
    assert await migrate(database) == []
    count = await store.query("SELECT count() FROM migrations", row=list[int])
    assert count == [[len(files())]]
    name = files()[0][0]
    client = await connect(database, "migrator")
    try:
        client.use(database.database)
        await client.command(
            "ALTER TABLE migrations DELETE WHERE name = {name:String} SETTINGS mutations_sync = 1", {"name": name}
        )
        await client.insert("migrations", ("name", "sha256"), [(name, "edited")])
    finally:
        await client.close()
    with pytest.raises(VedetteError, match=f"migration {name} was edited"):
        await migrate(database)


async def test_a_judge_with_a_lower_term_writes_nothing(store: Client) -> None:
    judges = ClickHouseJudgeStore(store)
    subject = f"actor|acme|{7:032x}"
    old = await judges.claim(3, 1)
    await judges.put_states(3, old, [StateRow(subject, 1, 1, "first")])
    new = await judges.claim(3, 1)
    assert new > old
    with pytest.raises(Fenced):
        await judges.put_states(3, old, [StateRow(subject, 9, 9, "stalled")])
    with pytest.raises(Fenced):
        await judges.put_marker(3, old, Marker(position(1, 9), 4, {"lane": 9}, {"acme": 9}))
    await judges.put_states(3, new, [StateRow(subject, 2, 2, "second")])
    assert await judges.states([subject]) == {subject: StateRow(subject, 2, 2, "second")}
    assert await judges.marker(3) is None


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path / "own")
    try:
        yield server
    finally:
        server.stop()


async def test_kill_9_keeps_every_acknowledged_insert(own_server: EmbeddedStore) -> None:
    settings = own_server.start()
    await migrate(settings)
    writer = await connect(settings, "writer")
    for number in range(20):
        assert await writer.insert("names", NAMES, [("acme", f"t{number:02}", "kept", 1_764_072_000)]) == 1
    await writer.close()
    assert own_server.process is not None
    own_server.process.kill()
    own_server.process.wait()
    again = EmbeddedStore(own_server.home)
    try:
        reader = await connect(again.start(), "reader")
        found = await reader.query("SELECT token, value FROM names FINAL ORDER BY token", row=Name)
        await reader.close()
    finally:
        again.stop()
    assert found == [Name(f"t{number:02}", "kept") for number in range(20)]


async def test_a_store_that_dies_under_a_client_is_unavailable(own_server: EmbeddedStore) -> None:
    settings = own_server.start()
    await migrate(settings)
    reader = await connect(settings, "reader")
    own_server.stop()
    with pytest.raises(StoreUnavailable):
        await reader.query("SELECT 1", row=list[int])
    await reader.close()
