"""F24: the token of an app is used from a network where the app never was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Finding, token
from detectors.fold import fold
from detectors.rules.app_new_network import AppNewNetwork
from domain.actions import (
    API_CALLED,
    DATA_EXPORTED,
    FILE_DOWNLOADED,
    LOGIN_FAILED,
    LOGIN_SUCCEEDED,
    MESSAGE_SENT,
    RECORD_READ,
)
from domain.alert import Severity, evidence
from domain.clock import DAY, HOUR, MINUTE, millis
from domain.errors import SettingsInvalid
from tests.detectors.story import MIDNIGHT, Story, findings, last, severities, tokens

NOON = MIDNIGHT + 12 * HOUR
F24 = AppNewNetwork()

CLOUD = {"ip": "203.0.113.9", "asn": 64500, "network": "hosting"}
SAME_CLOUD = {"ip": "198.51.100.80", "asn": 64500, "network": "hosting"}
RENTED = {"ip": "198.51.100.4", "asn": 64501, "network": "hosting"}
TOR = {"ip": "192.0.2.66", "asn": 64502, "network": "tor"}
TOR_IN_CLOUD = {"ip": "192.0.2.67", "asn": 64500, "network": "tor"}
VPN = {"ip": "192.0.2.70", "asn": 64503, "network": "vpn"}
VPN_IN_CLOUD = {"ip": "192.0.2.71", "asn": 64500, "network": "vpn"}
RELAY = {"ip": "192.0.2.75", "asn": 64506, "network": "relay"}
HOME = {"ip": "192.0.2.80", "asn": 64504, "network": "home"}
SOME_HOME = {"ip": "192.0.2.81", "asn": None, "network": "home"}
OFFICE = {"ip": "192.0.2.90", "asn": 64505, "network": "corporate"}
UNKNOWN = {"ip": "192.0.2.91", "asn": None, "network": "unknown"}
NO_ADDRESS = {"ip": "", "asn": None, "network": "unknown"}
CURL = {"agent_family": "curl"}
Where = dict[str, Any]


def chat(title: str, *, days: int = 10, each: int = 3, home: Where = CLOUD) -> Story:
    """A chat app that reads a few contacts a day, up to yesterday."""
    story = Story(
        title,
        actor_id="svc-chat",
        actor_kind="integration",
        app_id="0H4CHAT",
        channel="api",
        agent_family="node",
        **{"outcome": "success", "object_type": "contact", **home},
    )
    for day in range(-days, 0):
        for n in range(each):
            story.tell(API_CALLED, NOON + day * DAY + n * MINUTE, count=20)
    return story


def then(story: Story, *where: Where, gap: int = MINUTE, action: str = API_CALLED) -> Story:
    """The same app at noon and later, from each of these."""
    for n, place in enumerate(where):
        story.tell(action, NOON + n * gap, **place)
    return story


def also_at(story: Story, place: Where, *days: int) -> Story:
    """The same app was so many days ago in another network too."""
    for day in days:
        story.tell(API_CALLED, NOON - day * DAY + HOUR, **place)
    return story


def roaming(title: str, networks: int) -> Story:
    """An app that people carry around, in so many usual networks besides the cloud."""
    story = chat(title, days=20)
    for n in range(networks):
        also_at(story, {**HOME, "asn": 64600 + n}, 9, 5)
    return story


STOLEN = then(chat("stolen"), *({**RENTED, "count": n} for n in (60, 70)))

FIRES = {
    "a chat app's token from Tor": then(chat("tor"), TOR).told,
    "a rented machine": STOLEN.told,
    "ten thousand rows": then(chat("rows"), *[{**RENTED, "count": 2_500}] * 4).told,
    "a VPN": then(chat("vpn"), VPN).told,
    "somebody's home whose operator is unknown": then(chat("home"), SOME_HOME).told,
    "another agent": then(chat("agent"), {**RENTED, **CURL}).told,
    "Tor at the app's own operator": then(chat("tor in cloud"), TOR_IN_CLOUD).told,
    "an app that lives in the office": then(chat("office", home=OFFICE), RENTED).told,
}
SILENT = {
    "a new address of the same operator": then(chat("new address"), SAME_CLOUD, CLOUD).told,
    "a VPN at the app's own operator": then(chat("vpn in cloud"), VPN_IN_CLOUD).told,
    "the company's own network": then(chat("from the office"), OFFICE).told,
    "no address": then(chat("no address"), NO_ADDRESS).told,
    "an operator without an address": then(chat("no ip"), {**RENTED, "ip": ""}).told,
    "nothing known of the address": then(chat("unknown"), UNKNOWN).told,
    "somebody at a screen": then(chat("screen"), {**HOME, "channel": "ui"}).told,
    "nineteen activities before": then(chat("nineteen", days=19, each=1), RENTED).told,
    "an app of six days": then(chat("six days", days=6, each=9), RENTED).told,
    "a second cloud, used for days": then(also_at(chat("second"), RENTED, 4, 2), RENTED).told,
    "an app that people carry around": then(roaming("everywhere", 5), HOME).told,
}


def test_fires_when_a_token_is_used_from_a_rented_machine() -> None:
    first, second = findings(F24, STOLEN.told)
    assert second == Finding(
        arm="network",
        severity=Severity.MEDIUM,
        observed=2.0,
        threshold=1.0,
        parts={
            "app": token(tokens("0H4CHAT")),
            "asn": "AS64501",
            "list": "AS64500",
            "rows": 130,
            "events": 2,
            "why": "the app was never used from this network operator",
        },
        baseline={
            "days_before": 10,
            "events_before": 30,
            "usual_networks": 1,
            "network": "hosting",
            "usual_agent": "yes",
        },
        evidence=evidence(STOLEN.ids(-2)),
    )
    assert (first.observed, first.parts["rows"], first.evidence) == (1.0, 60, evidence(STOLEN.ids(-2, -1)))


@pytest.mark.parametrize(
    ("where", "severity", "named"),
    [
        (RENTED, "MEDIUM", "AS64501"),
        (TOR, "HIGH", "AS64502 (tor)"),
        (TOR_IN_CLOUD, "HIGH", "AS64500 (tor)"),
        (VPN, "HIGH", "AS64503 (vpn)"),
        (RELAY, "MEDIUM", "AS64506 (relay)"),
        (HOME, "HIGH", "AS64504"),
        (SOME_HOME, "HIGH", "a home network"),
        ({**RENTED, **CURL}, "HIGH", "AS64501"),
        ({**RENTED, "agent_family": ""}, "MEDIUM", "AS64501"),
        ({**RENTED, "count": 10_000}, "CRITICAL", "AS64501"),
        ({**RENTED, "count": 9_999}, "MEDIUM", "AS64501"),
    ],
)
def test_the_network_the_agent_and_the_rows_make_the_severity(where: Where, severity: str, named: str) -> None:
    (found,) = findings(F24, then(chat(f"{severity} {named}"), where).told)
    assert (found.severity.name, found.parts["asn"], found.parts["list"]) == (severity, named, "AS64500")


def test_the_rows_of_a_day_from_all_new_networks_count_together() -> None:
    at_once = then(chat("hopping"), *({**RENTED, "asn": 64501 + n, "count": 2_500} for n in range(4)))
    assert severities(F24, at_once.told) == ["MEDIUM", "MEDIUM", "MEDIUM", "CRITICAL"]
    slowly = then(chat("slowly"), *[{**RENTED, "count": 2_500}] * 4, gap=8 * HOUR)
    assert severities(F24, slowly.told) == ["MEDIUM"] * 4
    assert [found.parts["rows"] for found in findings(F24, slowly.told)] == [2_500, 5_000, 7_500, 7_500]


@pytest.mark.parametrize(
    ("action", "fields", "rows"),
    [
        (API_CALLED, {"count": 700}, 700),
        (DATA_EXPORTED, {"count": 700, "channel": ""}, 700),
        (DATA_EXPORTED, {}, 0),
        (RECORD_READ, {"object_id": "c1"}, 1),
        (RECORD_READ, {"count": 700, "channel": "automation"}, 0),
        (API_CALLED, {"count": 700, "outcome": "denied"}, 0),
        (FILE_DOWNLOADED, {"count": 700}, 0),
        (LOGIN_SUCCEEDED, {}, 0),
    ],
)
def test_every_use_fires_and_exports_and_reads_take_rows(action: str, fields: Where, rows: int) -> None:
    (found,) = findings(F24, then(chat(f"{action} {fields}"), {**RENTED, **fields}, action=action).told)
    assert found.parts["rows"] == rows


def test_rows_told_twice_count_once() -> None:
    story = then(chat("told twice"), *[{**RENTED, "count": 6_000, "request_id": "r1"}] * 2)
    assert [found.parts["rows"] for found in findings(F24, story.told)] == [6_000, 6_000]


def test_silent_for_actions_that_no_token_is_stolen_for() -> None:
    for action in (MESSAGE_SENT, LOGIN_FAILED):
        assert findings(F24, then(chat(action), RENTED, action=action).told) == []


def test_silent_until_the_app_is_known_for_a_week_and_by_twenty_activities() -> None:
    assert severities(F24, then(chat("twenty", days=20, each=1), RENTED).told) == ["MEDIUM"]
    assert severities(F24, then(chat("a week", days=7, each=3), RENTED).told) == ["MEDIUM"]
    # its own activities, however many, are not what was before
    assert findings(F24, then(chat("nineteen", days=19, each=1), *[RENTED] * 50).told) == []


def test_a_network_met_while_the_app_was_learned_is_not_new() -> None:
    story = also_at(chat("young", days=10), RENTED, 5)
    assert findings(F24, then(story, RENTED).told) == []


def test_a_new_network_is_usual_three_days_after_and_not_by_its_own_first_activities() -> None:
    daily = chat("daily", days=20)
    for day in range(5):
        for n in range(2):
            daily.tell(API_CALLED, NOON + day * DAY + n * MINUTE, **RENTED)
    assert severities(F24, daily.told) == ["MEDIUM"] * 6
    again = also_at(chat("again", days=20), RENTED, 5)
    assert severities(F24, then(again, RENTED, RENTED).told) == ["MEDIUM"] * 3


@pytest.mark.parametrize("where", [TOR, VPN, RELAY])
def test_what_came_through_a_mask_never_becomes_usual(where: Where) -> None:
    story = also_at(chat("masked", days=20), where, 9, 6, 3)
    assert len(last(F24, then(story, where).told)) == 1


def test_what_was_refused_never_becomes_usual() -> None:
    story = also_at(chat("refused", days=20), {**RENTED, "outcome": "denied"}, 9, 6, 3)
    assert len(last(F24, then(story, RENTED).told)) == 1


def test_silent_about_an_app_that_has_no_usual_network() -> None:
    assert findings(F24, then(chat("always masked", home=VPN), RENTED).told) == []
    assert findings(F24, then(chat("no addresses", home=NO_ADDRESS), RENTED).told) == []


def test_silent_about_an_app_that_was_nowhere_twice() -> None:
    story = chat("nomad", days=0)
    for day in range(25):
        also_at(story, {**RENTED, "asn": 64700 + day}, 25 - day)
    assert findings(F24, then(story, RENTED).told) == []


def test_a_network_is_new_again_after_thirty_days() -> None:
    story = chat("long ago", days=60)
    also_at(story, RENTED, 45, 40, 35)
    assert severities(F24, then(story, RENTED).told)[-1:] == ["MEDIUM"]
    assert last(F24, then(also_at(chat("lately", days=60), RENTED, 28, 20), RENTED).told) == ()


def test_an_app_that_is_used_everywhere_is_info_but_through_tor() -> None:
    assert [each.severity.name for each in last(F24, then(roaming("four", 4), HOME).told)] == ["HIGH"]
    (found,) = last(F24, then(roaming("five", 5), {**HOME, "count": 20_000}).told)
    assert found.severity == Severity.INFO
    assert found.parts["suppressed"] == "the app is at home in 6 networks: people carry it around"
    assert found.parts["list"] == "AS64500, AS64600, AS64601, AS64602, AS64603 and 1 more"
    assert [each.severity.name for each in last(F24, then(roaming("tor", 5), TOR).told)] == ["HIGH"]


def test_an_ordinary_activity_changes_nothing_once_its_day_is_counted() -> None:
    story = then(chat("busy"), *[CLOUD] * 200, gap=1)
    state, _ = fold(F24, story.told)
    again = then(chat("busy"), *[CLOUD] * 201, gap=1).told[-1]
    assert F24.step(state, again, None).state is state  # type: ignore[arg-type]


HAPPENED = st.tuples(st.integers(0, 34), st.integers(0, 23), st.sampled_from([CLOUD, CLOUD, RENTED, HOME, TOR]))


@settings(max_examples=400, deadline=None)
@given(st.lists(HAPPENED, min_size=20, max_size=60))
def test_what_lies_beyond_the_horizon_changes_nothing(happened: list[tuple[int, int, Where]]) -> None:
    sensitive, story = AppNewNetwork(least_events=3, learning=timedelta(days=1)), chat("horizon", days=0)
    for day, hour, where in sorted(happened, key=lambda each: each[:2]):
        story.tell(API_CALLED, MIDNIGHT + day * DAY + hour * HOUR, **where)
    horizon = millis(sensitive.spec.horizon)
    lately = [each for each in story.told if each.occurred_at > story.told[-1].occurred_at - horizon]
    everything, within = fold(sensitive, story.told), fold(sensitive, lately)
    assert (within[0], within[1][-1]) == (everything[0], everything[1][-1])


def test_a_day_of_a_network_is_remembered_whole_or_not_at_all_while_its_rows_are_added_up() -> None:
    """What was new almost a day ago was new by a memory of 29 days, the first of them cut in two."""
    story = chat("cut in two", days=0)
    for hours in (-29 * 24 - 1, -29 * 24 + 1, -5 * 24):
        story.tell(API_CALLED, NOON + hours * HOUR, **RENTED)
    for day in range(-27, 0):
        story.tell(API_CALLED, NOON + day * DAY)
    then(story, RENTED, {"asn": 64700}, gap=DAY - 1)
    lately = [each for each in story.told if each.occurred_at > NOON + DAY - 1 - millis(F24.spec.horizon)]
    everything, within = fold(F24, story.told), fold(F24, lately)
    assert (everything[0].new.count, len(everything[1][-1])) == (2, 1)
    assert (within[0], within[1][-1]) == (everything[0], everything[1][-1])


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"least_events": 101}, "least_events is 101; it must be from 1 to 100"),
        ({"critical": 0}, "critical is 0; it must be from 1 to 1,000,000,000"),
        ({"everywhere": 17}, "everywhere is 17; it must be from 2 to 16"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], refusal: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"^app_new_network: {refusal}$"):
        AppNewNetwork(**wrong)
