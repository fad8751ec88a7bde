"""A2: a success right after many failures."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import parts
from detectors.base import Finding, token
from detectors.fold import fold
from detectors.rules.login_after_failures import LoginAfterFailures
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.alert import Severity, evidence
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import SettingsInvalid
from tests.detectors.story import MIDNIGHT, Story, findings, severities, tokens

NINE = MIDNIGHT + 9 * HOUR
A2 = LoginAfterFailures()


def guessed(title: str, failures: int, *, gap: int = 40 * SECOND, **usually: Any) -> Story:
    """So many failures, five seconds apart and the last at nine, then a success `gap` later."""
    return guess(Story(title, **usually), failures, gap=gap)


def guess(story: Story, failures: int, *, gap: int = 40 * SECOND, **success: Any) -> Story:
    for n in range(failures):
        story.tell(LOGIN_FAILED, NINE - (failures - 1 - n) * 5 * SECOND, reason="bad_password")
    story.tell(LOGIN_SUCCEEDED, NINE + gap, **success)
    return story


def ann(title: str, *, days: tuple[int, ...] = (5, 4), **usually: Any) -> Story:
    """Ann, who has signed in on earlier days, from Germany, with Firefox."""
    story = Story(title, actor_id="ann", **{"country": "DE", "agent_family": "Firefox", **usually})
    for day in days:
        story.tell(LOGIN_SUCCEEDED, NINE - day * DAY)
    return story


TWELVE = guessed("twelve failures, then in", 12)
FIRES = {"twelve failures, success 40 s later, same IP": TWELVE.told}
SILENT = {
    "Ann mistypes four times on her laptop": guess(ann("Ann mistypes"), 4).told,
    "Ann mistypes twelve times on her laptop": guess(ann("Ann mistypes on"), 12).told,
}


def test_fires_when_somebody_gets_in_after_twelve_failures() -> None:
    assert findings(A2, TWELVE.told) == [
        Finding(
            arm="guessed",
            severity=Severity.HIGH,
            observed=12.0,
            threshold=10.0,
            parts={
                "actor": token(tokens("u7")),
                "ip": token(tokens("203.0.113.9")),
                "gap": parts.span(40 * SECOND),
                "n": 12,
                "k": 1,
                "span": parts.span(55 * SECOND),
                "why": "10 failures or more",
            },
            baseline={"usual_places": 0},
            evidence=evidence(TWELVE.ids()),
        )
    ]


def test_silent_when_ann_mistypes_four_times() -> None:
    assert findings(A2, SILENT["Ann mistypes four times on her laptop"]) == []


@pytest.mark.parametrize(
    ("failures", "expected"), [(4, []), (5, ["MEDIUM"]), (9, ["MEDIUM"]), (10, ["HIGH"]), (300, ["HIGH"])]
)
def test_bands(failures: int, expected: list[str]) -> None:
    assert severities(A2, guessed(f"{failures} failures", failures).told) == expected


@pytest.mark.parametrize(("gap", "fires"), [(15 * MINUTE - 1, True), (15 * MINUTE, True), (15 * MINUTE + 1, False)])
def test_the_success_comes_within_fifteen_minutes_of_the_last_failure(gap: int, fires: bool) -> None:
    assert bool(findings(A2, guessed(f"gap {gap}", 12, gap=gap).told)) is fires


@pytest.mark.parametrize(("span", "count"), [(20 * MINUTE - 1, 10), (20 * MINUTE, 9), (20 * MINUTE + 1, 9)])
def test_the_twenty_minutes_end_at_the_last_failure(span: int, count: int) -> None:
    story = Story(f"span {span}")
    story.tell(LOGIN_FAILED, NINE - span)
    for n in range(9):
        story.tell(LOGIN_FAILED, NINE - (8 - n) * SECOND)
    story.tell(LOGIN_SUCCEEDED, NINE + 14 * MINUTE)
    assert [finding.observed for finding in findings(A2, story.told)] == [float(count)]


def test_a_success_clears_the_count() -> None:
    story = guessed("cleared", 12)
    story.tell(LOGIN_SUCCEEDED, NINE + MINUTE)
    for n in range(4):
        story.tell(LOGIN_FAILED, NINE + 2 * MINUTE + n * SECOND)
    story.tell(LOGIN_SUCCEEDED, NINE + 3 * MINUTE)
    assert severities(A2, story.told) == ["HIGH"]


def test_a_success_before_the_failures_is_not_one_after_them() -> None:
    story = Story("order")
    story.tell(LOGIN_SUCCEEDED, NINE)
    for n in range(12):
        story.tell(LOGIN_FAILED, NINE + n * SECOND)
    assert findings(A2, story.told) == []


@pytest.mark.parametrize(
    ("failures", "success", "expected"),
    [
        (12, {"privileged": True}, "CRITICAL"),
        (7, {"privileged": True}, "HIGH"),
        (12, {"privileged": True, "ip": "198.51.100.4"}, "HIGH"),
        (7, {"privileged": True, "ip": "198.51.100.4"}, "MEDIUM"),
        (12, {"privileged": False}, "HIGH"),
    ],
)
def test_privileged_from_a_failing_address_is_a_step_higher(
    failures: int, success: dict[str, Any], expected: str
) -> None:
    story = guess(Story(f"privileged {failures} {success}"), failures, **success)
    assert severities(A2, story.told) == [expected]


def test_no_address_is_not_a_failing_address() -> None:
    story = guess(Story("nowhere", ip=""), 12, privileged=True)
    (finding,) = findings(A2, story.told)
    assert (finding.severity, finding.parts["ip"]) == (Severity.HIGH, "an unknown address")


def test_all_from_one_usual_device_and_place_is_info() -> None:
    (finding,) = findings(A2, guess(ann("usual"), 12).told)
    assert finding.severity == Severity.INFO
    assert finding.parts["suppressed"] == "all of it came from one usual device and place of this login"


def test_where_the_country_is_unknown_the_network_is_the_place() -> None:
    assert severities(A2, guess(ann("network", country=""), 12).told) == ["INFO"]
    assert severities(A2, guess(ann("neighbour", country=""), 12, ip="203.0.113.200").told) == ["INFO"]
    assert severities(A2, guess(ann("stranger", country=""), 12, ip="198.51.100.9").told) == ["HIGH"]


@pytest.mark.parametrize(
    ("title", "days", "success"),
    [
        ("met on one day before", (5,), {}),
        ("met first two days ago", (2, 1), {}),
        ("in by another browser", (5, 4), {"agent_family": "curl"}),
        ("in from another country", (5, 4), {"country": "BR"}),
        ("in through a vpn", (5, 4), {"network": "vpn"}),
        ("nothing known of the device", (5, 4), {"agent_family": ""}),
    ],
)
def test_what_is_not_usual_stays_high(title: str, days: tuple[int, ...], success: dict[str, Any]) -> None:
    assert severities(A2, guess(ann(title, days=days), 12, **success).told) == ["HIGH"]


def test_failures_with_an_expired_password_are_info() -> None:
    story = Story("renewed", reason="expired")
    for n in range(150):
        story.tell(LOGIN_FAILED, NINE + n * SECOND)
    story.tell(LOGIN_SUCCEEDED, NINE + 5 * MINUTE, reason="")
    assert severities(A2, story.told) == ["INFO"]
    story = Story("renewed, and one bad", reason="expired")
    story.tell(LOGIN_FAILED, NINE - SECOND, reason="bad_password")
    for n in range(150):
        story.tell(LOGIN_FAILED, NINE + n * SECOND)
    story.tell(LOGIN_SUCCEEDED, NINE + 5 * MINUTE, reason="")
    assert severities(A2, story.told) == ["HIGH"]


def test_a_flood_says_at_least() -> None:
    story = guessed("flood", 200)
    (finding,) = findings(A2, story.told)
    assert (finding.observed, finding.evidence.at_least) == (200.0, True)
    assert finding.evidence == evidence(story.ids(-129), count=201)


def test_an_old_failure_is_not_remembered() -> None:
    story = guessed("old", 12, gap=40 * MINUTE)
    assert fold(A2, story.told)[0] == A2.initial()


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        LoginAfterFailures(low=20)
    assert str(refused.value) == "login_after_failures: threshold is 10; it must be from 20 to 10,000"
