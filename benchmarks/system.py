"""Vedette whole, as its users start it: `vedette up` as a child, on the benchmark's broker and a store of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.processes import Process
from benchmarks.traffic import TENANT
from domain.judgement import offset_of
from storage.client import Client, connect
from transport.settings import KafkaSettings
from transport.topics import RAW
from vedette.embedded.store import settings_for
from vedette.roles import processes, role_of

#: Seconds in which the roles must have started.
START = 120.0
DATABASE = "vedette"


class BenchmarkFailed(Exception):
    """It could not be measured; the message says what was waited for and the last words of the system."""


class _Marker(msgspec.Struct, array_like=True):
    partition: int
    position: int
    lanes: str
    clocks: str

    @property
    def delivered(self) -> Counter[str]:
        """Records per raw lane that this partition's judge has been given or told of."""
        through: dict[str, int] = json.loads(self.lanes)
        return Counter({lane: offset + 1 for lane, offset in through.items() if lane.startswith(f"{RAW}:")})


class _Number(msgspec.Struct, array_like=True):
    value: int


class _Two(msgspec.Struct, array_like=True):
    first: int
    second: int


class _Size(msgspec.Struct, array_like=True):
    table: str
    rows: int
    bytes: int


class Progress(NamedTuple):
    """How far the system is: events stored, events delivered to every judge, and the lowest of their clocks (ms)."""

    stored: int
    delivered: int
    clock: int


class System:
    """A running system; `processes` has its parts by name, the broker's beside them."""

    def __init__(self, store: Client, processes: Mapping[str, Process], said: Path) -> None:
        self._store, self.processes, self._said = store, processes, said

    def said(self) -> str:
        """The last lines that it printed."""
        return "\n".join(self._said.read_text(errors="replace").strip().splitlines()[-5:])

    async def progress(self) -> Progress:
        stored = await self._one("SELECT count() FROM events")
        markers = await self._markers()
        if len(markers) < KafkaSettings().activity_partitions:
            return Progress(stored, 0, 0)
        delivered = reduce(and_, (m.delivered for m in markers))  # per lane the least
        return Progress(stored, delivered.total(), min(json.loads(m.clocks).get(TENANT, 0) for m in markers))

    async def dirty(self) -> int:
        """Subjects that are yet to be settled."""
        return await self._one("SELECT count() FROM dirty FINAL WHERE NOT cleared")

    async def late(self) -> int:
        """Activities that came behind their clock, or ahead of it, and were marked to be settled."""
        return await self._one("SELECT count() FROM dirty FINAL")

    async def dirty_before(self, at: int) -> tuple[int, int]:
        """Subjects that were ever to be settled from before `at` (ms) on, and those that are yet to be."""
        rows = await self._store.query(
            "SELECT uniqExact(subject), uniqExactIf(subject, cleared = 0) FROM dirty FINAL WHERE from_at < {at:Int64}",
            {"at": at},
            row=_Two,
        )
        return rows[0].first, rows[0].second

    async def judged_offsets(self) -> dict[int, int]:
        """Per partition of the activity topic, the last offset that its marker holds."""
        return {m.partition: offset_of(m.position) for m in await self._markers()}

    async def latencies(self, since: int, detector: str) -> list[int]:
        """Of a detector's alerts opened at `since` (ms) or later: ms from the event that opened each to its row."""
        rows = await self._store.query(
            "SELECT toUnixTimestamp64Milli(first) - toUnixTimestamp64Milli(opener) FROM ("
            "SELECT any(opener_at) AS opener, min(t.detected_at) AS first FROM alerts AS a FINAL "
            "INNER JOIN alert_times AS t ON t.tenant = a.tenant AND t.alert_id = a.alert_id "
            "WHERE a.detector = {d:String} AND a.opener_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') "
            "GROUP BY a.alert_id)",
            {"since": since, "d": detector},
            row=_Number,
        )
        return sorted(row.value for row in rows)

    async def alerts(self) -> int:
        return await self._one("SELECT count() FROM alerts FINAL WHERE NOT withdrawn")

    async def dead_letters(self) -> int:
        return await self._one("SELECT count() FROM dead_letters FINAL")

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Per table its rows and bytes on disk, active parts as they stand: with merges still to come."""
        rows = await self._store.query(
            "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = {d:String} "
            "GROUP BY table ORDER BY table",
            {"d": DATABASE},
            row=_Size,
        )
        return {row.table: (row.rows, row.bytes) for row in rows}

    async def _one(self, sql: str) -> int:
        return (await self._store.query(sql, row=_Number))[0].value

    async def _markers(self) -> list[_Marker]:
        return await self._store.query("SELECT partition, position, lanes, clocks FROM markers FINAL", row=_Marker)


def by_role(figures: Mapping[str, float]) -> dict[str, float]:
    """The figures of processes, added up for each role, to a tenth."""
    roles = sorted({*map(role_of, figures)})
    return {role: round(sum(each for name, each in figures.items() if role_of(name) == role), 1) for role in roles}


@asynccontextmanager
async def running(
    data: Path, broker: KafkaSettings, *, fetch_rows: int, readers: int = 1, settle: bool = True
) -> AsyncIterator[System]:
    """Starts it, ingest in `readers` processes; yields as soon as its roles have been started; stops it at the end."""
    data.mkdir(parents=True, mode=0o700)
    (data / "vedette.toml").write_text(
        f'[kafka]\nbootstrap = "{broker.bootstrap}"\n[ingest]\nfetch_rows = {fetch_rows}\nworkers = {readers}\n'
        f"[detect]\nsettle = {str(settle).lower()}\n",
        encoding="utf-8",
    )
    said = data.with_suffix(".out")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    command = [sys.executable, "-P", "-m", "vedette", "up", "--data", str(data), "--port", "0"]
    with open(said, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
    store: Client | None = None
    try:
        found = await _roles(process, data, said, set(processes({"ingest": readers})))
        port = int(found["store_url"].rsplit(":", 1)[1])
        store = await connect(settings_for(data / "store", port), "migrator")
        store.use(DATABASE)
        yield System(store, {name: Process(pid) for name, pid in found["pids"].items()}, said)
    finally:
        if store:
            await store.close()
        process.terminate()
        await asyncio.to_thread(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()  # what it started dies with it
        process.wait()


async def _roles(process: subprocess.Popen[bytes], data: Path, said: Path, names: set[str]) -> dict[str, Any]:
    """What run.json says once these have been started. BenchmarkFailed when that takes too long."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found: dict[str, Any] = json.loads((data / "run.json").read_text())
        except (OSError, json.JSONDecodeError):
            found = {}
        if names <= found.get("pids", {}).keys():
            return found
        await asyncio.sleep(0.05)
    words = said.read_text(errors="replace").strip()
    raise BenchmarkFailed(f"the system was not up within {START:.0f} s: {words[-600:] or 'it said nothing'}")
