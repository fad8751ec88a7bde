"""Password spray by its definition, written quadratically and without any state, against the fold."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fold import fold
from detectors.rules.password_spray import PasswordSpray
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.activity import Activity
from domain.alert import Severity
from domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.detectors.story import MIDNIGHT, Story

#: Small numbers, so that a few events meet them; the relations between them are those of production.
A3 = PasswordSpray(
    users=3, each=2, stuffing_users=3, stuffing_tries=5, slow_users=4, slow_each=1, egress_users=3, egress_days=2
)
#: arm, span, users, tries, each
WAYS = (("spray", 5 * MINUTE, 3, 0, 2), ("stuffing", 15 * MINUTE, 3, 5, None), ("slow", DAY, 4, 0, 1))
EVENT = st.tuples(
    st.sampled_from([LOGIN_FAILED, LOGIN_FAILED, LOGIN_FAILED, LOGIN_SUCCEEDED]),
    st.sampled_from([0, 0, 300, SECOND, 20 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR - 1, HOUR, DAY, 7 * DAY]),
    st.sampled_from(["bad_password", "bad_password", "unknown_user", "expired", "expired", "locked", "outage"]),
    st.sampled_from(["", "", "", "r1", "r2"]),
    st.sampled_from(["ms", "ms", "s", "min"]),
    st.integers(0, 9),
    st.integers(1, 9),
)
#: Offices: days on which some people sign in, and then failures among them.
OFFICE = st.tuples(
    st.just(LOGIN_SUCCEEDED),
    st.sampled_from([SECOND, MINUTE, 6 * HOUR, DAY - MINUTE]),
    st.just(""),
    st.just(""),
    st.just("ms"),
    st.integers(0, 9),
    st.integers(2, 5),
)
BURST = st.tuples(
    st.just(LOGIN_FAILED),
    st.sampled_from([300, SECOND, 20 * SECOND]),
    st.sampled_from(["bad_password", "bad_password", "expired"]),
    st.just(""),
    st.just("ms"),
    st.integers(0, 9),
    st.integers(4, 12),
)


def telling(events: list[tuple[str, int, str, str, str, int, int]]) -> list[Activity]:
    """Each event a run of neighbouring accounts, one after the other."""
    story, at = Story("spray"), MIDNIGHT
    for action, gap, reason, request, precision, who, times in events:
        for n in range(times):
            at += gap if n == 0 or gap < MINUTE else SECOND
            story.tell(
                action,
                at,
                actor_login=f"{(who + n) % 14}@acme.example" if who else "",
                actor_id=f"u{n % 2}" if n else "",
                reason=reason if action == LOGIN_FAILED else "",
                request_id=request and f"{request}-{n // 2}",
                time_precision=precision,
            )
    return story.told


def who(activity: Activity) -> str:
    return activity.login_token or activity.actor_token


def counted(told: list[Activity]) -> list[Activity]:
    """The failures of somebody that are the first of their request, or of their account and second, within a day."""
    failed = [a for a in told if a.action == LOGIN_FAILED and a.reason not in ("locked", "outage") and who(a)]

    def alike(one: Activity, other: Activity) -> bool:
        if one.request_id or other.request_id:
            return one.request_id == other.request_id
        if "min" in (one.time_precision, other.time_precision):
            return False
        return who(one) == who(other) and one.occurred_at // SECOND == other.occurred_at // SECOND

    return [
        failure
        for place, failure in enumerate(failed)
        if not any(alike(failure, o) and failure.occurred_at - o.occurred_at < DAY for o in failed[:place])
    ]


Said = tuple[str, int, int, int, int, int]
Fired = tuple[str, int, int, int, int, int, int]


def fires(told: list[Activity], place: int) -> list[Fired]:
    """What each arm says about the failure at `place`: arm, when, first try, accounts, tries, threshold, severity."""
    at, past = told[place].occurred_at, told[: place + 1]
    failed = counted(past)
    if told[place] not in failed:
        return []
    came = [a for a in past if a.action == LOGIN_SUCCEEDED and who(a)]
    lately = [a for a in came if a.occurred_at > at - 7 * DAY]
    learned = len({who(a) for a in lately}) >= 3 and len({a.occurred_at // DAY for a in lately}) >= 2
    factor, found = 3 if learned else 1, []
    for arm, span, users, tries, each in WAYS:
        within = [a for a in failed if a.occurred_at > at - span]
        per = Counter(who(a) for a in within)
        kept = [a for a in within if each is None or per[who(a)] <= each]
        accounts = {who(a) for a in kept}
        succeeded = sum(1 for a in came if a.occurred_at > at - span)
        if len(accounts) < factor * users or len(kept) < factor * tries:
            continue
        if each is None and sum(1 for times in per.values() if times <= 2) < 0.8 * len(per):
            continue
        if learned and len(kept) < 0.6 * (len(kept) + succeeded):
            continue
        day = {who(a) for a in came if a.occurred_at > at - DAY}
        severity = Severity.MEDIUM if arm == "slow" else Severity.HIGH
        if arm == "slow" and not learned and len(day) >= 3:
            severity = Severity.LOW
        if all(a.reason == "expired" for a in within):
            severity = Severity.INFO
        found.append((arm, at, kept[0].occurred_at, len(accounts), len(kept), factor * users, int(severity)))
    return found


def hit(told: list[Activity], place: int) -> int | None:
    """When the account that got in at `place` was tried; None when that says nothing."""
    success = told[place]
    if success.action != LOGIN_SUCCEEDED or not who(success):
        return None
    at, past = success.occurred_at, told[:place]
    known = {who(a) for a in past if a.action == LOGIN_SUCCEEDED and who(a) and a.occurred_at > at - 7 * DAY}
    if len(known) < 3 and who(success) not in known:
        return at
    tried = [a.occurred_at for a in counted(past) if who(a) == who(success) and a.occurred_at > at - DAY - HOUR]
    return tried[-1] if tried else None


def says(told: list[Activity], place: int) -> list[Said]:
    """The findings at `place`: arm, severity, accounts, tries, successes, threshold."""
    at = told[place].occurred_at
    of = fires(told, place)
    if hit(told, place) is not None:
        earlier = [each for other in range(place) for each in fires(told, other) if each[1] >= at - HOUR]
        of = [
            [e for e in earlier if e[0] == arm][-1]  # the last time, though it may say what an earlier one said
            for arm, *_ in WAYS
            if arm in {e[0] for e in earlier}
        ]
    found = []
    for arm, when, since, users, tries, threshold, severity in of:
        hits = set()
        for other in range(place + 1):
            tried = hit(told, other)
            if tried is not None and tried >= since and told[other].occurred_at >= when - HOUR:
                hits.add(who(told[other]))
        raised = severity if severity < Severity.MEDIUM or not hits else int(Severity.CRITICAL)
        found.append((arm, raised, users, tries, len(hits), threshold))
    return found


def found_by_the_fold(told: list[Activity]) -> list[list[Said]]:
    def number(value: object) -> int:
        assert isinstance(value, int)
        return value

    return [
        [
            (f.arm, int(f.severity), int(f.observed), number(f.parts["n"]), number(f.parts["s"]), int(f.threshold))
            for f in each
        ]
        for each in fold(A3, told)[1]
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=12).map(telling))
def test_sprays_are_what_the_definition_says(told: list[Activity]) -> None:
    assert found_by_the_fold(told) == [says(told, place) for place in range(len(told))]


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(st.lists(OFFICE, min_size=2, max_size=5), st.lists(BURST, min_size=1, max_size=3)).map(
        lambda t: telling(t[0] + t[1])
    )
)
def test_sprays_behind_an_office_are_what_the_definition_says(told: list[Activity]) -> None:
    assert found_by_the_fold(told) == [says(told, place) for place in range(len(told))]
