"""Which configuration counts when: by event time, with holes where this program cannot judge as then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from detectors.registry import discover, load, rearm
from detectors.timeline import AFTER_ALL, BEFORE_ALL, Activation, Timeline, timeline
from domain.clock import DAY, HOUR
from domain.configuration import Configuration, by_detector, changes

BURST, EXPORT = "failed_login_burst", "bulk_export"
MOST = AFTER_ALL - 1
HORIZON = {name: int(discover()[name].spec.horizon.total_seconds() * 1_000) for name in (BURST, EXPORT)}


def made(at: int, **given: Mapping[str, Any]) -> list[Configuration]:
    """What a configuration file with these detectors puts in effect from `at` on; the others are not told of."""
    recorded = {each.detector: each for each in load(given).configurations()}
    return [msgspec.structs.replace(recorded[name], effective_from=at) for name in given]


def judging(found: Timeline) -> list[tuple[int, list[tuple[str, str, bool]]]]:
    return [(at, [(a.slot, a.settings_hash, a.warming) for a in registry.all]) for at, registry in found.segments]


def test_every_detector_comes_back_from_its_record_as_it_was() -> None:
    given: dict[str, dict[str, Any]] = {BURST: {"span": "1h30m", "threshold": 5}, EXPORT: {"arms": {"slow": "off"}}}
    registry = load(given)
    assert [rearm(each) for each in registry.configurations()] == list(registry.all)


def test_one_configuration_holds_for_all_time() -> None:
    registry = load({})
    found = timeline(registry.configurations())
    assert [(at, each.all) for at, each in found.segments] == [(BEFORE_ALL, registry.all)]
    assert (found.activations, found.beyond) == ((), ())


def test_changed_settings_hold_from_their_time_on_and_need_no_warming() -> None:
    before, after = made(0, failed_login_burst={}), made(DAY, failed_login_burst={"threshold": 5})
    found = timeline([*before, *after])
    assert judging(found) == [
        (BEFORE_ALL, [("failed_login_burst.v1", before[0].hash, False)]),
        (DAY, [("failed_login_burst.v1", after[0].hash, False)]),
    ]
    assert [registry.all[0].settings["threshold"] for _, registry in found.segments] == [10, 5]
    assert found.activations == ()


def test_a_detector_that_comes_on_warms_up_for_its_horizon_and_never_twice() -> None:
    off: dict[str, Mapping[str, Any]] = {"failed_login_burst": {"stage": "off"}}
    on: dict[str, Mapping[str, Any]] = {"failed_login_burst": {}}
    span = HORIZON[BURST]
    first, again, soon = 10 * span, 30 * span, 50 * span
    rows = [*made(0, **off), *made(first, **on), *made(20 * span, **off), *made(again, **on)]
    rows += [*made(soon - HOUR, **off), *made(soon, **on)]
    found = timeline(rows)
    slot, name = "failed_login_burst.v1", rows[1].hash
    assert judging(found) == [
        (BEFORE_ALL, []),
        (first - span, [(slot, name, True)]),
        (first, [(slot, name, False)]),
        (20 * span, []),
        (again - span, [(slot, name, True)]),
        (again, [(slot, name, False)]),
        (soon - HOUR, [(slot, name, True)]),
        (soon, [(slot, name, False)]),
    ]
    assert found.activations == (
        Activation(first, "login", span, first=True),
        Activation(again, "login", span, first=False),
        Activation(soon, "login", span, first=False),
    )


def test_an_older_version_that_is_gone_leaves_a_hole_and_the_new_one_warms_up_over_it() -> None:
    new = made(DAY * 40, bulk_export={})
    old = msgspec.structs.replace(made(0, bulk_export={})[0], slot="bulk_export.v0")
    found = timeline([old, *new])
    assert judging(found) == [
        (BEFORE_ALL, []),
        (40 * DAY - HORIZON[EXPORT], [("bulk_export.v1", new[0].hash, True)]),
        (40 * DAY, [("bulk_export.v1", new[0].hash, False)]),
    ]
    assert found.beyond == ()


def test_versions_that_this_program_has_both_judge_in_turn() -> None:
    old, new = made(0, bulk_export={"floor": 9})[0], made(40 * DAY, bulk_export={})[0]
    first = msgspec.structs.replace(old, slot="bulk_export.v0")

    def both(each: Configuration) -> Any:
        return rearm(msgspec.structs.replace(each, slot="bulk_export.v1"))

    found = timeline([first, new], both)
    assert [(at, [a.settings["floor"] for a in r.all]) for at, r in found.segments] == [
        (BEFORE_ALL, [9]),
        (40 * DAY, [10_000]),
    ]


def test_what_this_program_cannot_judge_by_is_named_only_when_it_is_the_newest() -> None:
    known = made(0, bulk_export={})[0]
    newer = msgspec.structs.replace(known, slot="bulk_export.v9", effective_from=DAY)
    strange = msgspec.structs.replace(known, settings='{"florr":5}', hash="x", effective_from=2 * DAY)
    wrong = msgspec.structs.replace(known, settings='{"span":"P900D"}', hash="y", effective_from=2 * DAY)
    gone = changes([known], [])
    assert timeline([known, newer]).beyond == (newer,)
    assert [at for at, registry in timeline([known, newer]).segments if registry.all] == [BEFORE_ALL]
    assert timeline([known, strange]).beyond == (strange,)
    assert timeline([known, wrong]).beyond == (wrong,)
    assert timeline([known, newer, msgspec.structs.replace(known, effective_from=3 * DAY)]).beyond == ()
    assert [each.gone for each in gone] == [True]
    assert timeline([known, msgspec.structs.replace(gone[0], effective_from=DAY)]).beyond == ()


def test_only_what_differs_from_the_newest_is_a_change() -> None:
    history = [*made(0, failed_login_burst={}, bulk_export={}), *made(DAY, failed_login_burst={"threshold": 5})]
    recorded = {each.detector: each for each in load({}).configurations()}
    asked = [recorded[BURST], recorded[EXPORT], recorded["impossible_travel"]]
    assert changes(history, asked) == [recorded[BURST], recorded["impossible_travel"]]
    later = [msgspec.structs.replace(each, effective_from=2 * DAY) for each in asked]
    assert changes([*history, *later], asked) == []
    shadow = {each.detector: each for each in load({EXPORT: {"stage": "shadow"}}).configurations()}[EXPORT]
    assert changes(history, [history[2], shadow]) == [shadow]
    gone = changes(history, [history[2]])
    assert [(each.detector, each.stages, each.settings) for each in gone] == [(EXPORT, {}, "{}")]
    assert changes([*history, msgspec.structs.replace(gone[0], effective_from=DAY)], [history[2]]) == []


def test_the_same_twice_in_succession_is_one_and_the_later_made_counts() -> None:
    first, again, other = (
        *made(0, bulk_export={}),
        *made(DAY, bulk_export={}),
        *made(2 * DAY, bulk_export={"floor": 5}),
    )
    instead = msgspec.structs.replace(first, effective_from=2 * DAY)
    assert by_detector([first, again, other]) == {EXPORT: [first, other]}
    assert by_detector([first, again, other, instead]) == {EXPORT: [first]}
