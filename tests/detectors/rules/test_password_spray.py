"""A3: one address tries many accounts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors import parts, spraying
from detectors.base import Finding, token
from detectors.fold import fold
from detectors.rules.password_spray import PasswordSpray, PasswordSprayBefore
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.activity import Activity
from domain.alert import Severity, evidence
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import SettingsInvalid
from tests.detectors.story import MIDNIGHT, Story, findings, last, tokens

NINE = MIDNIGHT + 9 * HOUR
A3 = PasswordSpray()


def fail(story: Story, at: int, who: object, **fields: Any) -> None:
    story.tell(LOGIN_FAILED, at, actor_login=f"{who}@acme.example", **{"reason": "bad_password", **fields})


def succeed(story: Story, at: int, who: object, **fields: Any) -> None:
    story.tell(LOGIN_SUCCEEDED, at, actor_login=f"{who}@acme.example", **fields)


def spraying_ten(title: str, users: int = 10, gap: int = 24 * SECOND, at: int = NINE, **fields: Any) -> Story:
    """So many users once each."""
    story = Story(title)
    for n in range(users):
        fail(story, at + n * gap, n, **fields)
    return story


def office(title: str, *, people: int = 180, days: tuple[int, ...] = (6, 5, 4, 3, 0)) -> Story:
    """So many people sign in on each of these days before the morning, one every 10 s from eight o'clock."""
    story = Story(title)
    for day in days:
        for n in range(people):
            succeed(story, NINE - HOUR - day * DAY + n * 10 * SECOND, f"p{n}")
    return story


def mistyping(story: Story, people: int, gap: int, at: int = NINE) -> Story:
    """People of the office who fail once and get in 5 s later."""
    for n in range(people):
        fail(story, at + n * gap, f"p{n}")
        succeed(story, at + n * gap + 5 * SECOND, f"p{n}")
    return story


def found(told: list[Activity], arm: str, of: PasswordSpray = A3) -> list[Finding]:
    return [finding for each in fold(of, told)[1] for finding in each if finding.arm == arm]


def judged(told: list[Activity], arm: str, of: PasswordSpray = A3) -> list[tuple[str, float]]:
    return [(finding.severity.name, finding.observed) for finding in found(told, arm, of)]


TEN = spraying_ten("ten users once each in 4 m")
HEADQUARTERS = mistyping(office("ten typos behind headquarters while 180 succeed"), 10, 20 * SECOND)
FIRES = {"ten users once each in 4 m": TEN.told}
SILENT = {
    "10 typos behind headquarters while 180 succeed": HEADQUARTERS.told,
    "nine users once each": spraying_ten("nine users", 9).told,
    "a locked directory": spraying_ten("a locked directory", 40, SECOND, reason="locked").told,
    "an outage": spraying_ten("an outage", 40, SECOND, reason="outage").told,
    "a day of expired passwords": spraying_ten("expired", 40, SECOND, reason="expired").told,
}


def test_fires_on_ten_users_once_each() -> None:
    assert found(TEN.told, "spray") == [
        Finding(
            arm="spray",
            severity=Severity.HIGH,
            observed=10.0,
            threshold=10.0,
            parts={
                "ip": token(tokens("203.0.113.9")),
                "u": 10,
                "n": 10,
                "span": parts.span(216 * SECOND),
                "s": 0,
                "why": "10 accounts or more failed",
            },
            baseline={"users": 0, "days": 0},
            evidence=evidence(TEN.ids()),
        )
    ]


def test_silent_behind_headquarters_while_180_succeed() -> None:
    assert findings(A3, HEADQUARTERS.told) == []


@pytest.mark.parametrize(("after", "fires"), [(299_999, True), (300_000, False)])
def test_the_window_is_open_at_its_far_end(after: int, fires: bool) -> None:
    story = spraying_ten(f"edge {after}", 9, SECOND)
    fail(story, NINE + after, "tenth")
    assert bool(found(story.told, "spray")) is fires


@pytest.mark.parametrize(("times", "fires"), [(6, True), (7, False)])
def test_users_with_more_than_six_failures_are_left_out(times: int, fires: bool) -> None:
    story = Story(f"left out {times}")
    for n in range(times):
        fail(story, NINE + n * SECOND, "loud")
    for n in range(9):
        fail(story, NINE + MINUTE + n * SECOND, n)
    assert judged(story.told, "spray") == ([("HIGH", 10.0)] if fires else [])
    if not fires:
        fail(story, NINE + 2 * MINUTE, "tenth")
        (finding,) = found(story.told, "spray")
        assert (finding.parts["u"], finding.parts["n"], finding.parts["span"]) == (10, 10, parts.span(MINUTE))
        assert finding.evidence == evidence(story.ids(7))


