"""`python -m benchmarks`, or `make bench`: one command, one table, and the same as bench.json."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks import machine, rounds
from benchmarks.report import table
from benchmarks.results import QUICK, Options, Result, together
from benchmarks.system import BenchmarkFailed
from domain import clock
from domain.errors import VedetteError


def arguments(words: list[str] | None = None) -> tuple[Options, Path]:
    """The options that were asked for, and the file that gets the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, help=f"events in the backlog (default {Options().events:,})")
    parser.add_argument("--per-second", type=int, help="events per second of event time (default 1,000)")
    parser.add_argument("--actors", type=int, help="people and integrations (default 1,000)")
    parser.add_argument("--readers", type=int, help=f"processes of ingest (default {Options().readers})")
    parser.add_argument("--seed", type=int, help="which events (default 7)")
    parser.add_argument("--rounds", type=int, help="rounds of everything, of which the median counts (default 1)")
    parser.add_argument("--half-load-seconds", type=float, help="how long alerts are timed (default 30)")
    parser.add_argument("--quick", action="store_true", help="a few events, to see that it works; figures mean nothing")
    parser.add_argument(
        "--json", type=Path, default=Path("bench.json"), help="where the figures go (default bench.json)"
    )
    a = parser.parse_args(words)
    names = ("events", "per_second", "actors", "readers", "seed", "rounds", "half_load_seconds")
    asked = {name: value for name in names if (value := getattr(a, name)) is not None}
    if asked.get("rounds", 1) < 1 or asked.get("events", 1_000) < 1_000:
        parser.error("take at least one round of 1,000 events")
    return msgspec.structs.replace(QUICK if a.quick else Options(), **asked), a.json


async def measure(options: Options) -> Result:
    """Every row, one after the other; says on standard error what it is at."""
    where, found, size = machine.here(), [], 0.0
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        for number in range(options.rounds):
            one, size = await rounds.play(options, Path(scratch) / f"{number}", _say)
            found.append(one)
        _say("stages")
        stages = await rounds.stages(options)
    return together(
        found, made_at=clock.rfc3339(clock.now()), machine=where, options=options, bytes_each=size, stages=stages
    )


def _say(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def main() -> int:
    options, file = arguments()
    try:
        result = asyncio.run(measure(options))
    except (BenchmarkFailed, VedetteError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    print(table(result))
    print(f"The same figures are in {file}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
