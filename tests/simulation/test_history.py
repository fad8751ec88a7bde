"""What thirty days of an ordinary company look like: properties over them, not pictures of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from domain.clock import DAY, moment
from simulation.people import BILLS, ETL, FINANCE, SYNC
from simulation.places import HOTELS, OFFICES, VPN
from simulation.records import Event
from tests.simulation.made import company, history, said

ZONES = {office.city: ZoneInfo(office.zone) for office in OFFICES}


def _human(seed: int = 7) -> list[tuple[Event, str]]:
    cities = {person.id.encode(): person.office.city for person in company(seed).staff}
    return [(event, cities[event.key]) for event in history(seed) if event.key in cities]


def _local(event: Event, city: str) -> datetime:
    return moment(event.at).astimezone(ZONES[city])


def test_weekends_are_quiet_and_every_working_day_is_not() -> None:
    days = Counter(_local(event, city).date() for event, city in _human())
    working = [n for day, n in days.items() if day.weekday() < 5]
    weekend = [n for day, n in days.items() if day.weekday() >= 5]
    # the first and the last day are cut by the hour of the morning
    assert sorted(working)[2] > 0.6 * median(working)
    assert sum(weekend) / 8 < 0.05 * median(working)


def test_nights_are_quiet_where_each_person_is() -> None:
    for city in ZONES:
        hours = Counter(_local(event, where).hour for event, where in _human() if where == city)
        night = sum(hours[hour] for hour in range(7)) / hours.total()
        day = sum(hours[hour] for hour in range(8, 19)) / hours.total()
        assert (night < 0.005, day > 0.95) == (True, True), (city, hours)


@pytest.mark.parametrize("seed", [0, 7])
def test_each_office_comes_to_work_at_its_own_nine_o_clock_also_when_the_clocks_change(seed: int) -> None:
    first: dict[tuple[str, bytes, object], datetime] = {}
    for event, city in _human(seed):
        at = _local(event, city)
        if at.weekday() < 5:
            first.setdefault((city, event.key, at.date()), at)
    minutes = defaultdict(list)
    for (city, _, day), at in first.items():
        minutes[city, day].append(at.hour * 60 + at.minute)
    for where, came in minutes.items():
        if len(came) > 5:
            assert 8 * 60 <= median(came) <= 9 * 60 + 30, where
    offsets = {at.utcoffset() for (city, _, _), at in first.items() if city == "London"}
    assert len(offsets) == (2 if seed == 0 else 1)


def test_roles_open_other_things_and_work_at_other_paces() -> None:
    roles = {person.id: person.role for person in company().staff}
    opened, done = defaultdict[str, Counter[str]](Counter), Counter[str]()
    for event, _ in _human():
        record = said(event)
        role = roles[record["actor"]["id"]]
        done[role.name] += 1
        if record["action"] == "record.read":
            opened[role.name][record["object_type"]] += 1
    people = Counter(role.name for role in roles.values())
    for role in set(roles.values()):
        assert opened[role.name].most_common(1)[0][0] == role.objects[0]
        assert set(opened[role.name]) <= set(role.objects)
    assert done["support_agent"] / people["support_agent"] > 2 * done["executive"] / people["executive"]


def test_an_office_is_one_address_that_most_of_its_people_share_on_most_days() -> None:
    for office in OFFICES:
        sharing = defaultdict(set)
        for event, city in _human():
            record = said(event)
            if city == office.city and record["origin"]["ip"] == office.egress.ip:
                sharing[event.at // DAY].add(event.key)
        staff = sum(1 for person in company().staff if person.office == office)
        assert median(len(keys) for keys in sharing.values()) > 0.4 * staff


def test_those_who_roam_were_in_each_of_their_cities_on_several_days_and_nobody_else_was() -> None:
    hotels = {f"{network.prefix}." for network in HOTELS}
    days: dict[tuple[bytes, str], set[int]] = defaultdict(set)
    for event, _ in _human():
        ip = said(event)["origin"]["ip"]
        if any(ip.startswith(prefix) for prefix in hotels):
            days[event.key, ip].add(event.at // DAY)
    roaming = {(p.id.encode(), spot.ip) for p in company().staff for spot in p.roams}
    assert set(days) == roaming
    assert min(map(len, days.values())) >= 2


def test_one_person_alone_uses_a_vpn_and_does_so_all_the_time() -> None:
    exits = {spot.ip for spot in VPN}
    uses = defaultdict(set)
    for event, _ in _human():
        if said(event)["origin"]["ip"] in exits:
            uses[event.key].add(event.at // DAY)
    (person,) = (p for p in company().staff if p.vpn)
    assert set(uses) == {person.id.encode()}
    assert len(uses[person.id.encode()]) >= 15


def test_integrations_work_every_night_and_the_mailing_every_hour() -> None:
    nights, hours, rows = defaultdict(set), set(), Counter[int]()
    for event in history():
        for app in (ETL, BILLS, SYNC):
            if event.key == app.id.encode():
                nights[app.id].add(event.at // DAY)
        if event.key == SYNC.id.encode():
            hours.add(moment(event.at).hour)
        if event.key == ETL.id.encode():
            rows[event.at // DAY] += said(event)["count"]
    assert {len(days) for days in nights.values()} <= {30, 31}
    assert hours == set(range(24))
    assert all(230_000 < n < 270_000 for n in rows.values())


def test_the_forecast_is_taken_out_every_thursday_a_little_below_the_floor() -> None:
    people = [person for person in company().staff if person.forecasts]
    assert [person.role for person in people] == [FINANCE, FINANCE]
    for person in people:
        large = [e for e, _ in _human() if e.key == person.id.encode() and said(e).get("object_id") == "r-forecast"]
        assert [moment(e.at).weekday() for e in large] == [3] * len(large)
        assert len(large) >= 4
        assert all(8_000 < said(e)["count"] < 10_000 for e in large)
