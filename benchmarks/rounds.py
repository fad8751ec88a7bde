"""One round: a broker with the backlog in it, Vedette whole, then every peer in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks import flatout, halfload
from benchmarks.broker import Broker, embedded
from benchmarks.peers.meter import Measured
from benchmarks.results import PEERS, QUIX, Options, Round, Vedette
from benchmarks.stages import Stage
from benchmarks.system import BenchmarkFailed, by_role, running
from benchmarks.traffic import Backlog, backlog
from domain import clock
from transport.topics import RAW

ROOT = Path(__file__).parent.parent
#: Where `make bench` installs what the product must not bring: Quix, with a Kafka client and a JSON library of its own.
QUIX_PYTHON = ROOT / ".venv-bench/bin/python"
#: Seconds that a peer may take to join its group, to warm up and to stop.
PEER_START = 240.0
Say = Callable[[str], None]


async def play(options: Options, scratch: Path, say: Say) -> tuple[Round, float]:
    """The round, and the bytes of a raw record. BenchmarkFailed when a row cannot be measured.

    Vedette comes first, while the backlog is as fresh as one is that a system finds when it comes back.
    """
    scratch.mkdir(parents=True)
    async with embedded(scratch) as broker:
        waiting = backlog(
            options.events, seed=options.seed, end=clock.now(), per_second=options.per_second, actors=options.actors
        )
        await broker.fill(waiting.records, waiting.times)
        vedette = await _vedette(options, waiting, broker, scratch, say)
        peers = {}
        for name in PEERS:
            python = QUIX_PYTHON if name == QUIX else Path(sys.executable)
            if python.exists():
                say(PEERS[name])
                peers[name] = await _peer(python, name, broker, options, scratch)
    return Round(peers, vedette), waiting.bytes_each


async def _vedette(options: Options, waiting: Backlog, broker: Broker, scratch: Path, say: Say) -> Vedette:
    say("Vedette whole: flat out")
    async with running(
        scratch / "data", broker.settings, fetch_rows=options.fetch_rows, readers=options.readers
    ) as system:
        flat = await flatout.measure(system, broker, waiting, warm_up=int(options.events * options.warm_up))
        sizes = await system.sizes()
        say(f"Vedette whole: half load for {options.half_load_seconds:.0f} s")
        half = await halfload.measure(
            system,
            broker.settings,
            per_second=flat.whole / 2,
            seconds=options.half_load_seconds,
            seed=options.seed + 1,
        )
        parts = {**system.processes, "broker": broker.process}
        return Vedette(
            flat_out=flat,
            half_load=half,
            peak_mb=by_role({name: process.peak_mb() for name, process in parts.items()}),
            bytes_events=round(sizes["events"][1] / options.events, 1),
            bytes_all=round(sum(size for _, size in sizes.values()) / options.events, 1),
        )


async def _peer(python: Path, name: str, broker: Broker, options: Options, scratch: Path) -> Measured:
    command = [
        str(python), "-m", f"benchmarks.peers.{name}", "--bootstrap", broker.settings.bootstrap, "--topic", RAW,
        "--events", str(options.events), "--warm-up", str(int(options.events * options.warm_up)),
        "--seconds", str(options.peer_seconds), "--scratch", str(scratch / name),
    ]  # fmt: skip
    said = await _run(command, options.peer_seconds + PEER_START)
    return msgspec.convert(json.loads(said), Measured)


async def stages(options: Options) -> list[Stage]:
    """Measured in a process of its own, like every row."""
    command = [
        sys.executable, "-m", "benchmarks.stages", "--events", str(options.stage_events), "--seed", str(options.seed),
        "--per-second", str(options.per_second),
    ]  # fmt: skip
    return msgspec.json.decode(await _run(command, 600.0), type=list[Stage])


async def _run(command: list[str], seconds: float) -> str:
    """The last line that a program of ours prints. BenchmarkFailed when it fails or does not end in time."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError as error:
        raise BenchmarkFailed(f"{command[2]} did not end within {seconds:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = out.decode(errors="replace").strip().splitlines()
    if process.returncode or not lines:
        raise BenchmarkFailed(f"{command[2]} ended with {process.returncode}: {err.decode(errors='replace')[-600:]}")
    return lines[-1]
