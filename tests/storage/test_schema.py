"""The golden schema is the schema."""

from __future__ import annotations

from storage.client import connect
from storage.schema import GOLDEN, describe
from storage.settings import StoreSettings


async def test_the_golden_file_is_what_the_migrations_make(database: StoreSettings) -> None:
    client = await connect(database, "migrator")
    try:
        text = await describe(client, database.database)
    finally:
        await client.close()
    assert text == GOLDEN.read_text(), "rewrite it: python -m storage.schema URL DATABASE PASSWORD_FILE"
