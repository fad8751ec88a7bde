"""Migrations: numbered files, one idempotent statement each, applied once, in order, and never edited."""

from __future__ import annotations

import hashlib
from importlib import resources

import msgspec

from domain.errors import VedetteError
from storage.client import connect
from storage.settings import StoreSettings


class _Applied(msgspec.Struct, array_like=True):
    name: str
    sha256: str


_RECORD = """CREATE TABLE IF NOT EXISTS migrations (
    name String, sha256 String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree ORDER BY name"""


def files() -> list[tuple[str, str]]:
    """(name, statement) in order."""
    folder = resources.files("storage") / "migrations"
    found = [(f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".sql")]
    return sorted(found)


async def migrate(settings: StoreSettings) -> list[str]:
    """Bring the database to the newest schema; the names of what was applied. Refuses an edited file."""
    client = await connect(settings, "migrator")
    try:
        await client.command(f"CREATE DATABASE IF NOT EXISTS {settings.database}")
        client.use(settings.database)
        await client.command(_RECORD)
        rows = await client.query("SELECT name, sha256 FROM migrations", row=_Applied)
        known = {row.name: row.sha256 for row in rows}
        applied: list[tuple[str, str]] = []
        try:
            for name, statement in files():
                digest = hashlib.sha256(statement.encode()).hexdigest()
                if name not in known:
                    await client.command(statement)
                    applied.append((name, digest))
                elif known[name] != digest:
                    raise VedetteError(
                        f"migration {name} was edited after it was applied; restore it and add a new file"
                    )
        finally:  # in one insert; what a crash leaves unrecorded is applied once more, which changes nothing
            await client.insert("migrations", ("name", "sha256"), applied)
        return [name for name, _ in applied]
    finally:
        await client.close()
