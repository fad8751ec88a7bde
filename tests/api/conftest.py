"""An app over a real store, with a producer that stores what it is sent as ingest would."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.keys import create
from api.parts import DataSet, Parts
from api.policy import ROLES
from api.settings import ApiSettings
from detectors.registry import load
from domain import clock
from ingest.normalise import Normaliser
from ingest.pipeline import Pipeline
from ingest.record import Record
from ingest.settings import IngestSettings
from ingest.store import ClickHouseIngestStore
from storage.client import Client
from storage.epochs import EpochStore
from storage.keys import TenantKeys

PEPPER = b"0123456789abcdef0123456789abcdef"
#: Offsets go on over all tests, as they would in a log: a place is used once.
_OFFSETS = iter(range(10**9))


@dataclass(frozen=True)
class Metadata:
    topic: str
    partition: int
    offset: int


@dataclass
class Log:
    """A producer whose records ingest stores at once, unless it is `asleep`; `refuses` makes sending fail."""

    pipeline: Pipeline
    epoch: int
    asleep: bool = False
    refuses: bool = False
    sent: list[Record] = field(default_factory=list)

    async def send(
        self, topic: str, value: bytes, *, key: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> Awaitable[Any]:
        if self.refuses:
            raise OSError("the broker is away")
        offset = next(_OFFSETS)
        partition = offset % 3 if key is None else zlib.crc32(key) % 3
        record = Record(topic, partition, offset, self.epoch, clock.now(), tuple(headers), value)
        self.sent.append(record)
        if not self.asleep:
            await self.pipeline.take([record], {}, (), at=clock.now())
        made: asyncio.Future[Metadata] = asyncio.get_running_loop().create_future()
        made.set_result(Metadata(topic, partition, offset))
        return made


@dataclass(frozen=True)
class World:
    """The app, its store and keys: `keys[tenant, role]`."""

    app: FastAPI
    store: Client
    log: Log
    tokens: TenantKeys
    keys: dict[tuple[str, str], str]

    def anew(self, epoch: int) -> Pipeline:
        """Ingest after a new epoch was opened."""
        return pipeline_of(self.store, self.tokens, epoch)

    def client(self, tenant: str = "acme", role: str = "admin", *, address: str = "192.0.2.1") -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app, client=(address, 5000))
        headers = {"Authorization": f"Bearer {self.keys[tenant, role]}"} if tenant else {}
        return httpx2.AsyncClient(transport=transport, base_url="http://vedette.test", headers=headers)


def pipeline_of(store: Client, tokens: TenantKeys, epoch: int) -> Pipeline:
    """Ingest as it runs in an epoch, without Kafka."""

    async def nowhere(partition: int, message: bytes) -> None:
        """Bundles are for detect."""

    return Pipeline(
        normalise=Normaliser(IngestSettings(), tokens.tokeniser).rows,
        store=ClickHouseIngestStore(store),
        send=nowhere,
        routing={},
        epoch=epoch,
        partitions=2,
        lateness=2_000,
    )


@pytest.fixture
async def world(store: Client, reader: Client, tmp_path: Path) -> World:
    epochs = EpochStore(store)
    epoch = await epochs.begin(broker="test", partitions=2)
    await epochs.opened(epoch, broker="test", partitions=2)
    tokens = TenantKeys(tmp_path / "keys")

    log = Log(pipeline_of(store, tokens, epoch), epoch)
    app = create_app(
        Parts(
            reader=reader,
            writer=store,
            producer=log,
            registry=load({}),
            settings=ApiSettings(answer_timeout=30.0, max_body_bytes=100_000),
            keys=tokens,
            pepper=PEPPER,
            version="1.2.3",
            datasets=lambda: [
                DataSet("places", "Mine", "2026-06-05", 0, ""),
                DataSet("asn", "ASN", "2026-06-17", 1_764_072_000_000, "us"),
            ],
        )
    )
    keys = {
        (tenant, role): await create(store, PEPPER, tenant=tenant, role=role, name=f"{role} of {tenant}")
        for tenant in ("acme", "globex")
        for role in ROLES
    }
    return World(app, store, log, tokens, keys)
