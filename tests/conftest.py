"""Fixtures of all tests: one embedded ClickHouse per session, a fresh migrated database per module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from storage.client import Client, connect
from storage.migrate import migrate
from storage.settings import StoreSettings
from vedette.embedded.store import EmbeddedStore

#: Folders whose tests start whole systems: one of them at a time, so that none waits for the cores of another.
SYSTEMS = ("e2e", "vedette")
#: Databases that the server's users have rights on; one per module that asks for a store.
DATABASES = tuple(f"vedette_{number:02}" for number in range(60))


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests, a file stays whole, and what starts whole systems stays in one."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        group = "systems" if folder in SYSTEMS else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def store_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """A running embedded store, nothing migrated; most tests want `store`, `reader` or `database`."""
    server = EmbeddedStore(tmp_path_factory.mktemp("store"), databases=DATABASES)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def _names() -> Iterator[str]:
    return iter(DATABASES)


@pytest.fixture(scope="module")
def database(store_settings: StoreSettings, _names: Iterator[str]) -> StoreSettings:
    """Settings of a fresh, migrated database that this module has for itself."""
    settings = msgspec.structs.replace(store_settings, database=next(_names))
    asyncio.run(migrate(settings))
    return settings


@pytest.fixture
async def store(database: StoreSettings) -> AsyncIterator[Client]:
    """The writer's client on the module's database."""
    client = await connect(database, "writer")
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def reader(database: StoreSettings) -> AsyncIterator[Client]:
    """The reader's client on the module's database."""
    client = await connect(database, "reader")
    try:
        yield client
    finally:
        await client.close()
