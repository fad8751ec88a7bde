"""A1: ten failed sign-ins in ten minutes."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import parts
from detectors.base import Finding, token
from detectors.fold import fold
from detectors.rules.failed_login_burst import FailedLoginBurst
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.alert import Severity, evidence
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import SettingsInvalid
from tests.detectors.story import MIDNIGHT, Story, findings, last, severities, tokens

NINE = MIDNIGHT + 9 * HOUR
A1 = FailedLoginBurst()


def failing(title: str, times: list[int], **usually: Any) -> Story:
    story = Story(title, reason="bad_password", **usually)
    for at in times:
        story.tell(LOGIN_FAILED, at)
    return story


def own_device(title: str, *, days: tuple[int, ...] = (5, 4), **usually: Any) -> Story:
    """Successes on earlier days, all from one device in one country."""
    story = Story(title, country="DE", **{"device_id": "laptop-1", **usually})
    for day in days:
        story.tell(LOGIN_SUCCEEDED, NINE - day * DAY)
    return story


def ten_failures(story: Story, **fields: Any) -> Story:
    for n in range(10):
        story.tell(LOGIN_FAILED, NINE + n * 10 * SECOND, **{"reason": "bad_password", **fields})
    return story


TEN = failing("ten in 9 m 59 s", [NINE + n * 66 * SECOND for n in range(9)] + [NINE + 599 * SECOND])
NINE_AND_ONE = failing(
    "nine, the tenth 10 m after the first", [NINE + n * 60 * SECOND for n in range(9)] + [NINE + 600 * SECOND]
)
FIRES = {"ten in 9 m 59 s": TEN.told}
SILENT = {
    "nine, the tenth exactly 10 m after the first": NINE_AND_ONE.told,
    "own laptop with an old password": ten_failures(own_device("own laptop")).told,
    "locked out": ten_failures(Story("locked out"), reason="locked").told,
    "an expired password": ten_failures(Story("an expired password"), reason="expired").told,
}


def test_fires_on_ten_failures_within_ten_minutes() -> None:
    assert findings(A1, TEN.told) == [
        Finding(
            arm="count",
            severity=Severity.MEDIUM,
            observed=10.0,
            threshold=10.0,
            parts={
                "n": 10,
                "actor": token(tokens("u7")),
                "span": parts.span(599 * SECOND),
                "k": 1,
                "p99": 0,
                "why": "10 failures or more in the window",
            },
            baseline={"daily_peak_p99": 0, "days": 0},
            evidence=evidence(TEN.ids()),
        )
    ]


def test_silent_when_the_tenth_comes_ten_minutes_after_the_first() -> None:
    assert findings(A1, NINE_AND_ONE.told) == []


@pytest.mark.parametrize(("after", "fires"), [(599_999, True), (600_000, False), (600_001, False)])
def test_the_window_is_open_at_its_far_end(after: int, fires: bool) -> None:
    story = failing(f"edge {after}", [NINE + n * SECOND for n in range(9)] + [NINE + after])
    assert bool(findings(A1, story.told)) is fires


def test_without_a_request_id_an_address_counts_once_a_second() -> None:
    story = Story("one second", reason="bad_password")
    for n in range(20):
        story.tell(LOGIN_FAILED, NINE + n * 100)  # two seconds
    for n in range(7):
        story.tell(LOGIN_FAILED, NINE + 1_999, ip=f"198.51.100.{n}")
    assert findings(A1, story.told) == []
    story.tell(LOGIN_FAILED, NINE + 1_999, ip="")
    story.tell(LOGIN_FAILED, NINE + 1_999, ip="")
    assert [(finding.observed, finding.parts["k"]) for finding in findings(A1, story.told)] == [(10.0, 9)]


def test_each_failure_counts_where_the_source_tells_only_minutes() -> None:
    story = failing("minutes", [NINE] * 10, time_precision="min")
    assert [finding.observed for finding in findings(A1, story.told)] == [10.0]


def test_with_a_request_id_a_failure_counts_once_per_request() -> None:
    story = Story("requests", reason="bad_password")
    for n in range(10):
        story.tell(LOGIN_FAILED, NINE, request_id=f"r{n}")
        story.tell(LOGIN_FAILED, NINE + MINUTE, request_id="r0")
    assert [finding.observed for finding in findings(A1, story.told)] == [10.0]


def test_a_repeated_request_is_a_repetition_however_often_it_comes() -> None:
    story = failing("repeats", [NINE + n * 9 * MINUTE for n in range(40)], request_id="r1")
    assert fold(A1, story.told)[0].signins.window.count == 0


@pytest.mark.parametrize("reason", ["locked", "outage"])
def test_locked_and_outage_do_not_count(reason: str) -> None:
    assert findings(A1, ten_failures(Story(reason), reason=reason).told) == []


def test_expired_passwords_alone_are_info_and_count_with_others() -> None:
    story = failing("expired", [NINE + n * SECOND for n in range(60)])
    expired = Story("expired alone")
    for n in range(200):
        expired.tell(LOGIN_FAILED, NINE + n * SECOND, reason="expired")
    assert set(severities(A1, expired.told)) == {"INFO"}
    mixed = ten_failures(Story("expired and one bad"), reason="expired")
    mixed.tell(LOGIN_FAILED, NINE + 2 * MINUTE, reason="bad_password")
    assert severities(A1, mixed.told) == ["INFO", "MEDIUM"]
    assert severities(A1, story.told)[-1] == "HIGH"


def test_bands_rise_at_fifty_in_the_window() -> None:
    story = failing("fifty", [NINE + n * 10 * SECOND for n in range(50)])
    assert severities(A1, story.told) == ["MEDIUM"] * 40 + ["HIGH"]


def test_fifty_in_the_episode_are_high_though_no_window_holds_them() -> None:
    story = failing("slow", [NINE + n * 60 * SECOND for n in range(60)])
    found = findings(A1, story.told)
    assert {finding.observed for finding in found} == {10.0}
    assert [finding.severity.name for finding in found] == ["MEDIUM"] * 40 + ["HIGH"] * 11
    assert found[-1].parts["why"] == "50 failures or more in the episode"


def test_an_episode_ends_after_an_hour_without_a_finding() -> None:
    first = [NINE + n * 60 * SECOND for n in range(40)]
    again = [first[-1] + pause for pause in range(52 * MINUTE, 92 * MINUTE, MINUTE)]  # its tenth comes 61 m later
    story = failing("two episodes", first + again)
    assert set(severities(A1, story.told)) == {"MEDIUM"}
    sooner = failing("one episode", first + [at - MINUTE for at in again])
    assert severities(A1, sooner.told)[-1] == "HIGH"


def test_a_privileged_login_is_high_by_its_last_success() -> None:
    story = Story("privileged")
    story.tell(LOGIN_SUCCEEDED, NINE - DAY, privileged=True)
    assert severities(A1, ten_failures(story).told) == ["HIGH"]
    story = Story("no longer privileged")
    story.tell(LOGIN_SUCCEEDED, NINE - 2 * DAY, privileged=True)
    story.tell(LOGIN_SUCCEEDED, NINE - DAY, privileged=False)
    assert severities(A1, ten_failures(story).told) == ["MEDIUM"]
    story = Story("privileged long ago")
    story.tell(LOGIN_SUCCEEDED, NINE - 29 * DAY, privileged=True)
    assert severities(A1, ten_failures(story).told) == ["MEDIUM"]


def test_all_from_the_own_device_is_info() -> None:
    (finding,) = findings(A1, ten_failures(own_device("own")).told)
    assert finding.severity == Severity.INFO
    assert finding.parts["suppressed"] == "every failure came from the usual device and place of this login"


@pytest.mark.parametrize(
    ("title", "days", "usually", "fields"),
    [
        ("met on one day", (5,), {}, {}),
        ("met first two days ago", (2, 1), {}, {}),
        ("through a vpn", (5, 4), {"network": "vpn"}, {}),
        ("through tor", (5, 4), {"network": "tor"}, {}),
        ("through a relay", (5, 4), {"network": "relay"}, {}),
        ("through hosting", (5, 4), {"network": "hosting"}, {}),
        ("failing through a vpn", (5, 4), {}, {"network": "vpn"}),
        ("another device", (5, 4), {}, {"device_id": "phone-2"}),
        ("another country", (5, 4), {}, {"country": "BR"}),
        ("a browser like anybody's", (5, 4), {"device_id": "", "agent_family": "Chrome"}, {}),
        ("forgotten", (40, 35), {}, {}),
    ],
)
def test_what_is_not_the_own_device_stays_medium(
    title: str, days: tuple[int, ...], usually: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert severities(A1, ten_failures(own_device(title, days=days, **usually), **fields).told) == ["MEDIUM"]


def test_the_usual_browser_and_place_is_info_when_the_password_is_known_to_have_expired() -> None:
    story = own_device("phone", device_id="", agent_family="iOS Mail")
    story.tell(LOGIN_FAILED, NINE - SECOND, reason="expired")
    assert severities(A1, ten_failures(story).told) == ["INFO", "INFO"]


def test_one_failure_from_elsewhere_ends_the_suppression() -> None:
    story = ten_failures(own_device("elsewhere"))
    story.tell(LOGIN_FAILED, NINE + 2 * MINUTE, device_id="", reason="bad_password")
    assert severities(A1, story.told) == ["INFO", "MEDIUM"]


def test_usual_is_the_largest_ten_minute_count_of_earlier_days() -> None:
    story = failing(
        "usual", [NINE - 3 * DAY + n * SECOND for n in range(4)] + [NINE - DAY + n * SECOND for n in range(7)]
    )
    (finding,) = findings(A1, ten_failures(story).told)
    assert finding.parts["p99"] == 7
    assert finding.baseline == {"daily_peak_p99": 7, "days": 2}


def test_a_flood_counts_on_and_says_at_least() -> None:
    story = failing("flood", [NINE + n * SECOND for n in range(500)])
    (finding,) = last(A1, story.told)
    assert (finding.observed, finding.severity) == (500.0, Severity.HIGH)
    assert finding.evidence == evidence(story.ids(-128), count=500)
    assert finding.evidence.at_least


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 1}, "failed_login_burst: threshold is 1; it must be from 2 to 10,000"),
        ({"high": 5}, "failed_login_burst: high is 5; it must be from 10 to 1,000"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        FailedLoginBurst(**settings)
    assert str(refused.value) == message


def test_settings_are_obeyed() -> None:
    story = failing("settings", [NINE + n * SECOND for n in range(5)])
    assert [finding.threshold for finding in findings(FailedLoginBurst(threshold=4), story.told)] == [4.0, 4.0]
