"""Import: every row is followed to what became of it, and a system that stands still is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.errors import VedetteError
from ingest.record import Headers
from tests.ingest.made import RECEIVED, event, normaliser, record
from transport.batch import Sent
from vedette.cli import main
from vedette.importing import Importer, RowAt, dry_run

HEADERS: Headers = (("tenant", b"acme"), ("batch", b"1"))


def row(line: int, **changes: Any) -> RowAt:
    return RowAt("events.jsonl", line, msgspec.json.encode(event(**changes)))


class Fate(msgspec.Struct, frozen=True):
    status: str
    code: str = ""
    reason: str = ""


class World:
    """A log of one partition, and a store that took some of it."""

    def __init__(self, fates: Mapping[int, Fate], *, stands: bool = False) -> None:
        self.fates_of, self.stands, self.log = fates, stands, list[bytes]()
        self.asked: list[tuple[str, int, tuple[int, int] | None]] = []

    async def send(self, raw: Sequence[bytes], keys: Sequence[bytes | None]) -> list[Sent]:
        start = len(self.log)
        self.log.extend(raw)
        return [Sent(0, start + i, RECEIVED) for i in range(len(raw))]

    async def through(self) -> Mapping[str, int]:
        return {} if self.stands else {"vedette.raw.import:0": len(self.log) - 1}

    async def fates(
        self,
        tenant: str,
        epoch: int,
        places: Sequence[tuple[str, int]],
        *,
        occurred: tuple[int, int] | None,
        since: int,
    ) -> dict[tuple[str, int], Fate]:
        self.asked.append((tenant, epoch, occurred))
        return {place: self.fates_of[place[1]] for place in places if place[1] in self.fates_of}

    def importer(self) -> Importer:
        return Importer(
            send=self.send,
            through=self.through,
            fates=self,
            normalise=normaliser().normalise,
            headers=HEADERS,
            epoch=4,
            patience=0.0,
            now=lambda: RECEIVED,
        )


async def test_every_row_is_counted_by_what_became_of_it() -> None:
    world = World(
        {0: Fate("stored"), 2: Fate("rejected", "unknown_action", "action 'x' is unknown"), 4: Fate("stored")}
    )
    importer = world.importer()
    await importer.take([row(1), row(2), row(3, action="x"), RowAt("events.jsonl", 4, b"{")])
    await importer.take([row(5, id="b1", occurred_at="2026-11-24T07:00:00Z")])
    assert list(importer.summary.lines(dry=False)) == [
        "         5 rows read: generic 5",
        "         2 stored",
        "         1 duplicate: stored before, or twice in the files",
        "         0 skipped",
        "         2 rejected: not_json 1, unknown_action 1",
        "           events.jsonl:4: the record is not JSON at line 1, column 2 (Expecting property name enclosed in "
        "double quotes); send one JSON object",
        "           events.jsonl:3: action 'x' is unknown",
    ]
    at = 1_795_510_740_000
    assert world.asked == [("acme", 4, (at, at)), ("acme", 4, (1_795_503_600_000, 1_795_503_600_000))]


async def test_an_ingest_that_stands_still_is_told_with_the_remedy() -> None:
    with pytest.raises(VedetteError) as told:
        await World({}, stands=True).importer().take([row(1)])
    assert str(told.value) == (
        "1 rows were sent, but for 0 s ingest has stood at offset -1 of vedette.raw.import:0, before 0; check that "
        "`vedette ingest` runs: it stores them once it does, and importing the files again is safe"
    )


def test_a_dry_run_counts_without_a_system() -> None:
    rows = [row(1), row(2, action="x"), row(3, action="y"), row(4, action="z"), row(5, action="w")]
    summary = dry_run(iter(rows), normaliser().normalise, HEADERS, at=RECEIVED)
    lines = list(summary.lines(dry=True))
    assert lines[:4] == [
        "         5 rows read: generic 5",
        "         1 would be stored (fewer, where some are stored already)",
        "         0 skipped",
        "         4 rejected: unknown_action 4",
    ]
    assert [line.split(": ")[0].strip() for line in lines[4:]] == ["events.jsonl:2", "events.jsonl:3", "events.jsonl:4"]


def test_the_command_tells_what_a_file_would_become(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = Path(__file__).parent.parent / "ingest" / "fixtures" / "SalesforceServiceCloud_CL.json"
    arguments = [
        "import",
        str(sample),
        "--source",
        "salesforce",
        "--tenant",
        "acme",
        "--dry-run",
        "--data",
        str(tmp_path),
    ]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "        38 rows read: salesforce 38",
        "        11 would be stored (fewer, where some are stored already)",
    ]
    assert lines[2].startswith("        27 skipped: ApexCallout 1, ApexExecution 1, ")
    assert lines[3:] == ["         0 rejected"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--source", "salesfroce"], "--source: no such source 'salesfroce'; use salesforce, generic"),
        (["--tenant", "A"], "--tenant: 'A' is no tenant name; use a-z, 0-9, _ and -, at most 63 characters"),
        ([], "none.json cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_told_in_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import", str(tmp_path / "none.json"), "--dry-run", "--data", str(tmp_path), *arguments]
    assert main(words) == 1
    assert capsys.readouterr().err.startswith(f"vedette import: {sentence}")


def test_a_sent_record_reads_as_the_file_did() -> None:
    assert normaliser().normalise(record(row(1).raw, topic="vedette.raw.import", headers=HEADERS))
