"""An hour of Salesforce whose log file is issued again, with a higher Sequence."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from domain import clock
from domain.clock import rfc3339
from tests.e2e.system import System, until

HOUR = clock.now() // clock.HOUR * clock.HOUR - 3 * clock.HOUR


def log_file(path: Path, rows: Mapping[int, int]) -> Path:
    """A CSV of Report rows: request number -> ROW_COUNT."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(("EVENT_TYPE", "REQUEST_ID", "USER_ID", "REPORT_ID", "ROW_COUNT", "TIMESTAMP_DERIVED"))
        for n, count in rows.items():
            at = rfc3339(clock.Millis(HOUR + n * 1_000))
            writer.writerow(("Report", f"q{n}", "0055j000000utlP", "00O3X00000B4bTE", str(count), at))
    return path


async def brought_in(system: System, file: Path) -> list[str]:
    """What `vedette import` says: the rows that were stored, and the duplicates."""
    words = ["import", str(file), "--source", "salesforce", "--tenant", "acme", "--data", str(system.data)]
    environ = {n: v for n, v in os.environ.items() if not n.startswith("VEDETTE_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "vedette", *words, stdout=asyncio.subprocess.PIPE, env=environ
    )
    said = (await child.communicate())[0].decode().splitlines()
    assert child.returncode == 0, said
    return [" ".join(line.split()[:2]) for line in said[1:3]]


async def test_rows_that_are_new_are_stored_and_a_row_that_changed_stays_as_it_was_and_is_counted(
    system: System, tmp_path: Path
) -> None:
    first = log_file(tmp_path / "sequence-1.csv", {n: 10 * n for n in range(1, 41)})
    second = log_file(tmp_path / "sequence-2.csv", {n: 999 if n == 3 else 10 * n for n in range(1, 61)})
    assert await brought_in(system, first) == ["40 stored", "0 duplicate:"]
    assert await brought_in(system, second) == ["20 stored", "40 duplicate:"]
    assert await brought_in(system, first) == ["0 stored", "40 duplicate:"]
    client = await system.client()
    found = await client.query("SELECT native_id, count FROM events FINAL WHERE tenant = 'acme'", row=list)
    assert {name.split("/")[1]: count for name, count in found} == {f"q{n}": 10 * n for n in range(1, 61)}

    async def counted() -> bool:
        query = "SELECT count() FROM (SELECT DISTINCT activity_id FROM conflicts WHERE feed = 'event log file')"
        return await client.query(query, row=list[int]) == [[1]]

    await until(counted, seconds=30, what=system.said)
