"""Impossible travel by its definition, written quadratically and without any state, against the fold."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fold import fold
from detectors.rules.impossible_travel import ImpossibleTravel
from domain.actions import LOGIN_SUCCEEDED
from domain.activity import Activity
from domain.alert import Severity
from domain.clock import DAY, HOUR, MINUTE
from tests.detectors.story import MIDNIGHT, Story

PLACES: list[dict[str, Any]] = [
    {"country": "GB", "city": "London", "lat": 51.51, "lon": -0.13, "radius_km": 150.0, "asn": 1},
    {"country": "US", "city": "New York", "lat": 40.71, "lon": -74.01, "radius_km": 50.0, "asn": 2},
    {"country": "US", "region": "California", "lat": 36.78, "lon": -119.42, "asn": 2},
    {"country": "CA", "lat": 60.0, "lon": -95.0, "asn": 3},
    {"country": "NG", "city": "Lagos", "lat": 6.45, "lon": 3.39, "radius_km": 150.0, "asn": 1},
    {"country": "NZ", "city": "Auckland", "lat": -36.85, "lon": 174.76},
    {"country": "FR"},
]
PLACELESS = ["vpn", "tor", "relay", "satellite", "hosting"]
VISIT = st.tuples(
    st.sampled_from([*PLACES, *PLACES[:2]]),
    st.sampled_from([0, 1, MINUTE, HOUR, 3 * HOUR, 8 * HOUR, DAY - 1, DAY, DAY + 1, 3 * DAY, 13 * DAY, 29 * DAY]),
    st.sampled_from(["home", "home", "mobile", "corporate", "corporate", *PLACELESS]),
    st.sampled_from(["203.0.113.9", "198.51.100.4", "2001:db8::1", "2001:db8:9::1", ""]),
    st.sampled_from(["laptop", "laptop", "phone", ""]),
    st.sampled_from([{}, {}, {}, {}, {"channel": "api"}, {"actor_kind": "integration"}, {"privileged": True}]),
    st.sampled_from(["ms", "ms", "s", "min", "h"]),
)

#: Three places in weeks of one person: what becomes a habit, a usual country and a usual device.
COMMUTE = st.tuples(
    st.sampled_from([PLACES[0], PLACES[0], PLACES[1], PLACES[4]]),
    st.sampled_from([MINUTE, HOUR, 3 * HOUR, 9 * HOUR, DAY, 2 * DAY]),
    st.sampled_from(["home", "home", "home", "vpn"]),
    st.sampled_from(["203.0.113.9", "198.51.100.4", "192.0.2.1"]),
    st.sampled_from(["laptop", "laptop", "laptop", "phone"]),
    st.just({}),
    st.just("ms"),
)


def visits(events: list[tuple[dict[str, Any], int, str, str, str, dict[str, Any], str]]) -> list[Activity]:
    story, at = Story("visits"), MIDNIGHT
    for where, gap, network, ip, device, who, precision in events:
        at += gap
        said = {**where, **who, "network": network, "ip": ip, "device_id": device, "time_precision": precision}
        story.tell(LOGIN_SUCCEEDED, at, **said)
    return story.told


def by_a_person(activity: Activity) -> bool:
    return activity.channel != "api" and activity.actor_kind == "human"


def counts(activity: Activity) -> bool:
    """Whether a sign-in can become usual."""
    return by_a_person(activity) and activity.network not in PLACELESS


def last_fix(told: list[Activity], place: int) -> Activity | None:
    fixes = [each for each in told[:place] if counts(each) and each.lat is not None]
    return fixes[-1] if fixes and told[place].occurred_at - fixes[-1].occurred_at <= DAY else None


def vector(activity: Activity) -> tuple[float, float, float]:
    assert activity.lat is not None
    assert activity.lon is not None
    lat, lon = math.radians(activity.lat), math.radians(activity.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def radius(activity: Activity) -> float:
    if activity.radius_km is not None:
        return activity.radius_km
    return 150 if activity.city else 300 if activity.region else 1000


def least(one: Activity, other: Activity) -> int:
    """By the angle between two vectors from the centre of the earth."""
    (a, b, c), (x, y, z) = vector(one), vector(other)
    cross = math.sqrt((b * z - c * y) ** 2 + (c * x - a * z) ** 2 + (a * y - b * x) ** 2)
    far = 6371.0088 * math.atan2(cross, a * x + b * y + c * z)
    return max(0, math.floor(far - radius(one) - radius(other)))


def name(activity: Activity) -> tuple[str, str, str]:
    return activity.country, activity.region, activity.city


def gone(told: list[Activity], place: int, between: set[tuple[str, str, str]]) -> int:
    """How often the person went between two places in the 30 days before."""
    number = 0
    for k in range(place):
        before = last_fix(told, k)
        if before is None or not counts(told[k]) or told[k].lat is None:
            continue
        if told[k].occurred_at > told[place].occurred_at - 30 * DAY and least(before, told[k]) >= 100:
            number += {name(before), name(told[k])} == between
    return min(number, 10)


def is_usual(told: list[Activity], place: int, field: str, value: str) -> bool:
    at = told[place].occurred_at
    days: dict[int, int] = {}
    for each in told[:place]:
        if counts(each) and getattr(each, field) == value:
            days.setdefault(each.occurred_at // DAY, each.occurred_at)
    met = [first for first in days.values() if first > at - 29 * DAY]
    return len(met) >= 2 and met[0] <= at - 3 * DAY


def is_new(told: list[Activity], place: int, field: str) -> bool:
    value, known = getattr(told[place], field), {getattr(each, field) for each in told[:place]} - {""}
    comparable = any(is_usual(told, place, field, each) for each in known)
    return bool(value) and comparable and not is_usual(told, place, field, value)


def excused(last: Activity, here: Activity) -> bool:
    same_address = bool(here.ip) and last.ip == here.ip
    families = {":" in each.ip for each in (last, here) if each.ip}
    one_operator = last.asn is not None and last.asn == here.asn and len(families) == 2
    vague = not (last.city and here.city) and (
        last.country == here.country or {last.country, here.country} == {"US", "CA"}
    )
    return same_address or one_operator or vague or last.network == here.network == "corporate"


def expected(told: list[Activity], place: int, rule: ImpossibleTravel) -> list[tuple[str, Severity, int, int, int]]:
    here, last = told[place], last_fix(told, place)
    if not by_a_person(here) or here.lat is None or last is None:
        return []
    apart, cut = least(last, here), {"min": MINUTE, "h": HOUR}.get(here.time_precision, 0)
    speed = apart * HOUR // max(here.occurred_at - last.occurred_at + cut, 1000)
    times = gone(told, place, {name(last), name(here)})
    if apart < rule.least_km or speed <= rule.fastest_kmh or excused(last, here) or times >= rule.habit:
        return []
    if here.network in PLACELESS:
        return [("masked", Severity.INFO, apart, speed, times)]
    new = is_new(told, place, "country") and is_new(told, place, "device_id")
    return [("travel", Severity.HIGH if here.privileged or new else Severity.MEDIUM, apart, speed, times)]


RULE = st.builds(
    ImpossibleTravel,
    least_km=st.sampled_from([500, 500, 100]),
    fastest_kmh=st.sampled_from([900, 900, 100]),
    habit=st.sampled_from([3, 3, 1, 10]),
)
WEEKS = st.one_of(st.lists(VISIT, min_size=1, max_size=20), st.lists(COMMUTE, min_size=5, max_size=40))


@settings(max_examples=400, deadline=None)
@given(WEEKS.map(visits), RULE)
def test_travel_is_what_the_definition_says(told: list[Activity], rule: ImpossibleTravel) -> None:
    found = fold(rule, told)[1]
    said = [
        [(f.arm, f.severity, f.parts["km"], f.parts["speed"], f.baseline["transitions"]) for f in each]
        for each in found
    ]
    assert said == [expected(told, place, rule) for place in range(len(told))]