def test_a_user_is_a_login_or_without_one_an_actor() -> None:
    story = Story("actors")
    for n in range(10):
        story.tell(LOGIN_FAILED, NINE + n * SECOND, actor_id=f"u{n}", reason="bad_password")
    assert judged(story.told, "spray") == [("HIGH", 10.0)]
    nobody = Story("nobody", actor_id="")
    for n in range(30):
        nobody.tell(LOGIN_FAILED, NINE + n * SECOND, reason="bad_password")
        nobody.tell(LOGIN_SUCCEEDED, NINE + n * SECOND)
    assert fold(A3, nobody.told)[0] == A3.initial()


def test_many_users_in_one_second_all_count_and_one_user_once() -> None:
    story = Story("one second")
    for n in range(10):
        fail(story, NINE, n)
        fail(story, NINE + 1, n)
    assert [(finding.parts["u"], finding.parts["n"]) for finding in found(story.told, "spray")] == [(10, 10)]


def test_a_request_counts_once() -> None:
    story = Story("requests")
    for n in range(20):
        fail(story, NINE + n * SECOND, n, request_id=f"r{n % 9}")
    assert found(story.told, "spray") == []


@pytest.mark.parametrize("reason", ["locked", "outage"])
def test_locked_and_outage_count_in_no_arm(reason: str) -> None:
    story = spraying_ten(f"none of {reason}", 60, SECOND, reason=reason)
    for n in range(9):
        fail(story, NINE + n * SECOND + 70_000, f"x{n}")
    assert findings(A3, story.told) == []


def test_expired_passwords_alone_are_info_even_when_renewed_and_count_with_others() -> None:
    story = spraying_ten("expired", 40, 2 * SECOND, reason="expired")
    succeed(story, NINE + 2 * MINUTE, 3)
    alone = [finding for each in fold(A3, story.told)[1] for finding in each]
    assert {finding.severity for finding in alone} == {Severity.INFO}
    assert {finding.parts["suppressed"] for finding in alone} == {"every failure says that the password has expired"}
    mixed = spraying_ten("mixed", 9, SECOND, reason="expired")
    fail(mixed, NINE + MINUTE, "tenth")
    assert judged(mixed.told, "spray") == [("HIGH", 10.0)]


def test_stuffing_is_fifteen_users_and_twenty_five_tries() -> None:
    story = Story("stuffing")
    for n in range(14):
        for again in range(2):
            fail(story, NINE + (n * 2 + again) * 30 * SECOND, n)
    assert found(story.told, "stuffing") == []
    fail(story, NINE + 14 * MINUTE + 30 * SECOND, "fifteenth")
    (finding,) = found(story.told, "stuffing")
    assert (finding.observed, finding.threshold, finding.parts["n"]) == (15.0, 15.0, 29)
    assert finding.parts["why"] == "15 accounts or more failed, 25 times or more"
    assert finding.evidence == evidence(story.ids())
    few = spraying_ten("fifteen once", 24, 36 * SECOND)
    assert found(few.told, "stuffing") == []


@pytest.mark.parametrize(("loud", "fires"), [(3, True), (4, False)])
def test_stuffing_needs_eighty_percent_with_two_tries_at_most(loud: int, fires: bool) -> None:
    story = Story(f"{loud} of fifteen three times")
    for n in range(15):
        for again in range(3 if n < loud else 2):
            fail(story, NINE + (again * 15 + n) * 10 * SECOND, n)
    assert bool([finding for finding in last(A3, story.told) if finding.arm == "stuffing"]) is fires


def test_slow_is_fifteen_users_in_a_day_three_times_at_most() -> None:
    story = spraying_ten("slow", 15, 100 * MINUTE)
    assert judged(story.told, "slow") == [("MEDIUM", 15.0)]
    assert judged(spraying_ten("slower", 15, 103 * MINUTE).told, "slow") == []
    loud = Story("louder")
    for n in range(4):
        fail(loud, NINE - HOUR + n * MINUTE, 0)
    for n in range(14):
        fail(loud, NINE + n * 10 * MINUTE, n + 1)
    assert found(loud.told, "slow") == []


@pytest.mark.parametrize(("people", "severity"), [(20, "LOW"), (19, "MEDIUM")])
def test_slow_is_low_on_a_day_when_twenty_people_signed_in(people: int, severity: str) -> None:
    story = office(f"new office of {people}", people=people, days=(0,))
    for n in range(15):
        fail(story, NINE + n * 10 * MINUTE, f"p{n}")
    assert judged(story.told, "slow") == [(severity, 15.0)]


