"""The company: the same for the same seed and day, other for others, and every label has its events."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import date

import pytest

from domain.clock import DAY, HOUR, moment
from simulation.company import HISTORY, LENGTH, Company, beginning, last_morning, morning_of
from simulation.labels import ATTACK, HARMLESS
from simulation.people import FEWEST, hire
from simulation.records import Event
from tests.simulation.made import SEED, activities, company, history, said

_DIGEST = """
import hashlib
from simulation.company import Company, morning_of
company = Company({seed}, morning_of({seed}), {people})
whole = hashlib.sha256()
for event in (*company.history(), *company.morning):
    whole.update(event.key + event.raw)
print(whole.hexdigest())
"""


def _digest(events: Iterable[Event]) -> str:
    whole = hashlib.sha256()
    for event in events:
        whole.update(event.key + event.raw)
    return whole.hexdigest()


def test_another_process_writes_the_same_bytes() -> None:
    there = subprocess.run(
        [sys.executable, "-c", _DIGEST.format(seed=SEED, people=FEWEST)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"},
        timeout=120,
    )
    assert there.stdout.strip() == _digest((*history(), *company().morning))


def test_other_seeds_and_other_days_give_other_people_events_and_ids() -> None:
    other_seed = Company(8, company().start, FEWEST)
    other_day = Company(SEED, company().start + DAY, FEWEST)
    mine = {event.id for event in company().morning}
    assert {person.login for person in other_seed.staff} != {person.login for person in company().staff}
    assert mine.isdisjoint(event.id for event in other_seed.morning)
    assert mine.isdisjoint(event.id for event in other_day.morning)
    assert [s.first - other_day.start for s in other_day.scenarios] != [
        s.first - company().start for s in company().scenarios
    ]


def test_the_morning_and_its_stories_are_the_same_before_and_after_the_history_was_written() -> None:
    fresh = Company(SEED, company().start, FEWEST)
    before = _digest(fresh.morning)
    fresh.history()
    assert (before, fresh.scenarios) == (_digest(Company(SEED, company().start, FEWEST).morning), company().scenarios)


@pytest.mark.parametrize("seed", [0, 7, 59])
def test_every_label_names_events_of_the_morning_and_none_belongs_to_two(seed: int) -> None:
    made = company(seed)
    at = {event.id: event.at for event in made.morning}
    labelled = [name for scenario in made.scenarios for name in scenario.events]
    assert len(labelled) == len(set(labelled))
    for scenario in made.scenarios:
        times = [at[name] for name in scenario.events]
        assert (times, times[0], times[-1]) == (sorted(times), scenario.first, scenario.last), scenario.name
        assert made.start <= scenario.first <= scenario.last < made.end, scenario.name


def test_there_are_six_attacks_and_nine_harmless_things_each_with_a_name_of_its_own() -> None:
    kinds = [scenario.kind for scenario in company().scenarios]
    assert (kinds.count(ATTACK), kinds.count(HARMLESS)) == (6, 9)
    assert len({scenario.name for scenario in company().scenarios}) == 15


def test_a_label_s_values_are_those_of_its_events() -> None:
    events = {event.id: event for event in company().morning}
    for scenario in company().scenarios:
        records = [said(events[name]) for name in scenario.events]
        there = {
            value
            for record in records
            for value in (record["actor"]["id"], record["actor"]["login"], record["origin"]["ip"], record.get("app_id"))
        }
        assert set(scenario.values) <= there, scenario.name


def test_people_of_a_story_do_nothing_else_that_morning_but_those_who_were_sprayed() -> None:
    told = {s.name: set(s.events) for s in company().scenarios}
    everything = set().union(*told.values())
    others = {event.key for event in company().morning if event.id not in everything}
    for scenario in company().scenarios:
        if scenario.name not in ("password_spray", "stolen_token", "impossible_travel"):
            keys = {event.key for event in company().morning if event.id in told[scenario.name]}
            assert keys.isdisjoint(others), scenario.name


def test_ids_are_never_used_twice_and_events_are_in_order() -> None:
    events = (*history(), *company().morning)
    assert len({event.id for event in events}) == len(events)
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_day_by_day_it_is_the_same_history_and_each_actor_s_events_are_in_order() -> None:
    events = [event for day in company().days() for event in day]
    assert sorted(events) == list(history())
    last: dict[bytes, int] = {}
    for event in events:
        assert last.get(event.key, 0) <= event.at
        last[event.key] = event.at


def test_the_history_is_the_thirty_days_before_the_morning() -> None:
    start = company().start
    assert start - HISTORY <= history()[0].at < start - HISTORY + HOUR
    assert start - HOUR < history()[-1].at < start
    assert all(start <= event.at < start + LENGTH for event in company().morning)


def test_ingest_takes_every_record_without_a_flag() -> None:
    found = activities((*history()[::20], *company().morning))
    assert {activity.flags for activity in found} == {()}
    assert len({activity.activity_id for activity in found}) == len(found)


def test_mornings_of_seeds_are_working_days_long_past() -> None:
    days = [moment(morning_of(seed)).date() for seed in range(60)]
    assert {day.weekday() for day in days} == {1, 2, 3}
    assert len(set(days)) == 60
    assert max(days) < date(2026, 9, 1)


def test_the_last_morning_is_over_and_on_a_working_day() -> None:
    monday = beginning(date(2026, 11, 23))
    assert last_morning(monday + LENGTH) == monday
    assert last_morning(monday + LENGTH - 1) == beginning(date(2026, 11, 20))
    assert last_morning(beginning(date(2026, 11, 20)) + 2 * DAY) == beginning(date(2026, 11, 20))


def test_a_saturday_and_a_company_too_small_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="2026-11-21 is no working day; use a Monday to Friday"):
        beginning(date(2026, 11, 21))
    with pytest.raises(ValueError, match="59 people is too small for its stories; use 60 or more"):
        hire(1, 59)
