"""The column tables of the sources' pages: what they name is what the code reads, and becomes what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from domain import ocsf
from ingest.sources import dataverse as dataverse_source
from ingest.sources import salesforce as salesforce_source
from ingest.sources.columns import Columns
from ingest.sources.registry import ADAPTERS
from ingest.sources.salesforce_row import Row as FileRow
from tests.ingest.sources.column_rows import TABLES
from tests.ingest.sources.effects import effects

PAGES = Path(__file__).parents[3] / "docs" / "sources"
#: Fields that are read in OCSF events of our own export alone.
_OURS = ("tenant", "source", "feed")
#: Of a column that decides which others count, only that is said.
KIND = "how the record is read"


@cache
def become(head: str) -> dict[str, set[str]]:
    return effects(*TABLES[head])


@cache
def tables() -> dict[str, dict[str, set[str]]]:
    """By the head of its first column, each table of the pages: what every column becomes."""
    found: dict[str, dict[str, set[str]]] = {}
    for page in sorted(PAGES.glob("*.md")):
        head = ""
        for line in page.read_text().splitlines():
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if not cells:
                head = ""
            elif len(cells) == 2 and not head:
                head = cells[0]
            elif head in TABLES and cells[0].strip("-"):
                for column in re.findall("`([^`]+)`", cells[0]):
                    told = {KIND} if KIND in cells[1] else set(re.findall("`([^`]+)`", cells[1]))
                    found.setdefault(head, {}).setdefault(column, set()).update(told)
    return found


@pytest.mark.parametrize("head", TABLES)
def test_a_column_becomes_what_the_page_says_and_nothing_else(head: str) -> None:
    told, found = tables()[head], become(head)
    unseen = [column for column in told if column not in found]
    assert not unseen, "no record here has these columns"
    for column, fields in told.items():
        inner = (found[name] for name in found if name.startswith(f"{column}.") and name not in told)
        assert fields == ({KIND} if KIND in fields else found[column].union(*inner)), column
    assert not [column for column in told if KIND in told[column] and "action" not in found[column]]


@pytest.mark.parametrize("head", TABLES)
def test_what_has_an_effect_stands_in_the_table(head: str) -> None:
    told = tables()[head]
    for column, fields in become(head).items():
        near = (
            name for name in told
            if name == column or name.startswith(f"{column}.") or column.startswith(f"{name}.")
        )  # fmt: skip
        known = set[str]().union(*(told[name] for name in near))
        assert KIND in known or fields <= known, (column, fields - known)


@pytest.mark.parametrize("head", TABLES)
def test_every_column_that_is_asked_for_stands_in_the_table(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set[str]()

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def note(self: Any, *names: str) -> Any:
            asked.update(names)
            return real(self, *names)

        return note

    for kind in (Columns, FileRow):
        monkeypatch.setattr(kind, "word", noting(kind.word))
    for name in ("part", "moment"):
        monkeypatch.setattr(Columns, name, noting(getattr(Columns, name)))
    dataverse_source._person.cache_clear()
    salesforce_source._person.cache_clear()
    source, rows = TABLES[head]
    for row in rows:
        ADAPTERS[source].read(json.dumps(row).encode(), set())
    if head == "attribute of OCSF":  # it reads by a table of paths
        for uid in (3001, 3002, 3004, 3005, 6001, 6003, 6005):
            for number in (1, ocsf.SWITCH):
                paths = ocsf.paths(uid, number)
                asked |= {".".join(map(str, paths[field])).replace(".0", "") for field in paths if field not in _OURS}
    told = tables()[head]
    known = {part for column in told for part in (column, column.rpartition(".")[2], column.partition(".")[0])}
    assert not {name for name in asked if name not in known and name.upper() not in known}
