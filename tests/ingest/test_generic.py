"""The generic event: the examples of the documentation, and what each rule of it does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.made import TOKENS, activity, event, said

FAILED = b"""{"id":"a1","tenant":"acme","occurred_at":"2026-11-24T09:00:00Z","action":"auth.login.failed",
     "actor":{"id":"u7"},"origin":{"ip":"203.0.113.9","user_agent":"Mozilla/5.0"},"reason":"bad_password"}"""
EXPORTED = b"""{"id":"a2","tenant":"acme","occurred_at":"2026-11-24T02:10:00Z","action":"data.exported",
     "actor":{"id":"u7","roles":["sales_rep"]},"channel":"ui","object_type":"contact","count":18400,"execution_id":"r-881"}"""
STATED = b"""{"id":"a3","tenant":"acme","occurred_at":"2026-11-24T08:00:00Z","action":"context.stated",
     "actor":{"id":"hr-sync","kind":"integration"},"fact":"leaver","about":"actor:u7","from":"2026-11-24","until":"2026-12-15"}"""


def test_the_documented_failed_sign_in_is_read_whole() -> None:
    found = activity(FAILED)
    assert said(found) == {
        "tenant": "acme",
        "occurred_at": 1_795_510_800_000,
        "action": "auth.login.failed",
        "source": "generic",
        "native_id": "a1",
        "outcome": "failure",
        "reason": "bad_password",
        "time_precision": "s",
        "actor_id": "u7",
        "ip": "203.0.113.9",
        "ip_basis": "direct",
        "user_agent": "Mozilla/5.0",
        "agent_family": "other",
    }
    assert (found.actor_token, found.login_token) == (TOKENS("u7"), "")
    assert (found.ip_token, found.net_token) == (TOKENS("203.0.113.9"), TOKENS("203.0.113.0/24"))


def test_the_documented_export_is_read_whole() -> None:
    assert said(activity(EXPORTED)) == {
        "tenant": "acme",
        "occurred_at": 1_795_486_200_000,
        "action": "data.exported",
        "source": "generic",
        "native_id": "a2",
        "time_precision": "s",
        "actor_id": "u7",
        "roles": ("sales_rep",),
        "channel": "ui",
        "object_type": "contact",
        "count": 18_400,
        "execution_id": "r-881",
    }


def test_the_documented_fact_is_read_whole_and_its_last_day_belongs_to_it() -> None:
    assert said(activity(STATED)) == {
        "tenant": "acme",
        "occurred_at": 1_795_507_200_000,
        "action": "context.stated",
        "source": "generic",
        "native_id": "a3",
        "time_precision": "s",
        "actor_id": "hr-sync",
        "actor_kind": "integration",
        "fact": "leaver",
        "about": "actor:u7",
        "valid_from": 1_795_478_400_000,  # 2026-11-24T00:00Z
        "valid_until": 1_797_379_200_000,  # 2026-12-16T00:00Z, the end of the 15th
    }


def test_every_documented_field_finds_its_place() -> None:
    whole: dict[str, Any] = event(
        source="espo",
        feed="audit",
        outcome="success",
        channel="bulk",
        session_id="s1",
        auth_method="saml",
        mfa=True,
        app_id="app1",
        app_name="Sync",
        scopes=["api", "refresh"],
        sensitivity="special",
        count=3,
        bytes=2048,
        fields=["email"],
        value_digest="d41d8cd9",
        area="audit",
        direction="weakened",
        target_id="u9",
        role="admin",
        recipient_count=4,
        external=False,
        destination="mail",
        purpose="contract",
        exported=True,
        change="off",
        credential="mfa",
        hard=True,
        method="DELETE",
        attachment=True,
        state="done",
        result="pass",
        kind="access",
        score=0.5,
        control="backup",
        request_id="q1",
        execution_id="x1",
        sequence=2,
        job_id="j1",
        ticket="T-1",
        title="Accounts",
        actor={
            "id": "u7",
            "login": "Ann@Example.com",
            "kind": "system",
            "name": "Ann",
            "email": "ann@example.com",
            "roles": ["sales"],
            "privileged": True,
            "team": "north",
            "impersonator": "u1",
        },
        origin={
            "ip": "2001:db8:1:2:3::4",
            "ip_basis": "forwarded",
            "asn": 64500,
            "network": "vpn",
            "country": "de",
            "region": "BE",
            "city": "Berlin",
            "lat": 52.5,
            "lon": 13,
            "radius_km": 5,
            "user_agent": "curl/8.0",
            "device_id": "d1",
            "tls": "TLSv1.3",
        },
    )
    found = activity(whole)
    assert said(found) == {
        **{name: value for name, value in whole.items() if name not in ("id", "actor", "origin")},
        "native_id": "a1",
        "occurred_at": 1_795_510_740_000,
        "time_precision": "s",
        "session_id": TOKENS("session\0s1"),
        "scopes": ("api", "refresh"),
        "fields": ("email",),
        "actor_id": "u7",
        "actor_login": "Ann@Example.com",
        "actor_kind": "system",
        "actor_name": "Ann",
        "actor_email": "ann@example.com",
        "roles": ("sales",),
        "privileged": True,
        "team": "north",
        "impersonator": "u1",
        **whole["origin"],
        "country": "DE",
        "lon": 13.0,
        "radius_km": 5.0,
        "agent_family": "curl",
    }
    assert found.login_token == TOKENS("ann@example.com")
    assert (found.ip_token, found.net_token) == (TOKENS("2001:db8:1:2::/64"), TOKENS("2001:db8:1::/48"))
    assert found.app_token == TOKENS("app1")


def test_an_integer_id_equals_its_decimal_text() -> None:
    numbers = activity(event(id=17, actor={"id": 7}, object_id=3))
    texts = activity(event(id="17", actor={"id": "7"}, object_id="3"))
    assert (numbers.activity_id, numbers.actor_token, numbers.object_id) == (texts.activity_id, texts.actor_token, "3")


def test_unknown_fields_are_kept_but_not_judged() -> None:
    found = activity(event(colour="red", actor={"id": "u7", "shoe": 43}))
    assert found.extra == '{"colour":"red","actor":{"shoe":43}}'


def test_unknown_fields_beyond_two_kilobytes_are_left_out_whole() -> None:
    found = activity(event(first=1, long="x" * 3_000, last=2))
    assert (found.extra, found.flags) == ('{"first":1}', ("cut",))


def test_a_long_text_is_cut_at_whole_characters_with_a_flag() -> None:
    found = activity(event(title="é" * 5_000))
    assert (found.title, found.flags) == ("é" * 4_096, ("cut",))


def test_more_than_a_hundred_entries_are_cut_but_counted() -> None:
    found = activity(event(object_ids=[f"c{i}" for i in range(150)], object_id=None))
    assert (found.object_ids, found.count, found.flags) == (tuple(f"c{i}" for i in range(100)), 150, ("cut",))


def test_an_unknown_number_of_rows_is_unknown_and_flagged() -> None:
    assert (activity(event(action="data.exported")).count, activity(event(action="data.exported")).flags) == (
        None,
        ("count_missing",),
    )
    assert activity(event(object_id=None)).flags == ("count_missing",)
    assert activity(event()).flags == ()


@pytest.mark.parametrize("ip", ["Salesforce.com IP", "0.0.0.0", "::", "256.1.1.1", "01.2.3.4", "x" * 5_000])
def test_an_unusable_address_is_stored_as_missing(ip: str) -> None:
    found = activity(event(origin={"ip": ip, "ip_basis": "direct"}))
    assert (found.ip, found.ip_basis, found.ip_token, found.flags) == ("", "none", "", ("ip_missing",))


def test_a_sign_in_without_address_says_so_and_other_actions_do_not() -> None:
    assert activity(event(action="auth.login.succeeded", object_id=None)).flags == ("ip_missing",)
    assert activity(event()).flags == ()


@pytest.mark.parametrize(
    ("text", "at", "precision", "flags"),
    [
        ("2026-11-24T08:59:00Z", 1_795_510_740_000, "s", ()),
        ("2026-11-24t08:59:00z", 1_795_510_740_000, "s", ()),
        ("2026-11-24 09:59:00+01:00", 1_795_510_740_000, "s", ()),
        ("2026-11-24T08:59:00.1239999Z", 1_795_510_740_123, "ms", ()),
        ("2026-11-24T08:59:00.128+0000", 1_795_510_740_128, "ms", ()),
        ("2026-11-24T08:59Z", 1_795_510_740_000, "min", ("coarse_time",)),
        ("2026-11-24T08Z", 1_795_507_200_000, "h", ("coarse_time",)),
    ],
)
def test_times_are_read_exactly_and_their_precision_is_kept(
    text: str, at: int, precision: str, flags: tuple[str, ...]
) -> None:
    found = activity(event(occurred_at=text))
    assert (found.occurred_at, found.time_precision, found.flags) == (at, precision, flags)


def test_an_event_a_little_ahead_waits_and_one_a_minute_ahead_is_flagged() -> None:
    assert activity(event(occurred_at="2026-11-24T09:01:00Z")).flags == ()
    assert activity(event(occurred_at="2026-11-24T09:01:00.001Z")).flags == ("ahead",)
    assert activity(event(occurred_at="2026-11-25T09:00:00Z")).flags == ("ahead",)


def test_outcome_follows_from_the_action_where_it_says_so() -> None:
    actions = ("auth.login.succeeded", "auth.login.failed", "auth.mfa.denied", "record.read")
    assert [activity(event(action=name)).outcome for name in actions] == ["success", "failure", "denied", "unknown"]


def test_null_means_left_out() -> None:
    whole = {**event(), "reason": None, "count": None, "origin": None, "colour": None}
    assert said(activity(whole)) == said(activity(event())) | {"extra": '{"colour":null}'}


def test_a_cloud_event_is_the_event_inside_it() -> None:
    inside = event(id=None, occurred_at=None, action=None)
    envelope = {
        "specversion": "1.0",
        "id": "a1",
        "source": "/crm/eu",
        "type": "record.read",
        "time": "2026-11-24T08:59:00Z",
        "datacontenttype": "application/json",
        "data": inside,
    }
    found, plain = activity(envelope), activity(event())
    assert (found.activity_id, said(found)) == (plain.activity_id, said(plain) | {"feed": "/crm/eu"})


def test_the_session_key_is_never_stored_itself() -> None:
    found = activity(event(session_id="secret-session"))
    assert found.session_id == TOKENS("session\0secret-session")


def test_a_cased_login_is_one_subject() -> None:
    one = activity(event(actor={"id": "u7", "login": "ANN@example.com"}))
    two = activity(event(actor={"id": "u7", "login": "ann@example.com"}))
    assert (one.login_token, one.activity_id) == (two.login_token, two.activity_id)
