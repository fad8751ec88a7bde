"""B8: two sign-ins farther apart than anybody travels."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import parts
from detectors.base import Finding, token
from detectors.fold import fold
from detectors.rules.impossible_travel import ImpossibleTravel
from domain.actions import LOGIN_SUCCEEDED
from domain.activity import Activity
from domain.alert import Severity, evidence
from domain.clock import DAY, HOUR, MINUTE
from domain.errors import SettingsInvalid
from tests.detectors.story import MIDNIGHT, Story, findings, severities, tokens

NINE = MIDNIGHT + 9 * HOUR
B8 = ImpossibleTravel()


def place(country: str, city: str, lat: float, lon: float, ip: str, **fields: Any) -> dict[str, Any]:
    return {
        "country": country,
        "city": city,
        "lat": lat,
        "lon": lon,
        "radius_km": 150.0,
        "network": "home",
        "ip": ip,
        **fields,
    }


LONDON = place("GB", "London", 51.51, -0.13, "203.0.113.9", asn=64500)
LAGOS = place("NG", "Lagos", 6.45, 3.39, "198.51.100.4", asn=64501, network="mobile")
NEW_YORK = place("US", "New York", 40.71, -74.01, "192.0.2.20", asn=64502)
HOUSTON = place("US", "Houston", 29.76, -95.37, "192.0.2.30", asn=64503, network="mobile")
LOS_ANGELES = place("US", "Los Angeles", 34.05, -118.24, "192.0.2.40", asn=64504)
IN_FLIGHT = place("US", "Ashburn", 39.04, -77.49, "198.51.100.7", asn=64505, network="satellite")
RELAY = place("SG", "Singapore", 1.35, 103.82, "198.51.100.9", asn=64506, network="relay")
MADRID = place("ES", "Madrid", 40.42, -3.70, "203.0.113.50", asn=64507)
FRANCE = place("FR", "", 48.86, 2.35, "203.0.113.60", asn=64508, radius_km=0.0)
UNITED_STATES = place("US", "", 37.75, -97.82, "192.0.2.50", asn=64509, radius_km=0.0)
TOKYO = place("JP", "Tokyo", 35.68, 139.69, "203.0.113.70", asn=64510)
LAPTOP, PHONE, STRANGE = {"device_id": "laptop"}, {"device_id": "phone"}, {"device_id": "strange"}


def went(title: str, *stops: tuple[int, dict[str, Any]], **usually: Any) -> Story:
    """Sign-ins at so many ms after nine, each at a place."""
    story = Story(title, **usually)
    for after, where in stops:
        story.tell(LOGIN_SUCCEEDED, NINE + after, **where)
    return story


def at_home(title: str, *stops: tuple[int, dict[str, Any]], **usually: Any) -> Story:
    """The same, after a week of mornings in London on the laptop, and one in New York long ago."""
    mornings = [(-day * DAY, {**LONDON, **LAPTOP}) for day in (7, 6, 5, 4, 1)]
    return went(title, *mornings, (0, {**LONDON, **LAPTOP}), *stops, **usually)


STORY = went("London, then Lagos", (0, LONDON), (31 * MINUTE, LAGOS))
HOPS = [(-day * DAY + hop * 20 * MINUTE, (LONDON, TOKYO)[hop]) for day in (3, 2) for hop in (0, 1)]
COMPANY = {"network": "corporate"}

FIRES = {
    "London 09:00, Lagos 09:31": STORY.told,
    "a privileged account at once in two places": went(
        "at once", (0, LONDON), (0, TOKYO), privileged=True, time_precision="s"
    ).told,
    "a new country on a new device": at_home("new", (31 * MINUTE, {**LAGOS, **STRANGE})).told,
    "only the country is known, and it is far": went(
        "far country", (0, LONDON), (HOUR, {**UNITED_STATES, "radius_km": None})
    ).told,
    "within one country": went("one country", (0, NEW_YORK), (HOUR, LOS_ANGELES)).told,
    "one end is corporate": went("one end", (0, {**LONDON, **COMPANY}), (HOUR, TOKYO)).told,
}
SILENT = {
    "one address that the data moved": went("one address", (0, LONDON), (HOUR, {**TOKYO, "ip": LONDON["ip"]})).told,
    "one operator by IPv4 and IPv6": went(
        "v4 and v6", (0, NEW_YORK), (5 * MINUTE, {**LOS_ANGELES, "ip": "2001:db8::1", "asn": 64502})
    ).told,
    "LAX, then in-flight Wi-Fi": went("in flight", (0, LOS_ANGELES), (30 * MINUTE, IN_FLIGHT)).told,
    "in-flight Wi-Fi, then LAX": went(
        "landed", (0, LOS_ANGELES), (30 * MINUTE, IN_FLIGHT), (31 * MINUTE, LOS_ANGELES)
    ).told,
    "a private relay": went("relay", (0, LONDON), (MINUTE, RELAY), (2 * MINUTE, LONDON)).told,
    "an unknown city in the same country": went("no city", (0, LOS_ANGELES), (MINUTE, UNITED_STATES)).told,
    "a bordering country without a city": went("bordering", (0, MADRID), (MINUTE, FRANCE)).told,
    "no place at all": went("no place", (0, LONDON), (MINUTE, {"ip": "198.51.100.4"})).told,
    "roaming within one country": went("roaming", (0, NEW_YORK), (3 * HOUR, HOUSTON)).told,
    "London to New York in eight hours": went("flight", (0, LONDON), (8 * HOUR, NEW_YORK)).told,
    "two offices of one company": went("offices", (0, {**LONDON, **COMPANY}), (MINUTE, {**TOKYO, **COMPANY})).told,
    "a way gone three times": went("a habit", *HOPS, (0, LONDON), (20 * MINUTE, TOKYO)).told,
    "a nightly integration in two data centres": went(
        "program", (0, LONDON), (MINUTE, TOKYO), actor_kind="integration"
    ).told,
    "the same person's script": went("script", (0, LONDON), (MINUTE, {**TOKYO, "channel": "api"})).told,
}
INFO = {"LAX, then in-flight Wi-Fi", "in-flight Wi-Fi, then LAX", "a private relay"}


def test_fires_when_london_is_followed_by_lagos() -> None:
    assert findings(B8, STORY.told) == [
        Finding(
            arm="travel",
            severity=Severity.MEDIUM,
            observed=9135.0,
            threshold=900.0,
            parts={
                "actor": token(tokens("u7")),
                "a": "London (GB)",
                "b": "Lagos (NG)",
                "km": 4720,
                "dt": parts.span(31 * MINUTE),
                "speed": 9135,
                "took": "in 31 m (9,135 km/h)",
                "why": "at least 500 km at more than 900 km/h",
            },
            baseline={
                "distance_km": 5020,
                "radius_a_km": 150,
                "radius_b_km": 150,
                "network_a": "home",
                "network_b": "mobile",
                "usual_countries": "none yet",
                "usual_device": "unknown",
                "transitions": 0,
                "not_suppressed": "another address; another operator; both cities known; not both corporate; "
                "way gone 0 times in 30 d",
            },
            evidence=evidence(STORY.ids()),
        )
    ]


@pytest.mark.parametrize("title", sorted(SILENT))
def test_silent_on_the_last_day_of(title: str) -> None:
    told = SILENT[title]
    today = [found for each, found in zip(told, fold(B8, told)[1], strict=True) if each.occurred_at >= NINE]
    assert {finding.severity for found in today for finding in found} == ({Severity.INFO} if title in INFO else set())


def test_a_network_without_a_place_is_info_and_never_a_fix() -> None:
    story = went("masked", (0, LONDON), (MINUTE, RELAY), (2 * MINUTE, TOKYO))
    masked, travel = findings(B8, story.told)
    assert (masked.arm, masked.severity) == ("masked", Severity.INFO)
    assert masked.parts["suppressed"] == "a private relay hides where the person is"
    assert (travel.arm, travel.parts["a"], travel.parts["b"]) == ("travel", "London (GB)", "Tokyo (JP)")


@pytest.mark.parametrize("network", ["vpn", "tor", "relay", "satellite", "hosting"])
def test_what_comes_through_it_is_nothing_to_compare_with(network: str) -> None:
    story = went(network, (0, {**LONDON, "network": network}), (MINUTE, TOKYO))
    assert findings(B8, story.told) == []
    back = went(f"to {network}", (0, LONDON), (MINUTE, {**TOKYO, "network": network}), privileged=True)
    assert severities(B8, back.told) == ["INFO"]


def test_the_radii_are_taken_off_the_distance() -> None:
    """London and Tokyo are 9,559 km apart; the speed is that of what is left."""
    for radius, least in ((0.0, 9_559), (4_529.5, 500), (4_530.0, None), (9_000.0, None)):
        story = went(f"radius {radius}", (0, {**LONDON, "radius_km": radius}), (MINUTE, {**TOKYO, "radius_km": radius}))
        assert [finding.parts["km"] for finding in findings(B8, story.told)] == ([] if least is None else [least])


@pytest.mark.parametrize(
    ("where", "radius"),
    [({}, 150), ({"city": "", "region": "Kanto"}, 300), ({"city": ""}, 1_000), ({"city": "", "country": ""}, 1_000)],
)
def test_an_unknown_radius_is_that_of_what_is_named(where: dict[str, str], radius: int) -> None:
    (finding,) = findings(B8, went("radius", (0, LONDON), (MINUTE, {**TOKYO, "radius_km": None, **where})).told)
    assert finding.baseline["radius_b_km"] == radius


@pytest.mark.parametrize(("ms", "fires"), [(5_250_166, True), (5_250_167, False)])
def test_the_speed_is_above_nine_hundred(ms: int, fires: bool) -> None:
    """New York and Houston are 2,280 km apart, 1,314 without the radii: whole 901 km/h for so long."""
    story = went(f"speed {ms}", (0, NEW_YORK), (ms, {**HOUSTON, "radius_km": 816.0}))
    assert [finding.observed for finding in findings(B8, story.told)] == ([901.0] if fires else [])


def test_twenty_four_hours_are_remembered() -> None:
    slow = ImpossibleTravel(fastest_kmh=100)
    for after, fires in ((DAY - 1, True), (DAY, True), (DAY + 1, False)):
        story = went(f"memory {after}", (0, LONDON), (after, TOKYO))
        assert bool(findings(slow, story.told)) is fires


def test_one_operator_and_one_family_of_addresses_is_no_switch() -> None:
    story = went("one family", (0, NEW_YORK), (MINUTE, {**LOS_ANGELES, "asn": 64502}))
    (finding,) = findings(B8, story.told)
    assert "no v4/v6 switch" in str(finding.baseline["not_suppressed"])


def test_two_families_of_different_operators_are_no_switch() -> None:
    assert severities(B8, went("families", (0, NEW_YORK), (MINUTE, {**TOKYO, "ip": "2001:db8::1"})).told) == ["MEDIUM"]


def test_an_unknown_city_is_no_excuse_in_a_country_that_does_not_touch() -> None:
    (finding,) = findings(B8, went("far", (0, TOKYO), (MINUTE, FRANCE)).told)
    assert finding.parts["b"] == "somewhere in FR"
    assert "countries not bordering" in str(finding.baseline["not_suppressed"])


def test_unknown_addresses_are_not_one_address() -> None:
    story = went("unknown", (0, {**LONDON, "ip": ""}), (MINUTE, {**TOKYO, "ip": ""}))
    assert ["address unknown" in str(each.baseline["not_suppressed"]) for each in findings(B8, story.told)] == [True]


@pytest.mark.parametrize(
    ("fields", "fires"),
    [
        ({"channel": "ui"}, True),
        ({"channel": "mobile"}, True),
        ({"channel": ""}, True),
        ({"channel": "api"}, False),
        ({"channel": "bulk"}, False),
        ({"channel": "automation"}, False),
        ({"actor_kind": "guest"}, True),
        ({"actor_kind": "integration"}, False),
        ({"actor_kind": "system"}, False),
        ({"impersonator": "support"}, False),
    ],
)
def test_only_a_person_who_signs_in_themselves_travels(fields: dict[str, str], fires: bool) -> None:
    assert bool(findings(B8, went(f"who {fields}", (0, LONDON), (MINUTE, TOKYO), **fields).told)) is fires
    program = went(f"program {fields}", (0, {**LONDON, **fields}), (MINUTE, TOKYO))
    assert bool(findings(B8, program.told)) is fires


def test_both_ways_are_found_and_every_place_is_the_next_fix() -> None:
    story = went("and back", (0, LONDON), (31 * MINUTE, LAGOS), (40 * MINUTE, LONDON))
    assert [(each.parts["a"], each.parts["b"]) for each in findings(B8, story.told)] == [
        ("London (GB)", "Lagos (NG)"),
        ("Lagos (NG)", "London (GB)"),
    ]


def test_the_hour_of_the_day_never_matters() -> None:
    for hour in range(24):
        story = went(f"hour {hour}", (hour * HOUR, LONDON), (hour * HOUR + 31 * MINUTE, LAGOS))
        assert severities(B8, story.told) == ["MEDIUM"]


def test_settings_move_both_thresholds_and_the_habit() -> None:
    assert findings(ImpossibleTravel(least_km=4_721), STORY.told) == []
    assert findings(ImpossibleTravel(fastest_kmh=9_135), STORY.told) == []
    assert len(findings(ImpossibleTravel(least_km=4_720, fastest_kmh=9_134), STORY.told)) == 1
    story = went("there and back", (0, LONDON), (MINUTE, TOKYO), (2 * MINUTE, LONDON))
    assert len(findings(ImpossibleTravel(habit=1), story.told)) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"least_km": 99}, "impossible_travel: least_km is 99; it must be from 100 to 20,000"),
        ({"fastest_kmh": 50}, "impossible_travel: fastest_kmh is 50; it must be from 100 to 100,000"),
        ({"habit": 11}, "impossible_travel: habit is 11; it must be from 1 to 10"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        ImpossibleTravel(**settings)
    assert str(refused.value) == message


def test_stories_are_of_people() -> None:
    told: list[Activity] = [each for story in (*FIRES.values(), *SILENT.values()) for each in story]
    assert {each.action for each in told} == {LOGIN_SUCCEEDED}
