"""Files that arrive in a watched folder: each content once, also after a kill, and nothing is moved."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from pathlib import Path

from domain import clock
from tests.e2e.system import System, until


def lines(start: int, rows: int) -> bytes:
    now = clock.rfc3339(clock.now() - 60_000)
    return b"".join(
        json.dumps({"id": f"f{n}", "occurred_at": now, "action": "auth.logout", "actor": {"id": "u1"}}).encode() + b"\n"
        for n in range(start, start + rows)
    )


async def watcher(system: System, folder: Path, *more: str) -> asyncio.subprocess.Process:
    words = ["watch-folder", str(folder), "--tenant", "acme", "--settle", "0.2", "--data", str(system.data), *more]
    environ = {n: v for n, v in os.environ.items() if not n.startswith("VEDETTE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "vedette", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environ,
    )  # fmt: skip


async def test_files_are_brought_in_once_whatever_their_names_and_whoever_is_killed(
    system: System, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(lines(0, 30) + b"{broken\n")
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(lines(30, 20)))
    watching = await watcher(system, folder)

    async def files(wanted: int) -> bool:
        return await system.count("imported_files") == wanted

    await until(lambda: files(2), seconds=40)
    watching.kill()
    await watching.wait()
    (folder / "a (copy).jsonl").write_bytes((folder / "a.jsonl").read_bytes())
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(lines(90, 5))[:-9])
    (folder / "c.tmp").write_bytes(lines(50, 10))
    watching = await watcher(system, folder)
    (folder / "c.tmp").rename(folder / "c.jsonl")
    await until(lambda: files(3), seconds=40)
    watching.terminate()
    await watching.communicate()
    assert watching.returncode == 0
    once = await watcher(system, folder, "--once")
    said = (await once.communicate())[0].decode()
    assert once.returncode == 1, said  # for the file that is cut
    assert "cut.jsonl.gz cannot be read" in said
    assert await system.count("imported_files") == 3
    assert await system.count("dead_letters") == 1
    client = await system.client()
    assert await client.query("SELECT count() FROM events FINAL WHERE tenant = 'acme'", row=list[int]) == [[60]]
    assert {each.name for each in folder.iterdir()} == {
        "a.jsonl", "a (copy).jsonl", "b.jsonl.gz", "c.jsonl", "cut.jsonl.gz",
    }  # fmt: skip
