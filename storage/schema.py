"""The schema as one text, for review: `python -m storage.schema URL DATABASE PASSWORD_FILE > storage/schema.sql`.

A test holds the file against a migrated database, so that a change of the schema shows in the diff of one file.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from storage.client import Client, connect
from storage.settings import StoreSettings, StoreUser

GOLDEN = Path(__file__).with_name("schema.sql")


class _Table(msgspec.Struct, array_like=True):
    name: str
    statement: str


async def describe(client: Client, database: str) -> str:
    """Every table and view of the database as ClickHouse says it would create them, without the database's name."""
    rows = await client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = {d:String} AND name NOT LIKE '.inner%' "
        "ORDER BY name",
        {"d": database},
        row=_Table,
    )
    return "".join(f"{row.statement.replace(f'{database}.', '')};\n\n" for row in rows)


async def _print(url: str, database: str, password_file: str) -> None:
    user = StoreUser(name="vedette_migrator", password_file=password_file)
    client = await connect(StoreSettings(url=url, database=database, migrator=user), "migrator")
    try:
        text = await describe(client, database)
    finally:
        await client.close()
    print(text, end="")


if __name__ == "__main__":
    asyncio.run(_print(*sys.argv[1:4]))
