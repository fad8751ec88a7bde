"""C13: far more rows than usual within an hour."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import parts
from detectors.base import Finding, token
from detectors.fold import fold
from detectors.rules.bulk_export import BulkExport
from domain.actions import API_CALLED, DATA_EXPORTED, RECORD_READ, REPORT_VIEWED
from domain.alert import Severity, evidence
from domain.clock import DAY, HOUR, MINUTE
from domain.errors import SettingsInvalid
from tests.detectors.story import MIDNIGHT, Story, findings, severities, tokens

TWO = MIDNIGHT + 2 * HOUR
C13 = BulkExport()


def rows(story: Story, *counted: tuple[int, int | None], **fields: Any) -> Story:
    """Exports of so many rows at times after two o'clock."""
    for after, count in counted:
        story.tell(DATA_EXPORTED, TWO + after, **{"count": count, "object_type": "contact", **fields})
    return story


def nightly(title: str, nights: int, *, size: int = 250_000, **usually: Any) -> Story:
    """An integration that moves `size` rows at two o'clock, in five calls, on so many nights before tonight."""
    story = Story(title, **{"actor_id": "etl", "actor_kind": "integration", "app_id": "warehouse", **usually})
    for night in range(nights, 0, -1):
        etl(story, night=night, size=size)
    return story


def etl(story: Story, *, night: int = 0, size: int = 250_000, after: int = 0, **fields: Any) -> Story:
    for n in range(5):
        at = TWO - night * DAY + n * MINUTE + after
        story.tell(API_CALLED, at, **{"channel": "bulk", "count": size // 5, "object_type": "contact", **fields})
    return story


def known(title: str, *, days: int = 20, **usually: Any) -> Story:
    """Somebody who exported 40 rows on one day long ago."""
    story = Story(title, **usually)
    story.tell(DATA_EXPORTED, TWO - days * DAY, count=40)
    return story


NIGHT = rows(Story("18 400 at 02:10, 60 000 more"), (10 * MINUTE, 18_400), (40 * MINUTE, 60_000))
FIRES = {
    "18 400 at 02:10 MED, 60 000 more HIGH": NIGHT.told,
    "exports whose size nobody tells": rows(
        Story("unknown sizes"), (0, None), (MINUTE, None), (2 * MINUTE, None), object_id="rep-1"
    ).told,
}
SILENT = {
    "nightly ETL of 250 000": etl(nightly("nightly ETL", 20)).told,
    "an ordinary day": rows(Story("ordinary"), *((n * 9 * MINUTE, 500) for n in range(60))).told,
}


def test_fires_medium_on_18_400_rows_at_night_and_high_on_60_000_more() -> None:
    first, second = findings(C13, NIGHT.told)
    expected = Finding(
        arm="rows",
        severity=Severity.MEDIUM,
        observed=18_400.0,
        threshold=10_000.0,
        parts={
            "actor": token(tokens("u7")),
            "rows": 18_400,
            "object": "contact records",
            "span": parts.span(0),
            "p50": "unknown",
            "t": 10_000,
            "why": "more than 10,000 rows",
        },
        baseline={"largest_hour": 0, "usual_day": None, "learned": "not yet"},
        evidence=evidence(NIGHT.ids(0, 1)),
    )
    assert first == expected
    assert (second.severity, second.observed, second.parts["why"]) == (Severity.HIGH, 78_400.0, "50,000 rows or more")
    assert second.parts["span"] == parts.span(30 * MINUTE)
    assert second.evidence == evidence(NIGHT.ids())


def test_silent_on_the_nightly_job_of_250_000_rows() -> None:
    story = nightly("etl", 20)
    told = len(story.told)
    etl(story)
    assert all(not found for found in fold(C13, story.told)[1][told:])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (10_000, []),
        (10_001, ["MEDIUM"]),
        (49_999, ["MEDIUM"]),
        (50_000, ["HIGH"]),
        (99_999, ["HIGH"]),
        (100_000, ["CRITICAL"]),
    ],
)
def test_bands(count: int, expected: list[str]) -> None:
    assert severities(C13, rows(Story(f"band {count}"), (0, count)).told) == expected


