"""The features: each against what was told, the state's bounds, and how far back it reaches."""

from __future__ import annotations

from math import log1p
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.activity import Activity
from domain.clock import DAY, HOUR, MINUTE, SECOND
from models.features import FEATURES, NAMES, shown, vector
from models.memory import Recent, events, ids, known_for, new_minute, new_role
from models.observe import observe
from tests.detectors.story import MIDNIGHT, Story
from tests.models import made

NINE = MIDNIGHT + 9 * HOUR


def seen(told: list[Activity]) -> Recent:
    state = Recent()
    for activity in told:
        state = observe(state, (activity,))
    return state


def of(told: list[Activity]) -> dict[str, float]:
    return dict(zip(NAMES, vector(seen(told)), strict=True))


def routine(title: str, **usually: Any) -> Story:
    """Ten working days of five reads each at nine, up to four days ago, of one type, on one device."""
    story = Story(title, **{"country": "DE", "device_id": "laptop", "object_type": "contact", **usually})
    for day in range(13, 3, -1):
        for n in range(5):
            story.tell("record.read", NINE - day * DAY + n * MINUTE, object_id=f"c{n}")
    return story


def test_the_hour_of_a_first_activity_is_that_activity_alone() -> None:
    story = Story("first", device_id="laptop", country="DE")
    story.tell("record.read", NINE, object_type="contact", object_id="c1")
    one = {"events": log1p(1), "reads": log1p(1), "objects": log1p(1), "minutes": 1.0, "types": 1.0, "networks": 1.0}
    assert of(story.told) == {name: one.get(name, 0.0) for name in NAMES}


def test_each_act_counts_where_it_belongs() -> None:
    story = Story("all kinds")
    acts: list[tuple[str, dict[str, Any]]] = [
        ("record.searched", {}),
        ("record.deleted", {"outcome": "denied"}),
        ("data.exported", {"count": 700, "channel": "ui"}),
        ("file.downloaded", {"bytes": 5_000}),
        ("report.viewed", {"count": 30, "exported": True}),
        ("record.read", {"count": 40, "channel": "bulk"}),
        ("api.called", {"count": 9, "channel": "api"}),
        ("record.shared", {"external": True}),
        ("access.granted", {}),
        ("auth.mfa.denied", {"outcome": "unknown"}),
    ]
    for n, (action, fields) in enumerate(acts):
        story.tell(action, NINE + n * SECOND, **fields)
    found = of(story.told)
    assert {name: found[name] for name in ("reads", "changes", "exports", "rows", "bytes", "refusals", "admin")} == {
        "reads": log1p(3),
        "changes": log1p(1),
        "exports": log1p(4),
        "rows": log1p(700 + 30 + 40 + 9),
        "bytes": log1p(5_000),
        "refusals": log1p(2),
        "admin": log1p(1),
    }
    assert found["api_share"] == 20.0


@pytest.mark.parametrize(("after", "counted"), [(59 * MINUTE + 59_999, 2), (60 * MINUTE, 1)])
def test_the_window_is_sixty_whole_minutes(after: int, counted: int) -> None:
    story = Story("edge")
    story.tell("record.read", NINE)
    story.tell("record.read", NINE + after)
    assert events(seen(story.told)) == counted


def test_the_usual_thing_at_the_usual_hour_is_nothing_new() -> None:
    story = routine("usual")
    story.tell("record.read", NINE, object_id="c1")
    found = of(story.told)
    news = ("surge", "new_types", "new_device", "new_country", "new_network", "off_hours")
    assert {name: found[name] for name in news} == dict.fromkeys(news, 0.0)


def test_what_was_never_met_is_new_and_the_night_is_far_from_usual_hours() -> None:
    story = routine("new")
    at = MIDNIGHT + 3 * HOUR
    for n, kind in enumerate(("case", "quote", "contact")):
        story.tell("record.read", at + n * SECOND, object_type=kind, device_id="box", country="RO", ip="198.51.100.7")
    found = of(story.told)
    assert {name: found[name] for name in ("new_types", "new_device", "new_country", "new_network", "off_hours")} == {
        "new_types": 2.0,
        "new_device": 100.0,
        "new_country": 100.0,
        "new_network": 100.0,
        "off_hours": 6.0,
    }