def test_a_success_leaves_a_low_alert_low() -> None:
    story = mistyping(office("typos of a new office", people=20, days=(0,)), 15, 10 * MINUTE)
    assert {severity for severity, _ in judged(story.told, "slow")} == {"LOW"}


def test_a_learned_egress_has_three_times_the_thresholds() -> None:
    story = office("learned", people=20)
    for n in range(29):
        fail(story, NINE + n * SECOND, f"x{n}")
    assert found(story.told, "spray") == []
    fail(story, NINE + 30 * SECOND, "thirtieth")
    (finding,) = found(story.told, "spray")
    assert (finding.severity, finding.threshold, finding.observed) == (Severity.HIGH, 30.0, 30.0)
    assert finding.baseline == {"users": 20, "days": 5}
    assert finding.parts["why"] == (
        "30 accounts or more failed, 60 % of all sign-ins or more, at an address where many people sign in"
    )


@pytest.mark.parametrize(
    ("ip", "network", "threshold"),
    [
        ("203.0.113.9", "corporate", 30.0),
        ("203.0.113.9", "hosting", 10.0),
        ("172.20.0.9", "corporate", 10.0),
        ("fd00::9", "corporate", 10.0),
    ],
)
def test_an_egress_that_the_company_stated_needs_no_days_to_learn(ip: str, network: str, threshold: float) -> None:
    story = Story(f"stated {ip} {network}")
    for n in range(30):
        fail(story, NINE + n * SECOND, f"x{n}")
    told = [msgspec.structs.replace(each, ip=ip, network=network) for each in story.told]
    (finding,) = found(told, "spray")[:1]
    assert (finding.threshold, finding.observed) == (threshold, threshold)
    if threshold > 10:
        assert str(finding.parts["why"]).endswith("60 % of all sign-ins or more, at an egress of the company")


def test_the_version_before_knows_only_what_it_learned() -> None:
    story = Story("stated, judged by version 1")
    for n in range(30):
        fail(story, NINE + n * SECOND, f"x{n}")
    told = [msgspec.structs.replace(each, ip="203.0.113.9", network="corporate") for each in story.told]
    (finding,) = found(told, "spray", PasswordSprayBefore())[:1]
    assert (finding.threshold, PasswordSprayBefore.spec.slot, PasswordSpray.spec.slot) == (
        10.0,
        "password_spray.v1",
        "password_spray.v2",
    )


@pytest.mark.parametrize(("succeeded", "fires"), [(20, True), (21, False)])
def test_a_learned_egress_needs_sixty_percent_failures(succeeded: int, fires: bool) -> None:
    story = office(f"share {succeeded}", days=(6, 5, 4, 3, 2))
    for n in range(succeeded):
        succeed(story, NINE - SECOND, f"p{n}")
    for n in range(30):
        fail(story, NINE + n * SECOND, f"x{n}")
    assert bool(found(story.told, "spray")) is fires


@pytest.mark.parametrize(
    ("title", "people", "days"),
    [("19 people", 19, (6, 5, 4, 3, 2)), ("4 days", 180, (6, 5, 4, 3)), ("a week ago", 180, (11, 10, 9, 8, 3))],
)
def test_what_is_not_a_learned_egress(title: str, people: int, days: tuple[int, ...]) -> None:
    story = office(title, people=people, days=days)
    for n in range(10):
        fail(story, NINE + n * SECOND, f"x{n}")
    assert judged(story.told, "spray") == [("HIGH", 10.0)]


def test_the_same_days_of_the_week_before_are_forgotten_after_seven_days() -> None:
    for late, threshold in ((-1, 30.0), (0, 10.0)):
        story = Story(f"forgotten {late}")
        for day in (6, 5, 4, 3, 2):
            for n in range(20):
                succeed(story, NINE - day * DAY, f"p{n}")
        for n in range(30):
            fail(story, NINE + DAY + late, f"x{n}")
        assert found(story.told, "spray")[-1].threshold == threshold


@pytest.mark.parametrize(("after", "severity"), [(HOUR, ["HIGH", "CRITICAL"]), (HOUR + 1, ["HIGH"])])
def test_a_success_of_a_tried_account_within_an_hour_is_critical(after: int, severity: list[str]) -> None:
    story = spraying_ten(f"success {after}")
    succeed(story, story.told[-1].occurred_at + after, 4)
    assert [each for each, _ in judged(story.told, "spray")] == severity


def test_the_success_is_told_and_is_evidence() -> None:
    story = spraying_ten("success told")
    succeed(story, NINE + 10 * MINUTE, 4)
    finding = found(story.told, "spray")[-1]
    assert finding.parts == {
        **found(TEN.told, "spray")[0].parts,
        "s": 1,
        "why": "10 accounts or more failed, and one of them got in from there within an hour",
    }
    assert finding.evidence == evidence(story.ids())


