"""Bursts and exports by their definitions, written quadratically and without any state, against the fold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Context
from detectors.fold import fold
from detectors.rules.bulk_export import BulkExport
from detectors.rules.failed_login_burst import FailedLoginBurst
from detectors.rules.login_after_failures import LoginAfterFailures
from domain.actions import API_CALLED, DATA_EXPORTED, LOGIN_FAILED, LOGIN_SUCCEEDED, REPORT_VIEWED
from domain.activity import Activity
from domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.detectors.story import MIDNIGHT, Story

GAPS = st.sampled_from(
    [0, 0, 300, SECOND, SECOND, 20 * SECOND, MINUTE, 3 * MINUTE, 599_999, 10 * MINUTE, HOUR - 1, HOUR]
)
FAILURE = st.tuples(
    st.just(LOGIN_FAILED),
    GAPS,
    st.sampled_from(["bad_password", "bad_password", "bad_password", "expired", "locked", "outage"]),
    st.sampled_from(["", "", "r1", "r2", "r3"]),
    st.sampled_from(["203.0.113.9", "198.51.100.4", ""]),
    st.sampled_from(["ms", "ms", "s", "min"]),
    st.integers(1, 9),
)
SUCCESS = st.tuples(
    st.just(LOGIN_SUCCEEDED), GAPS, st.just(""), st.just(""), st.just("203.0.113.9"), st.just("ms"), st.just(1)
)


def sign_ins(events: list[tuple[str, int, str, str, str, str, int]]) -> list[Activity]:
    story, at = Story("sign-ins"), MIDNIGHT
    for action, gap, reason, request, ip, precision, times in events:
        for n in range(times):
            at += gap
            name = f"{request}-{n}" if request else ""
            story.tell(action, at, reason=reason, request_id=name, ip=ip, time_precision=precision)
    return story.told


def counted_failures(told: list[Activity], span: int) -> list[int]:
    """The places of what counts: no earlier failure within `span` had its request, or its address and second."""
    places = []
    for place, failure in enumerate(told):
        if failure.action != LOGIN_FAILED or failure.reason in ("locked", "outage"):
            continue
        earlier = [
            other
            for other in told[:place]
            if other.action == LOGIN_FAILED
            and other.reason not in ("locked", "outage")
            and failure.occurred_at - other.occurred_at < span
        ]
        if failure.request_id:
            repeated = any(other.request_id == failure.request_id for other in earlier)
        elif failure.time_precision in ("ms", "s"):
            repeated = any(
                not other.request_id
                and other.time_precision in ("ms", "s")
                and other.ip_token == failure.ip_token
                and other.occurred_at // SECOND == failure.occurred_at // SECOND
                for other in earlier
            )
        else:
            repeated = False
        if not repeated:
            places.append(place)
    return places


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(FAILURE, FAILURE, FAILURE, SUCCESS), min_size=1, max_size=25).map(sign_ins))
def test_bursts_are_what_the_definition_says(told: list[Activity]) -> None:
    span, counted = 10 * MINUTE, counted_failures(told, 10 * MINUTE)
    state = FailedLoginBurst().initial()
    for place, activity in enumerate(told):
        within = [p for p in counted if p <= place and told[p].occurred_at > activity.occurred_at - span]
        step = FailedLoginBurst().step(state, activity, Context())
        state = step.state
        assert state.signins.window.count == len(within)
        fires = place in counted and len(within) >= 10
        assert [finding.observed for finding in step.findings] == ([float(len(within))] if fires else [])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(FAILURE, FAILURE, SUCCESS), min_size=1, max_size=25).map(sign_ins))
def test_sign_ins_after_failures_are_what_the_definition_says(told: list[Activity]) -> None:
    counted, cleared = counted_failures(told, 35 * MINUTE), -1
    expected: list[float | None] = []
    for place, activity in enumerate(told):
        if activity.action != LOGIN_SUCCEEDED:
            expected.append(None)
            continue
        since = [told[p].occurred_at for p in counted if cleared < p < place]
        number = sum(1 for at in since if at > since[-1] - 20 * MINUTE) if since else 0
        near = bool(since) and activity.occurred_at - since[-1] <= 15 * MINUTE
        expected.append(float(number) if near and number >= 5 else None)
        cleared = place
    found = [each[0].observed if each else None for each in fold(LoginAfterFailures(), told)[1]]
    assert found == expected


SOON = st.sampled_from([0, 0, SECOND, MINUTE, 3 * MINUTE, 4 * MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR - 1, HOUR])
EXECUTION = st.sampled_from(["", "", "", "x1", "x2"])
REPORT = st.sampled_from(["rep-1", "rep-1", "rep-1", "rep-2", ""])
ROWS = st.sampled_from([100, 4_000, 9_000, 12_000])
EXPORT = st.one_of(
    st.tuples(st.just(DATA_EXPORTED), SOON, st.none(), EXECUTION, REPORT, st.none()),
    st.tuples(st.just(REPORT_VIEWED), SOON, ROWS, EXECUTION, REPORT, st.none()),
    st.tuples(st.just(REPORT_VIEWED), SOON, st.one_of(st.none(), ROWS), EXECUTION, REPORT, st.just(True)),
    st.tuples(
        st.sampled_from([DATA_EXPORTED, API_CALLED]), SOON, st.one_of(st.none(), ROWS), EXECUTION, REPORT, st.none()
    ),
)


def taking(events: list[tuple[str, int, int | None, str, str, bool | None]]) -> list[Activity]:
    story, at = Story("taking"), MIDNIGHT
    for action, gap, count, execution, report, exported in events:
        at += gap
        story.tell(
            action,
            at,
            count=count,
            execution_id=execution,
            object_id=report,
            exported=exported if action == REPORT_VIEWED else None,
            channel="api" if action == API_CALLED else "ui",
        )
    return story.told


def is_unit(activity: Activity) -> bool:
    if activity.action == API_CALLED:
        return activity.count is not None
    return activity.action == DATA_EXPORTED or bool(activity.exported)


def tells_size(told: list[Activity], place: int) -> bool:
    """Whether the activity is a report that may tell an export its size: the first row of its execution in an hour."""
    activity = told[place]
    if activity.action != REPORT_VIEWED or activity.count is None or not activity.object_id:
        return False
    if is_unit(activity):
        return gain(told, place) is not None
    return not any(
        other.execution_id == activity.execution_id != ""
        and activity.occurred_at - other.occurred_at < HOUR
        and other.action == REPORT_VIEWED
        and not is_unit(other)
        and other.count is not None
        and other.object_id
        for other in told[:place]
    )


def gain(told: list[Activity], place: int) -> int | None:
    """What a unit adds by what it says itself: what exceeds the earlier rows of its execution; None when nothing does.

    Earlier rows are those that follow one another with less than an hour between them.
    """
    activity, known, at = told[place], None, told[place].occurred_at
    for other in reversed(told[:place]):
        if not is_unit(other) or not activity.execution_id or other.execution_id != activity.execution_id:
            continue
        if at - other.occurred_at >= HOUR:
            break
        known, at = max(known or 0, other.count or 0), other.occurred_at
    count = activity.count or 0
    if known is None:
        return count
    return count - known if count > known else None


def sized(told: list[Activity], place: int, now: int) -> tuple[int, bool]:
    """The rows of a unit as known after the activity at `now`, and whether they are unknown."""
    unit = told[place]
    rows = gain(told, place)
    assert rows is not None
    if unit.count is not None:
        return rows, False
    if unit.action != DATA_EXPORTED or not unit.object_id:
        return 0, True
    changes = [
        p
        for p in range(place, now + 1)
        if told[p].object_id == unit.object_id
        and told[p].occurred_at < unit.occurred_at + HOUR
        and (wants_size(told, p) or tells_size(told, p))
    ]
    moment = changes[-1]
    near = [p for p in range(moment + 1) if told[p].occurred_at > told[moment].occurred_at - 90 * MINUTE]
    exports = [p for p in near if told[p].object_id == unit.object_id and wants_size(told, p)]
    reports = [p for p in near if told[p].object_id == unit.object_id and tells_size(told, p)]
    while exports and reports:
        apart, e, r = min((abs(told[e].occurred_at - told[r].occurred_at), e, r) for e in exports for r in reports)
        if apart > 10 * MINUTE:
            break
        if e == place:
            return (0 if told[r].exported else told[r].count or 0), False
        exports.remove(e)
        reports.remove(r)
    return 0, True


def wants_size(told: list[Activity], place: int) -> bool:
    unit = told[place]
    return (
        unit.action == DATA_EXPORTED and unit.count is None and bool(unit.object_id) and gain(told, place) is not None
    )


def total(told: list[Activity], now: int) -> tuple[int, int]:
    """The rows of the hour that ends at the activity at `now`, and how many exports of unknown size it has."""
    units = [
        p
        for p in range(now + 1)
        if is_unit(told[p]) and gain(told, p) is not None and told[p].occurred_at > told[now].occurred_at - HOUR
    ]
    sizes = [sized(told, p, now) for p in units]
    return sum(rows for rows, _ in sizes), sum(unknown for _, unknown in sizes)


@settings(max_examples=400, deadline=None)
@given(st.lists(EXPORT, min_size=1, max_size=20).map(taking))
def test_exports_are_what_the_definition_says(told: list[Activity]) -> None:
    state = BulkExport().initial()
    for place, activity in enumerate(told):
        step = BulkExport().step(state, activity, Context())
        state = step.state
        rows, unknown = total(told, place)
        assert (state.rows.total, sum(unit.unknown for unit in state.rows.entries)) == (rows, unknown)
        if is_unit(activity) and gain(told, place) is not None and sized(told, place, place)[0]:
            assert [finding.observed for finding in step.findings] == ([float(rows)] if rows > 10_000 else [])


PAST = st.lists(
    st.tuples(st.sampled_from([MINUTE, 50 * MINUTE, HOUR, 5 * HOUR, DAY, 2 * DAY, 3 * DAY]), st.integers(1, 30_000)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(PAST, st.sampled_from([MINUTE, HOUR, 30 * HOUR]), st.integers(0, 1))
def test_the_limit_is_what_the_definition_says(events: list[tuple[int, int]], gap: int, beyond: int) -> None:
    """What brings the hour to the limit is silent, and one row more fires."""
    story, at = Story("limits"), MIDNIGHT
    for before, count in events:
        at += before
        story.tell(DATA_EXPORTED, at, count=count)
    at += gap
    start = at - HOUR
    hours: dict[int, int] = {}
    for past in story.told:
        if past.occurred_at <= start and past.occurred_at // HOUR * HOUR >= start - 14 * DAY:
            hour = past.occurred_at // HOUR
            hours[hour] = hours.get(hour, 0) + (past.count or 0)
    known = [p.occurred_at for p in story.told if p.occurred_at <= start and p.occurred_at // HOUR > at // HOUR - 840]
    learned = bool(known) and known[0] // HOUR * HOUR <= at - 14 * DAY
    limit = max(10_000, 3 * max(hours.values(), default=0)) if learned else 10_000
    already = sum(past.count or 0 for past in story.told if past.occurred_at > start)
    rows = max(already + 1, limit + beyond)
    story.tell(DATA_EXPORTED, at, count=rows - already)
    found = [finding for finding in fold(BulkExport(), story.told)[1][-1] if finding.arm == "rows"]
    assert [(f.observed, f.threshold) for f in found] == ([(float(rows), float(limit))] if rows > limit else [])