def test_a_new_device_waits_three_days_before_it_is_usual() -> None:
    story = routine("waits")
    novelty = []
    for day in range(5):
        story.tell("record.read", NINE + day * DAY, device_id="phone")
        novelty.append(of(story.told)["new_device"])
    assert novelty[:3] == [100.0, 100.0, 100.0]
    assert novelty[3] == 91.0  # one of eleven old days


def test_what_came_through_a_vpn_never_becomes_usual() -> None:
    story = routine("vpn", network="vpn", ip="198.51.100.7")
    story.tell("record.read", NINE)
    found = of(story.told)
    assert (found["new_network"], found["new_country"], found["new_device"]) == (100.0, 0.0, 0.0)


def test_an_hour_with_far_more_rows_than_ever_surges() -> None:
    story = routine("surge")
    story.tell("data.exported", NINE, count=9_999)
    assert of(story.told)["row_surge"] == log1p(9_999)


def test_a_change_of_roles_is_news_for_a_week() -> None:
    story = routine("roles", roles=("sales",))
    assert not new_role(seen(story.told))
    story.tell("record.read", NINE, roles=("admin",))
    assert new_role(seen(story.told))
    story.tell("record.read", NINE + 7 * DAY - 1, roles=("admin",))
    assert new_role(seen(story.told))
    story.tell("record.read", NINE + 7 * DAY, roles=("admin",))
    assert not new_role(seen(story.told))


def test_the_hour_names_its_activities_and_of_a_busy_minute_the_first() -> None:
    story = Story("ids")
    for n in range(20):
        story.tell("record.read", NINE + n * SECOND)
    story.tell("record.read", NINE + MINUTE)
    assert ids(seen(story.told)) == [*story.ids(0, 2), *story.ids(20)]


def test_only_the_first_activity_of_a_minute_is_scored() -> None:
    story = Story("minutes")
    story.tell("record.read", NINE)
    state = seen(story.told)
    assert [new_minute(state, NINE + after) for after in (0, MINUTE - 1, MINUTE)] == [False, False, True]


def test_people_read_amounts_and_not_logarithms() -> None:
    values = {"events": log1p(1_900), "types": 6.0, "new_device": 100.0, "surge": log1p(6) - log1p(1)}
    of_name = {feature.name: feature for feature in FEATURES}
    assert {name: shown(of_name[name], value) for name, value in values.items()} == {
        "events": "1,900",
        "types": "6",
        "new_device": "100 %",
        "surge": "3.5 ×",
    }


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [0, 30 * SECOND, MINUTE, 50 * MINUTE, 7 * HOUR, DAY, 2 * DAY, 5 * DAY, 20 * DAY, 28 * DAY, 31 * DAY]
            ),
            st.integers(0, 30),
            st.sampled_from(["", "vpn"]),
            st.sampled_from([(), ("sales",), ("admin",)]),
        ),
        min_size=1,
        max_size=80,
    )
)
def test_thirty_days_are_enough(told: list[tuple[int, int, str, tuple[str, ...]]]) -> None:
    story, at = Story("horizon"), NINE
    for gap, value, network, roles in told:
        at += gap
        story.tell(
            "data.exported", at, device_id=f"d{value}", country=f"c{value % 14}", ip=f"198.51.{value}.1",
            network=network, object_type=f"t{value}", object_id=f"o{value}", count=value, roles=roles,
        )  # fmt: skip
    lately = [each for each in story.told if each.occurred_at > at - 30 * DAY]
    assert seen(lately) == seen(story.told)
    assert vector(seen(lately)) == vector(seen(story.told))


def test_the_state_of_a_working_person_is_small_and_round_trips() -> None:
    state = seen(made.worker("ann").told)
    assert known_for(state)[0] >= 14
    body = msgspec.json.encode(state)
    assert msgspec.json.decode(body, type=Recent) == state
    assert len(body) < 4_000