@pytest.mark.parametrize(("after", "fires"), [(HOUR - 1, True), (HOUR, False), (HOUR + 1, False)])
def test_the_window_is_open_at_its_far_end(after: int, fires: bool) -> None:
    assert bool(findings(C13, rows(Story(f"edge {after}"), (0, 6_000), (after, 6_000)).told)) is fires


@pytest.mark.parametrize(
    ("action", "fields", "fires"),
    [
        (DATA_EXPORTED, {"count": 20_000}, True),
        (RECORD_READ, {"count": 20_000, "channel": "api"}, True),
        (RECORD_READ, {"count": 20_000, "channel": "bulk"}, True),
        (RECORD_READ, {"count": 20_000, "channel": "ui"}, False),
        (RECORD_READ, {"count": 20_000}, False),
        (API_CALLED, {"count": 20_000, "channel": "api"}, True),
        (API_CALLED, {"count": 20_000, "channel": "bulk"}, True),
        (API_CALLED, {"count": 20_000, "channel": "automation"}, False),
        (API_CALLED, {"count": None, "channel": "api"}, False),
        (REPORT_VIEWED, {"count": 20_000}, False),
        (REPORT_VIEWED, {"count": 20_000, "exported": False}, False),
        (REPORT_VIEWED, {"count": 20_000, "exported": True}, True),
        (DATA_EXPORTED, {"count": 20_000, "outcome": "denied"}, False),
        (DATA_EXPORTED, {"count": 20_000, "outcome": "failure"}, False),
    ],
)
def test_what_counts(action: str, fields: dict[str, Any], fires: bool) -> None:
    story = Story(f"counts {action} {fields}")
    story.tell(action, TWO, **fields)
    assert bool(findings(C13, story.told)) is fires


def test_a_record_read_through_the_api_is_a_row() -> None:
    story = Story("one by one", channel="api")
    for n in range(10_001):
        story.tell(RECORD_READ, TWO + n * 300, object_id=f"c{n}", request_id=f"r{n // 100}")
    (finding,) = findings(C13, story.told)
    assert (finding.observed, finding.evidence.at_least) == (10_001.0, True)


def test_an_execution_counts_once_and_each_part_of_it() -> None:
    story = Story("execution", count=6_000)
    for n in range(3):
        story.tell(DATA_EXPORTED, TWO + n * MINUTE, execution_id="r-881", sequence=1)
    assert findings(C13, story.told) == []
    story.tell(DATA_EXPORTED, TWO + 4 * MINUTE, execution_id="r-881", sequence=2)
    assert [finding.observed for finding in findings(C13, story.told)] == [12_000.0]


def test_a_request_counts_once_with_the_largest_size_it_was_told_with() -> None:
    story = Story("request", request_id="q1")
    for count in (4_000, 11_000, 11_000, 3_000):
        story.tell(DATA_EXPORTED, TWO + count, count=count)
    assert [finding.observed for finding in findings(C13, story.told)] == [11_000.0]


def test_own_largest_hour_raises_the_limit_once_it_is_learned() -> None:
    for days, expected in ((14, []), (13, ["MEDIUM"])):
        story = Story(f"learned in {days} days")
        story.tell(DATA_EXPORTED, TWO - days * DAY, count=10)
        story.tell(DATA_EXPORTED, TWO - 2 * DAY, count=9_000)
        story.tell(DATA_EXPORTED, TWO, count=27_000)
        assert [each.severity.name for each in findings(C13, story.told) if each.arm == "rows"] == expected


