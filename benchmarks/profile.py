"""`python -m benchmarks.profile ingest|detect`: where a role's time goes, over the benchmark's events, in this process.

Neither Kafka nor the store is there: what is left is our own code, and the encoding of what would be sent to both.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import parts
from benchmarks.stages import CHECKPOINT_MESSAGES
from benchmarks.traffic import backlog
from domain import clock
from domain.wire import decode
from ingest.record import Record
from ingest.settings import IngestSettings


async def ingest(records: Sequence[Record], keys: Path) -> parts.Log:
    """All fetches through a pipeline that encodes its inserts and bundles; the activity log that comes of it."""
    log = parts.Log()
    pipeline = parts.pipeline(parts.normaliser(keys), log, parts.ingest_store())
    for fetch, caught_up in parts.fetches(records, IngestSettings().fetch_rows):
        await pipeline.take(fetch, caught_up, parts.lane_names(), at=fetch[-1].received_at)
    return log


async def detect(log: parts.Log) -> int:
    """Every partition's judge over its log, with checkpoints; how many activities were delivered."""
    delivered = 0
    for judge in await parts.judges():
        for offset, message in enumerate(log.messages[judge.partition]):
            await judge.take(offset, decode(message))
            if offset % CHECKPOINT_MESSAGES == CHECKPOINT_MESSAGES - 1:
                await judge.checkpoint()
                judge.forget()
        delivered += judge.tally.applied
    return delivered


def main() -> int:
    """Prints the functions that cost most."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("role", choices=("ingest", "detect"))
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--per-second", type=int, default=1_000, help="events per second of event time")
    parser.add_argument("--top", type=int, default=30, help="functions to print")
    parser.add_argument("--by", choices=("tottime", "cumulative"), default="tottime", help="what they are sorted by")
    parser.add_argument("--save", metavar="FILE", help="keep the profile for pstats or snakeviz")
    a = parser.parse_args()
    waiting = backlog(a.events, seed=a.seed, end=clock.now(), per_second=a.per_second)
    records, profiler = parts.records(waiting.records, waiting.times), cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as keys:
        if a.role == "ingest":
            profiler.runcall(asyncio.run, ingest(records, Path(keys)))
            print(f"{a.events:,} events")
        else:
            log = asyncio.run(ingest(records, Path(keys)))
            delivered = profiler.runcall(asyncio.run, detect(log))
            print(f"{a.events:,} events, {delivered:,} activities delivered to {parts.PARTITIONS} partitions")
    if a.save:
        profiler.dump_stats(a.save)
    pstats.Stats(profiler, stream=sys.stdout).strip_dirs().sort_stats(a.by).print_stats(a.top)
    return 0


if __name__ == "__main__":
    sys.exit(main())
