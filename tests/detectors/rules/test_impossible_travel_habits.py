"""B8: what is usual for a person, what becomes a habit, and how an alert says it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.fold import fold
from detectors.rules.impossible_travel import ImpossibleTravel
from domain.actions import LOGIN_SUCCEEDED
from domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.detectors.rules.test_impossible_travel import (
    B8,
    HOUSTON,
    LAGOS,
    LAPTOP,
    LONDON,
    NEW_YORK,
    STRANGE,
    TOKYO,
    at_home,
    place,
    went,
)
from tests.detectors.story import MIDNIGHT, Story, findings, severities


@pytest.mark.parametrize(
    ("after", "precision", "took"),
    [
        (0, "ms", "at the same moment"),
        (0, "s", "at the same moment"),
        (1, "ms", "in under 1 s (33,332,400 km/h)"),
        (0, "min", "in at most 1 m (555,540 km/h)"),
        (HOUR, "h", "in at most 2 h (4,629 km/h)"),
        (HOUR, "s", "in 1 h (9,259 km/h)"),
    ],
)
def test_the_time_is_told_as_well_as_it_is_known(after: int, precision: str, took: str) -> None:
    story = went(f"{precision} {after}", (0, LONDON), (after, TOKYO), time_precision=precision)
    assert [finding.parts["took"] for finding in findings(B8, story.told)] == [took]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({**LAGOS, **STRANGE}, "HIGH"),
        ({**LAGOS, **LAPTOP}, "MEDIUM"),
        ({**LONDON, "lat": 60.15, "ip": "203.0.113.99", **STRANGE}, "MEDIUM"),
        (LAGOS, "MEDIUM"),
        ({**LAGOS, "privileged": True, **LAPTOP}, "HIGH"),
        ({**LAGOS, "privileged": True, **STRANGE}, "HIGH"),
        ({**LAGOS, "agent_family": "curl"}, "HIGH"),
    ],
    ids=[
        "country and device",
        "country alone",
        "device alone",
        "country, device unknown",
        "privileged",
        "all of it",
        "agent",
    ],
)
def test_severity(where: dict[str, Any], expected: str) -> None:
    assert severities(B8, at_home(f"severity {where}", (MINUTE, where)).told) == [expected]


def test_newness_needs_something_usual() -> None:
    days = [(-day * DAY, {**LONDON, **LAPTOP}) for day in (2, 1, 0)]
    strange = {**LAGOS, **STRANGE}
    assert severities(B8, went("two days", *days, (MINUTE, strange)).told) == ["MEDIUM"]
    assert severities(B8, went("three days", (-3 * DAY, {**LONDON, **LAPTOP}), *days, (MINUTE, strange)).told) == [
        "HIGH"
    ]


def test_the_usual_is_told() -> None:
    (finding,) = findings(B8, at_home("usual", (MINUTE, {**LAGOS, **LAPTOP})).told)
    assert (finding.baseline["usual_countries"], finding.baseline["usual_device"]) == ("GB", "yes")


@pytest.mark.parametrize(("times", "fires"), [(2, True), (3, False)])
def test_a_way_gone_three_times_in_thirty_days_is_a_habit(times: int, fires: bool) -> None:
    """Either way counts, at any speed."""
    hops = [(n * 20 * HOUR - 5 * DAY, LONDON if n % 2 else NEW_YORK) for n in range(times + 1)]
    here, there = (NEW_YORK, LONDON) if times % 2 else (LONDON, NEW_YORK)
    last = hops[-1][0]
    story = went(f"{times} times", *hops, (last + 30 * HOUR, here), (last + 31 * HOUR, there))
    assert [each.baseline["transitions"] for each in findings(B8, story.told)] == ([times] if fires else [])


@pytest.mark.parametrize(("days", "fires"), [(29, False), (30, True)])
def test_a_habit_is_forgotten_after_thirty_days(days: int, fires: bool) -> None:
    hops = [(-days * DAY + n * HOUR, (LONDON, NEW_YORK)[n % 2]) for n in range(4)]
    found = fold(B8, went(f"{days} days", *hops, (0, LONDON), (3 * HOUR, NEW_YORK)).told)[1][-1]
    assert bool(found) is fires


@pytest.mark.parametrize(("early", "fires"), [(1, False), (0, True)])
def test_the_thirty_days_end_exactly_at_the_sign_in(early: int, fires: bool) -> None:
    hops = [(MINUTE - 30 * DAY + n * HOUR, (NEW_YORK, LONDON)[n % 2]) for n in range(4)]
    last = (HOUR + MINUTE - early, NEW_YORK)
    assert bool(fold(B8, went(f"exactly {early}", *hops, (0, LONDON), last).told)[1][-1]) is fires


def test_places_near_to_each_other_are_remembered_for_a_lower_distance() -> None:
    near = {**HOUSTON, "radius_km": 1_900.0}  # at least 230 km from New York
    hops = [(n * MINUTE, (NEW_YORK, near)[n % 2]) for n in range(6)]
    assert len(findings(ImpossibleTravel(least_km=200), went("near", *hops).told)) == 3
    assert findings(B8, went("near", *hops).told) == []


def test_places_of_one_name_are_told_apart() -> None:
    texas, ontario = ({**LONDON, "country": "CA", "lat": lat, "ip": f"192.0.2.{n}"} for n, lat in ((1, 42.9), (2, 60)))
    (finding,) = findings(B8, went("namesakes", (0, texas), (MINUTE, ontario)).told)
    assert (finding.parts["a"], finding.parts["b"]) == (
        "London (CA) near 42.9°N 0.1°W",
        "London (CA) near 60.0°N 0.1°W",
    )
    nowhere = {"city": "", "country": "", "radius_km": 0.0}
    (finding,) = findings(B8, went("nameless", (0, {**LAGOS, **nowhere}), (MINUTE, LONDON)).told)
    assert finding.parts["a"] == "6.5°N 3.4°E"


def test_a_person_of_many_places_stays_small() -> None:
    story = Story("many places")
    for n in range(400):
        where = place("DE", f"City {n % 40}", n * 37 % 160 - 80, n * 53 % 180, f"192.0.2.{n % 200}", device_id=f"d{n}")
        story.tell(LOGIN_SUCCEEDED, MIDNIGHT + n * MINUTE + n % 7 * SECOND, **where)
    state = fold(B8, story.told)[0]
    assert len(state.transitions) == 16
    assert len(msgspec.json.encode(state)) < 4_000


def test_why_it_was_not_suppressed_is_short_enough_for_a_page() -> None:
    nameless = {"ip": "", "asn": 64502, "city": ""}
    (finding,) = findings(B8, went("wordy", (0, {**LONDON, **nameless}), (MINUTE, {**TOKYO, **nameless})).told)
    assert finding.baseline["not_suppressed"] == (
        "address unknown; no v4/v6 switch; countries not bordering; not both corporate; way gone 0 times in 30 d"
    )