def test_a_limit_of_its_own_is_three_times_the_largest_hour_of_fourteen_days() -> None:
    story = known("three times")
    story.tell(DATA_EXPORTED, TWO - 15 * DAY, count=9_900)
    story.tell(DATA_EXPORTED, TWO - 2 * DAY, count=2_000)
    story.tell(DATA_EXPORTED, TWO - 2 * DAY + MINUTE, count=3_000)
    story.tell(DATA_EXPORTED, TWO - DAY, count=4_000)
    story.tell(DATA_EXPORTED, TWO, count=15_001)
    (finding,) = findings(C13, story.told)
    assert (finding.observed, finding.threshold) == (15_001.0, 15_000.0)
    assert finding.parts["p50"] == 0  # eleven of fourteen days were empty
    assert finding.baseline == {"largest_hour": 5_000, "usual_day": 0, "learned": "yes"}


def test_the_usual_day_is_the_median_of_the_days_before() -> None:
    story = Story("every day")
    for day in range(5, 0, -1):
        story.tell(DATA_EXPORTED, TWO - day * DAY, count=day * 100)
    story.tell(DATA_EXPORTED, TWO, count=20_000)
    (finding,) = findings(C13, story.told)
    assert finding.parts["p50"] == 300


def test_an_integration_is_medium_at_most_before_it_is_learned() -> None:
    story = nightly("new etl", 3)
    assert set(severities(C13, story.told)) == {"MEDIUM"}
    human = nightly("new human", 3, actor_kind="human")
    assert "CRITICAL" in severities(C13, human.told)
    late = known("known etl", actor_kind="integration")
    assert severities(C13, rows(late, (0, 100_000)).told) == ["CRITICAL", "MEDIUM"]


def test_the_same_app_at_its_usual_hour_is_info_after_five_runs() -> None:
    story = nightly("runs", 6)
    each = [[finding.severity.name for finding in found] for found in fold(C13, story.told)[1]]
    assert each[:25] == [["MEDIUM"]] * 25
    assert each[25:] == [["INFO"]] * 5


@pytest.mark.parametrize(
    ("title", "fields", "expected"),
    [
        ("an hour later", {"after": HOUR}, "INFO"),
        ("two hours later", {"after": 2 * HOUR}, "MEDIUM"),
        ("half as much again", {"size": 375_000}, "INFO"),
        ("more than that", {"size": 375_005}, "MEDIUM"),
        ("another app", {"app_id": "copycat"}, "MEDIUM"),
    ],
)
def test_a_run_unlike_the_others_is_not_suppressed(title: str, fields: dict[str, Any], expected: str) -> None:
    story = etl(nightly(title, 5), **fields)
    assert severities(C13, story.told)[-1] == expected


def test_four_of_five_runs_at_the_hour_are_enough_and_three_are_not() -> None:
    for odd, expected in ((1, "INFO"), (2, "MEDIUM")):
        story = Story(f"{odd} odd", actor_kind="integration", app_id="warehouse")
        for night in range(5, 0, -1):
            etl(story, night=night, after=9 * HOUR if night <= odd else 0)
        assert severities(C13, etl(story).told)[-1] == expected


def test_a_job_does_not_hide_what_went_another_way_in_the_same_hour() -> None:
    story = nightly("hidden", 5)
    story.tell(DATA_EXPORTED, TWO - MINUTE, count=9_000, app_id="", object_id="")
    assert severities(C13, etl(story).told)[-1] == "MEDIUM"


def test_unknown_sizes_are_low_and_three_in_an_hour_medium() -> None:
    found = findings(C13, FIRES["exports whose size nobody tells"])
    assert [finding.severity.name for finding in found] == ["LOW", "LOW", "MEDIUM"]
    assert [finding.observed for finding in found] == [1.0, 2.0, 3.0]
    later = rows(Story("one an hour"), *((n * HOUR, None) for n in range(5)))
    assert set(severities(C13, later.told)) == {"LOW"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"high": 500}, "bulk_export: high is 500; it must be from 10,000 to 1,000,000,000"),
        ({"burst_files": 500}, "bulk_export: burst_files is 500; it must be from 2 to 128"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        BulkExport(**settings)
    assert str(refused.value) == message
