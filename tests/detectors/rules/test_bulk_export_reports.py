"""C13: a report tells its export how large it was."""

from __future__ import annotations

from typing import Any

import pytest

from detectors.rules.bulk_export import BulkExport
from domain.actions import DATA_EXPORTED, REPORT_VIEWED
from domain.alert import Severity, evidence
from domain.clock import HOUR, MINUTE
from tests.detectors.story import MIDNIGHT, Story, findings, severities

TWO = MIDNIGHT + 2 * HOUR
C13 = BulkExport()


def test_a_report_tells_its_export_how_large_it_was() -> None:
    story = Story("report before", object_id="rep-1", object_type="contact")
    story.tell(REPORT_VIEWED, TWO, count=12_000)
    story.tell(DATA_EXPORTED, TWO + MINUTE)
    assert [finding.observed for finding in findings(C13, story.told)] == [12_000.0]


def test_a_report_that_comes_later_revises() -> None:
    story = Story("report after", object_id="rep-1", object_type="contact")
    export = story.tell(DATA_EXPORTED, TWO)
    story.tell(REPORT_VIEWED, TWO + 10 * MINUTE, count=60_000)
    first, second = findings(C13, story.told)
    assert (first.severity, first.parts["rows"], first.observed) == (Severity.LOW, "an unknown number of", 1.0)
    assert (second.severity, second.observed) == (Severity.HIGH, 60_000.0)
    assert second.evidence == evidence([export.activity_id])


@pytest.mark.parametrize(
    ("apart", "fields", "joined"),
    [
        (10 * MINUTE, {}, True),
        (10 * MINUTE + 1, {}, False),
        (MINUTE, {"object_id": "rep-2"}, False),
        (MINUTE, {"count": None}, False),
    ],
)
def test_a_report_joins_within_ten_minutes_and_by_its_id(apart: int, fields: dict[str, Any], joined: bool) -> None:
    for before in (True, False):
        story = Story(f"apart {apart} {fields} {before}", object_id="rep-1")
        view = {"count": 20_000, **fields}
        if before:
            story.tell(REPORT_VIEWED, TWO - apart, **view)
        story.tell(DATA_EXPORTED, TWO)
        if not before:
            story.tell(REPORT_VIEWED, TWO + apart, **view)
        assert ("MEDIUM" in severities(C13, story.told)) is joined


def test_each_report_is_used_once_and_the_nearest_pair_joins_first() -> None:
    story = Story("pairs", object_id="rep-1")
    story.tell(REPORT_VIEWED, TWO, count=11_000)
    story.tell(REPORT_VIEWED, TWO + 5 * MINUTE, count=20_000)
    story.tell(DATA_EXPORTED, TWO + 6 * MINUTE)
    story.tell(DATA_EXPORTED, TWO + 7 * MINUTE)
    story.tell(DATA_EXPORTED, TWO + 8 * MINUTE)
    assert [finding.observed for finding in findings(C13, story.told)] == [20_000.0, 31_000.0, 31_000.0]
    assert findings(C13, story.told)[-1].evidence.count == 3


def test_a_nearer_report_takes_the_place_of_another() -> None:
    story = Story("nearer", object_id="rep-1")
    story.tell(REPORT_VIEWED, TWO, count=11_000)
    story.tell(DATA_EXPORTED, TWO + 5 * MINUTE)
    story.tell(REPORT_VIEWED, TWO + 6 * MINUTE, count=70_000)
    assert [finding.observed for finding in findings(C13, story.told)] == [11_000.0, 70_000.0]


def test_a_report_run_told_twice_serves_one_export() -> None:
    story = Story("twice", object_id="rep-1")
    for n in range(2):
        story.tell(REPORT_VIEWED, TWO + n, count=11_000, execution_id="x1")
    story.tell(DATA_EXPORTED, TWO + MINUTE)
    story.tell(DATA_EXPORTED, TWO + 2 * MINUTE)
    assert findings(C13, story.told)[-1].observed == 11_000.0


def test_a_report_that_was_exported_itself_is_not_counted_twice() -> None:
    for first in (REPORT_VIEWED, DATA_EXPORTED):
        story = Story(f"formatted {first}", object_id="rep-1")
        view = {"count": 12_000, "exported": True}
        story.tell(first, TWO, **(view if first == REPORT_VIEWED else {}))
        second = DATA_EXPORTED if first == REPORT_VIEWED else REPORT_VIEWED
        story.tell(second, TWO + MINUTE, **(view if second == REPORT_VIEWED else {}))
        assert max(finding.observed for finding in findings(C13, story.told)) == 12_000.0
