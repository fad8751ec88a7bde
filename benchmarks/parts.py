"""Ingest and detect without processes: the real code, with a store and a log that take everything and keep nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from detectors.registry import Registry
from detectors.registry import load as load_registry
from domain.activity import Activity, Key, Place
from domain.incident import Notice
from domain.judgement import AlertRevision, DetectorFailure, DirtyMark, Marker, StateRow
from domain.subject import Routing
from engine.fold import Folder
from engine.judge import Judge
from ingest.dead_letters import DeadLetter
from ingest.normalise import Normaliser
from ingest.pipeline import IngestStore, Pipeline, SkipRow
from ingest.record import Record
from ingest.settings import IngestSettings
from ingest.store import ClickHouseIngestStore
from storage.client import Client
from storage.keys import TenantKeys
from transport.settings import KafkaSettings
from transport.topics import RAW

EPOCH = 1
LANES = KafkaSettings().raw_partitions
PARTITIONS = KafkaSettings().activity_partitions


class _Deaf:
    """A driver of ClickHouse that takes what was encoded for it."""

    async def raw_insert(self, *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(written_rows=0)


class Silent:
    """A judge's store that knows nothing and accepts everything."""

    async def claim(self, partition: int, generation: int) -> int:  # noqa: ARG002 (the protocol's names)
        return 1

    async def marker(self, partition: int) -> Marker | None:  # noqa: ARG002
        return None

    async def dirty(self, partition: int, partitions: int) -> list[DirtyMark]:  # noqa: ARG002
        return []

    async def alerts_above(self, partition: int, partitions: int, position: int) -> list[AlertRevision]:  # noqa: ARG002
        return []

    async def highest_seen(self, partition: int, partitions: int, epoch: int) -> int:  # noqa: ARG002
        return 0

    async def states(self, subjects: Sequence[str]) -> dict[str, StateRow]:  # noqa: ARG002
        return {}

    async def alerts_of(self, subjects: Sequence[str]) -> dict[str, list[AlertRevision]]:  # noqa: ARG002
        return {}

    async def history(self, subjects: Sequence[str], routing: Routing, *, until: int) -> dict[str, list[Activity]]:  # noqa: ARG002
        return {}

    async def places(self, keys: Iterable[tuple[str, Key]]) -> dict[tuple[str, Key], Place]:  # noqa: ARG002
        return {}

    async def put_dirty(self, partition: int, term: int, marks: Sequence[DirtyMark], *, cleared: bool) -> None:
        pass

    async def put_alerts(self, partition: int, term: int, revisions: Sequence[AlertRevision]) -> None:
        pass

    async def put_states(self, partition: int, term: int, states: Sequence[StateRow]) -> None:
        pass

    async def put_marker(self, partition: int, term: int, marker: Marker) -> None:
        pass

    async def put_failures(self, failures: Sequence[DetectorFailure]) -> None:
        pass


class Unstored:
    """An ingest's store that accepts everything and encodes nothing."""

    async def put_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        pass

    async def put_skips(self, epoch: int, rows: Sequence[SkipRow]) -> None:
        pass

    async def put_events(self, rows: Sequence[Activity], raws: Sequence[bytes], token: str) -> None:
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


def normaliser(keys: Path) -> Normaliser:
    """As `vedette ingest` makes it."""
    return Normaliser(IngestSettings(), TenantKeys(keys).tokeniser)


def ingest_store() -> ClickHouseIngestStore:
    """Encodes every insert, and sends none."""
    driver: Any = _Deaf()
    return ClickHouseIngestStore(Client(driver, "nowhere", "vedette"))


def pipeline(normalise: Normaliser, log: Log, store: IngestStore) -> Pipeline:
    """As `vedette ingest` makes it, owning every lane."""
    made = Pipeline(
        normalise=normalise.normalise,
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
    folder = Folder(registry())
    return [
        await Judge.load(Silent(), folder, partition=n, partitions=PARTITIONS, epoch=EPOCH, generation=1, offset=0)
        for n in range(PARTITIONS)
    ]
