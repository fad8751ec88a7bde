"""What the store's users may not do, whoever guesses a statement, and how a failure is told."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from domain.errors import StoreUnavailable, VedetteError
from storage.client import Client, StoreRefused, _told

#: Each would read what is not ours, reach out of the server, or change what may not change.
FORBIDDEN = (
    "SELECT * FROM file('/etc/passwd', 'LineAsString', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'a String')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM system.users",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.named_collections",
    "INSERT INTO FUNCTION file('x.tsv', 'TSV', 'a String') VALUES ('x')",
    "DROP TABLE events",
    "ALTER TABLE alerts DELETE WHERE 1",
    "TRUNCATE TABLE events",
    "CREATE TABLE mine (a String) ENGINE = Memory",
    "CREATE USER eve",
    "GRANT ALL ON *.* TO vedette_reader",
    "SYSTEM STOP LISTEN HTTP",
    "KILL QUERY WHERE 1",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_neither_reader_nor_writer_gets_out_of_the_tables(store: Client, reader: Client, statement: str) -> None:
    for client in (store, reader):
        with pytest.raises(StoreRefused):
            await client.command(statement)


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO names (tenant) VALUES ('acme')", "SELECT 1 SETTINGS max_execution_time = 0", "SET max_threads = 64"],
)
async def test_the_reader_neither_writes_nor_sets_its_own_limits(reader: Client, statement: str) -> None:
    with pytest.raises(StoreRefused):
        await reader.command(statement)


@pytest.mark.parametrize(
    "statement", ["SELECT number FROM numbers(300000)", "SELECT groupArray(number) FROM numbers(500000000)"]
)
async def test_the_reader_is_refused_what_is_too_much(reader: Client, statement: str) -> None:
    with pytest.raises(StoreRefused):
        await reader.query(statement, row=list[object])


async def test_a_parameter_is_a_value_whatever_it_says(reader: Client) -> None:
    for text in ("' OR 1=1 --", "\\'; DROP TABLE events", "{x:String}", "%(x)s", "\0\n\t", "✓"):
        assert await reader.query("SELECT {x:String}", {"x": text}, row=list[str]) == [[text]]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (DatabaseError("Cannot reserve 4 MiB", code=243), StoreUnavailable, "the disk of the store at URL is full"),
        (DatabaseError("errno 28, No space left on device", code=75), StoreUnavailable, "URL is full; make room"),
        (DatabaseError("Too many parts", code=252), StoreUnavailable, "did not answer"),
        (DatabaseError("HTTP driver received HTTP status 503"), StoreUnavailable, "did not answer"),
        (OperationalError("Network Error"), StoreUnavailable, "check that it runs"),
        (TimeoutError(), StoreUnavailable, "TimeoutError"),
        (DatabaseError("Cannot parse 'timed out, No space left on device'", code=27), StoreRefused, "Cannot parse"),
    ],
)
def test_a_failure_says_whether_to_try_again(error: Exception, kind: type[VedetteError], words: str) -> None:
    told = _told("URL", error)
    assert type(told) is kind
    assert words in str(told)
