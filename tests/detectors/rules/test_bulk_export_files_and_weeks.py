"""C13: files, and the slow way out."""

from __future__ import annotations

import pytest

from detectors.rules.bulk_export import BulkExport
from domain.actions import DATA_EXPORTED, FILE_DOWNLOADED
from domain.alert import Severity
from domain.clock import DAY, HOUR, SECOND
from tests.detectors.story import MIDNIGHT, Story, findings, last

TWO = MIDNIGHT + 2 * HOUR
C13 = BulkExport()


def files(title: str, count: int, gap: int) -> Story:
    story = Story(title)
    for n in range(count):
        story.tell(FILE_DOWNLOADED, TWO + n * gap, object_id=f"f{n}", request_id=f"q{n // 3}")
    return story


@pytest.mark.parametrize(
    ("count", "gap", "expected"),
    [
        (99, 30 * SECOND, []),
        (100, 36 * SECOND, [("MEDIUM", 100.0, 100.0)]),
        (100, 36_363, [("MEDIUM", 100.0, 100.0)]),
        (100, 36_364, []),
        (49, SECOND, []),
        (50, SECOND, [("MEDIUM", 50.0, 50.0)]),
        (50, 1_224, [("MEDIUM", 50.0, 50.0)]),
        (50, 1_225, []),
    ],
)
def test_files(count: int, gap: int, expected: list[tuple[str, float, float]]) -> None:
    found = findings(C13, files(f"{count} files {gap}", count, gap).told)
    assert [(each.severity.name, each.observed, each.threshold) for each in found] == expected
    assert {each.arm for each in found} <= {"files"}


def test_a_file_of_one_request_counts_once() -> None:
    story = Story("again", object_id="f1", request_id="q1")
    for n in range(60):
        story.tell(FILE_DOWNLOADED, TWO + n * 100)
    assert findings(C13, story.told) == []


def slow(title: str, weekly: list[int], week: int) -> Story:
    """Weeks of `weekly` rows, oldest first, each on one day, then `week` rows in seven parts this week."""
    story = Story(title)
    for number, amount in enumerate(weekly):
        story.tell(DATA_EXPORTED, TWO - (len(weekly) - number) * 7 * DAY - DAY, count=amount)
    for day in range(7):
        story.tell(DATA_EXPORTED, TWO - (6 - day) * DAY, count=week // 7)
    return story


@pytest.mark.parametrize(
    ("weekly", "week", "fires"),
    [
        ([1_000, 1_000, 1_000, 1_000], 35_000, True),
        ([1_000, 1_000, 1_000, 1_000], 19_999, False),
        ([1_000, 9_000, 9_000, 1_000], 24_997, False),  # the median week is 5 000
        ([1_000, 9_000, 9_000, 1_000], 25_004, True),
        ([1_000, 1_000], 21_000, True),
        ([1_000], 21_000, False),  # known for less than fourteen days when the week began to tell
    ],
)
def test_slow(weekly: list[int], week: int, fires: bool) -> None:
    found = last(C13, slow(f"slow {weekly} {week}", weekly, week).told)
    assert [each.arm for each in found] == (["slow"] if fires else [])


def test_the_slow_arm_tells_its_median_week() -> None:
    (finding,) = last(C13, slow("slow", [1_000, 2_000, 3_000, 4_000], 35_000).told)
    assert (finding.arm, finding.severity, finding.observed, finding.threshold) == (
        "slow",
        Severity.MEDIUM,
        35_000.0,
        20_000.0,
    )
    assert finding.baseline["weekly_median"] == 2_500
    assert finding.evidence.at_least
