"""`python -m benchmarks.training`: what `vedette train` takes on a month of a company, and a score of its model.

Thirty days of a thousand people and programs, ten hours a day, go through ingest into an embedded store; a process of
its own learns from them as `vedette train` does. Promised are 60 s, 2 GB, and 100 µs for the score of one row.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import parts
from benchmarks.traffic import TENANT, Traffic
from domain import clock
from domain.clock import DAY, HOUR
from ingest.record import Record
from ingest.settings import IngestSettings
from ingest.store import ClickHouseIngestStore
from models.artifact import pack
from models.score import Model
from storage.client import connect
from storage.migrate import migrate
from storage.settings import StoreSettings
from transport.topics import RAW
from vedette.embedded.store import EmbeddedStore
from vedette.training import Lesson, learn

DAYS, HOURS_A_DAY = 30, 10
#: Rows that are scored, one by one.
SCORED = 2_000


class Learned(msgspec.Struct, frozen=True):
    """Of one training: what it was made of, and what it took."""

    activities: int
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    score_us: float  # CPU, one row at a time


class _Nowhere(parts.Log):
    """A log that nobody reads."""

    async def send(self, partition: int, message: bytes) -> None:
        pass


async def fill(settings: StoreSettings, keys: Path, *, actors: int, a_day: int, end: int) -> int:
    """So many activities of each actor on each day before `end` (ms), stored; how many."""
    client = await connect(settings, "writer")
    pipeline = parts.pipeline(parts.normaliser(keys), _Nowhere(), ClickHouseIngestStore(client))
    stored = 0
    for fetch in _fetches(actors, a_day, end):
        await pipeline.take(fetch, {}, parts.lane_names(), at=end)
        stored += len(fetch)
    await client.close()
    return stored


def _fetches(actors: int, a_day: int, end: int) -> Iterator[list[Record]]:
    traffic, number = Traffic(seed=7, actors=actors), 0
    for day in range(DAYS, 0, -1):
        start, most = end - day * DAY, actors * a_day
        times = [start + n * HOURS_A_DAY * HOUR // most for n in range(most)]
        for at in range(0, most, IngestSettings().fetch_rows):
            some = times[at : at + IngestSettings().fetch_rows]
            yield [
                Record(RAW, 0, number + n, parts.EPOCH, end, (), traffic.record(when)) for n, when in enumerate(some)
            ]
            number += len(some)


def taught(settings: StoreSettings, end: int, stored: int) -> Learned:
    """In a process of its own: its peak is the training's."""
    return asyncio.run(_taught(settings, end, stored))


async def _taught(settings: StoreSettings, end: int, stored: int) -> Learned:
    reader = await connect(settings, "reader")
    began, worked = time.perf_counter(), time.process_time()
    manifest, trees = await learn(reader, Lesson(tenant=TENANT, since=end - DAYS * DAY, until=end, at=end))
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    await reader.close()
    model = Model.read(manifest, pack(trees))
    some = np.random.default_rng(7).uniform(0, 8, (SCORED, len(manifest.quantiles))).astype(np.float32)
    worked = time.process_time()
    for row in some:
        model.score(row)
    score = (time.process_time() - worked) / SCORED * 1e6
    return Learned(stored, manifest.rows, round(seconds, 1), round(cpu, 1), round(peak, 1), round(score, 1))


def main() -> int:
    """Prints the figures as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("--actors", type=int, default=1_000)
    parser.add_argument("--a-day", type=int, default=40, help="activities of each actor on a day, on average")
    a = parser.parse_args()
    end = clock.now() // DAY * DAY
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        server = EmbeddedStore(Path(scratch) / "store")
        try:
            settings = server.start()
            asyncio.run(migrate(settings))
            stored = asyncio.run(fill(settings, Path(scratch), actors=a.actors, a_day=a.a_day, end=end))
            print(f"… {stored:,} activities are stored", file=sys.stderr, flush=True)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                found = alone.submit(taught, settings, end, stored).result()
        finally:
            server.stop()
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