def test_each_arm_that_fired_tells_of_the_success() -> None:
    story = spraying_ten("all arms", 30, 5 * SECOND)
    succeed(story, NINE + 10 * MINUTE, 4)
    assert [(finding.arm, finding.severity.name, finding.observed) for finding in last(A3, story.told)] == [
        ("spray", "CRITICAL", 30.0),
        ("stuffing", "CRITICAL", 30.0),
        ("slow", "CRITICAL", 30.0),
    ]


def test_a_success_in_the_middle_of_the_tries_is_critical_at_the_threshold() -> None:
    story = spraying_ten("middle", 5, SECOND)
    succeed(story, NINE + 10 * SECOND, 4)
    for n in range(5):
        fail(story, NINE + MINUTE + n * SECOND, f"x{n}")
    (finding,) = found(story.told, "spray")
    assert (finding.severity, finding.parts["s"]) == (Severity.CRITICAL, 1)
    assert finding.evidence == evidence(story.ids())


def test_an_account_that_gets_in_at_its_first_try_is_a_success_of_the_spray() -> None:
    story = spraying_ten("first try")
    succeed(story, NINE + 5 * MINUTE, "the one with that password")
    assert [(f.severity.name, f.parts["s"]) for f in found(story.told, "spray")] == [("HIGH", 0), ("CRITICAL", 1)]


def test_who_signs_in_there_anyway_and_was_not_tried_is_no_success_of_the_spray() -> None:
    story = Story("resident")
    succeed(story, NINE - 2 * DAY, "resident")
    for n in range(10):
        fail(story, NINE + n * SECOND, n)
    succeed(story, NINE + MINUTE, "resident")
    assert judged(story.told, "spray") == [("HIGH", 10.0)]
    busy = office("busy", people=20, days=(0,))
    for n in range(10):
        fail(busy, NINE + n * SECOND, f"x{n}")
    succeed(busy, NINE + MINUTE, "a new colleague")
    assert judged(busy.told, "spray") == [("HIGH", 10.0)]


def test_who_got_in_before_being_tried_is_no_success_of_the_spray() -> None:
    story = Story("before")
    fail(story, NINE - 10 * MINUTE, 4)
    succeed(story, NINE - 9 * MINUTE, 4)
    for n in range(10):
        fail(story, NINE + n * SECOND, n)
    assert judged(story.told, "spray") == [("HIGH", 10.0)]


@pytest.mark.parametrize(("before", "severity"), [(HOUR, "CRITICAL"), (HOUR + 1, "MEDIUM")])
def test_a_success_long_before_a_slow_arm_fires_is_none_of_it(before: int, severity: str) -> None:
    story = spraying_ten(f"long before {before}", 14, 10 * MINUTE)
    succeed(story, NINE + 140 * MINUTE, 4)
    fail(story, NINE + 140 * MINUTE + before, "fifteenth")
    assert judged(story.told, "slow") == [(severity, 15.0)]


def test_one_device_with_an_old_password_hides_nothing() -> None:
    story, beside = Story("old device"), range(0, 12 * HOUR, 48 * MINUTE)
    for n in range(0, 12 * HOUR, 10 * SECOND):
        fail(story, NINE + n, "device")
        if n in beside:
            fail(story, NINE + n, n)
    assert judged(story.told, "slow")[0] == ("MEDIUM", 15.0)
    assert len(fold(A3, story.told)[0].tries.at) == 75 + 15


def test_a_flood_of_accounts_is_bounded_and_says_at_least() -> None:
    story = spraying_ten("flood", 3_000, 50)
    finding = found(story.told, "spray")[-1]
    assert (finding.observed, finding.evidence.at_least) == (float(spraying.KEEP), True)
    assert finding.evidence == msgspec.structs.replace(evidence(story.ids(-spraying.KEEP)), at_least=True)
    succeed(story, NINE + 5 * MINUTE, 2_999)
    assert found(story.told, "spray")[-1].severity == Severity.CRITICAL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"users": 1}, "password_spray: users is 1; it must be from 2 to 170"),
        ({"each": 0}, "password_spray: each is 0; it must be from 1 to 50"),
        ({"egress_users": 200}, "password_spray: egress_users is 200; it must be from 2 to 128"),
        ({"egress_days": 8}, "password_spray: egress_days is 8; it must be from 1 to 7"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        PasswordSpray(**settings)
    assert str(refused.value) == message


def test_settings_are_obeyed() -> None:
    story = spraying_ten("settings", 5, SECOND)
    assert judged(story.told, "spray", PasswordSpray(users=4)) == [("HIGH", 4.0), ("HIGH", 5.0)]
