"""Ingest and detect without processes: the real code, with a store and a log that take everything and keep nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from detectors.registry import Registry
from detectors.registry import load as load_registry
from domain.incident import Notice
from domain.rows import Rows
from engine.fold import Folder
from engine.judge import Judge
from ingest.dead_letters import DeadLetter
from ingest.normalise import Normaliser
from ingest.pipeline import IngestStore, Pipeline, Put, SkipRow
from ingest.record import Record
from ingest.settings import IngestSettings
from ingest.store import ClickHouseIngestStore
from storage.client import Client
from storage.judge import ClickHouseJudgeStore
from storage.keys import TenantKeys
from transport.settings import KafkaSettings
from transport.topics import RAW

EPOCH = 1
LANES = KafkaSettings().raw_partitions
PARTITIONS = KafkaSettings().activity_partitions


class _Deaf:
    """A driver of ClickHouse that takes whatever was encoded for it, and has no rows."""

    async def raw_insert(self, *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(written_rows=2**40)  # of every target: no other judge holds the partition

    async def raw_query(self, sql: str, **_: object) -> bytes:
        return b"[0]\n" if sql.startswith("SELECT max(") else b""


class Unstored:
    """An ingest's store that accepts everything and encodes nothing."""

    async def put_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        pass

    async def put_skips(self, epoch: int, rows: Sequence[SkipRow]) -> None:
        pass

    def encode_events(self, rows: Rows) -> Put:  # noqa: ARG002 (the signature of an IngestStore)
        return self._put

    async def _put(self, token: str) -> None:
        pass

    async def put_lanes(self, epoch: int, through: Mapping[str, int]) -> None:
        pass

    async def put_notices(self, notices: Sequence[Notice]) -> None:
        pass


class Log:
    """The activity topic in memory: messages per partition, in order."""

    def __init__(self) -> None:
        self.messages: dict[int, list[bytes]] = {n: [] for n in range(PARTITIONS)}

    async def send(self, partition: int, message: bytes) -> None:
        self.messages[partition].append(message)


def records(raw: Sequence[bytes], times: Sequence[int]) -> list[Record]:
    """What ingest takes from Kafka: in turn from each lane, arrived when it happened."""
    return [
        Record(RAW, n % LANES, n // LANES, EPOCH, at, (), value)
        for n, (value, at) in enumerate(zip(raw, times, strict=True))
    ]


def fetches(some: Sequence[Record], rows: int) -> Iterable[tuple[list[Record], Mapping[str, int]]]:
    """The records in fetches; the last one stands at the end of every lane, and says so."""
    for start in range(0, len(some), rows):
        fetch = list(some[start : start + rows])
        last = start + rows >= len(some)
        at = fetch[-1].received_at + 60_000
        yield fetch, {f"{RAW}:{lane}": at for lane in range(LANES)} if last else {}


def registry() -> Registry:
    """Every detector with the settings it is shipped with."""
    return load_registry({})


def normaliser(keys: Path, *, tenant: str = "") -> Normaliser:
    """As `vedette ingest` makes it, without enrichment; `tenant` is whose records are that name none."""
    return Normaliser(IngestSettings(default_tenant=tenant), TenantKeys(keys).tokeniser)


def client() -> Client:
    """Encodes every insert, and sends none."""
    driver: Any = _Deaf()
    return Client(driver, "nowhere", "vedette")


def ingest_store() -> ClickHouseIngestStore:
    return ClickHouseIngestStore(client())


def pipeline(normalise: Normaliser, log: Log, store: IngestStore) -> Pipeline:
    """As `vedette ingest` makes it, owning every lane."""
    made = Pipeline(
        normalise=normalise.rows,
        store=store,
        send=log.send,
        routing=registry().routing(),
        epoch=EPOCH,
        partitions=PARTITIONS,
        lateness=int(IngestSettings().lateness * 1000),
    )
    made.own(dict.fromkeys(lane_names(), 0))
    return made


def lane_names() -> tuple[str, ...]:
    return tuple(f"{RAW}:{lane}" for lane in range(LANES))


async def judges() -> list[Judge]:
    """One for each partition, as `vedette detect` makes them."""
    folder, store = Folder(registry()), ClickHouseJudgeStore(client())
    return [
        await Judge.load(store, folder, partition=n, partitions=PARTITIONS, epoch=EPOCH, generation=1, offset=0)
        for n in range(PARTITIONS)
    ]
