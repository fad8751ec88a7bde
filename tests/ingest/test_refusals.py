"""Every reason why a record is refused: its code, and the sentence that a person reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.dead_letters import DeadLetter
from tests.ingest.made import event, normaliser, record, refused

WHOLE = json.dumps(event())


def raw(extra: str) -> bytes:
    """A whole event with more text before its closing brace."""
    return (WHOLE[:-1] + extra + "}").encode()


NOT_JSON = [
    (b"", "empty", "the record is empty; send one JSON object per record"),
    (b" \n", "empty", "the record is empty; send one JSON object per record"),
    (
        b"\xef\xbb\xbf" + WHOLE.encode(),
        "byte_order_mark",
        "the record starts with a byte order mark; send UTF-8 without it",
    ),
    (
        raw(', "t": "X"').replace(b"X", b"\xff"),
        "not_utf8",
        "byte 169 of the record is not UTF-8; send the JSON text in UTF-8",
    ),
    (
        b"{'id': 1}",
        "not_json",
        "the record is not JSON at line 1, column 2 (Expecting property name enclosed in double quotes); send one JSON "
        "object",
    ),
    (b"{} {}", "not_json", "the record is not JSON at line 1, column 4 (Extra data); send one JSON object"),
    (
        b"[]",
        "not_an_object",
        'the record is a list; send one JSON object per record, such as {"id": …}',
    ),
    (b"3", "not_an_object", 'the record is a number; send one JSON object per record, such as {"id": …}'),
    (b"null", "not_an_object", 'the record is null; send one JSON object per record, such as {"id": …}'),
    (raw(', "n": NaN'), "not_a_number", "NaN is no JSON number; leave the field out when the value is unknown"),
    (
        raw(', "n": -Infinity'),
        "not_a_number",
        "-Infinity is no JSON number; leave the field out when the value is unknown",
    ),
    (raw(', "n": 1e999'), "number_out_of_range", "the number 1e999 is beyond a double; send a number below 1e308"),
    (
        raw(', "n": [{"m": 9223372036854775808}]'),
        "integer_too_large",
        "the integer 9223372036854775808 does not fit into 64 bits; send it as a text",
    ),
    (
        raw(', "n": 1' + "0" * 5_000),
        "integer_too_large",
        "the integer 10000000000000000000… does not fit into 64 bits; send it as a text",
    ),
    (raw(r', "n": "\ud800"'), "lone_surrogate", "a text holds half of a surrogate pair; send whole Unicode characters"),
    (
        raw(r', "n": "\ud800 and"'),
        "lone_surrogate",
        "a text holds half of a surrogate pair; send whole Unicode characters",
    ),
    (raw(r', "n": "a\u0000b"'), "nul_character", "a text holds the character U+0000; send it without"),
    (raw(r', "a\u0000b": 1'), "nul_character", "a text holds the character U+0000; send it without"),
    (
        raw(', "n": ' + "[" * 32 + "]" * 32),
        "too_deep",
        "the record is nested deeper than 32 levels; send a flatter object",
    ),
    (b"[" * 100_000, "too_deep", "the record is nested deeper than 32 levels; send a flatter object"),
    (
        raw("".join(f', "k{i}": 1' for i in range(506))),
        "too_many_keys",
        "the record has 514 keys, more than 512; send fewer fields",
    ),
    (
        raw(', "n": "' + "x" * 256_000 + '"'),
        "too_large",
        "the record has 256171 bytes, more than 256000; send smaller events, one per record",
    ),
    (raw(', "id": "a2"'), "repeated_key", "the key 'id' stands twice in one object; send it once"),
    (raw(', "id" : "a2"'), "repeated_key", "the key 'id' stands twice in one object; send it once"),
    (raw(', "id"\n:"a2"'), "repeated_key", "the key 'id' stands twice in one object; send it once"),
    (raw(r', "\u0069d": "a2"'), "repeated_key", "the key 'id' stands twice in one object; send it once"),
    (raw(r', "id" : "a2", "x": "\":"'), "repeated_key", "the key 'id' stands twice in one object; send it once"),
    (raw(', "n": [{"m": {"a": 1, "a": 1}}]'), "repeated_key", "the key 'a' stands twice in one object; send it once"),
]


@pytest.mark.parametrize(("value", "code", "reason"), NOT_JSON, ids=lambda value: str(value)[:40])
def test_refused_before_it_is_an_event(value: bytes, code: str, reason: str) -> None:
    assert refused(value) == (code, reason)


FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"action": None}, "field_missing", "action is missing; send one of the actions, such as auth.login.failed"),
    (
        {"actor": None},
        "field_missing",
        "actor.id is missing; send the CRM's id of who did it; for an unknown user, the login name as typed",
    ),
    (
        {"actor": {"id": ""}},
        "field_missing",
        "actor.id is missing; send the CRM's id of who did it; for an unknown user, the login name as typed",
    ),
    (
        {"occurred_at": None},
        "field_missing",
        "occurred_at is missing; send a time with an offset, such as 2026-11-24T09:00:00Z",
    ),
    ({"tenant": None}, "tenant_unknown", "tenant is missing; send it with each record, or set ingest.default_tenant"),
    (
        {"tenant": "Acme GmbH"},
        "tenant_invalid",
        "tenant 'Acme GmbH' is no tenant name; use a-z, 0-9, _ and -, at most 63 characters, the first no _ or -",
    ),
    (
        {"occurred_at": 1795510740},
        "time_is_a_number",
        "occurred_at is the number 1795510740; send a text such as 2026-11-24T09:00:00Z",
    ),
    (
        {"occurred_at": "2026-11-24T08:59:00"},
        "time_without_offset",
        "occurred_at '2026-11-24T08:59:00' has no UTC offset; add Z or one such as +01:00",
    ),
    (
        {"occurred_at": "24.11.2026 08:59"},
        "time_unreadable",
        "occurred_at '24.11.2026 08:59' is no RFC 3339 time; send one such as 2026-11-24T09:00:00Z",
    ),
    (
        {"occurred_at": "2026-02-30T08:59:00Z"},
        "time_unreadable",
        "occurred_at '2026-02-30T08:59:00Z' is no RFC 3339 time; send one such as 2026-11-24T09:00:00Z",
    ),
    (
        {"occurred_at": "1969-12-31T23:59:59Z"},
        "before_1970",
        "occurred_at '1969-12-31T23:59:59Z' lies before 1970; send the time of the event",
    ),
    (
        {"occurred_at": "0001-01-01T00:00:00+23:59"},
        "before_1970",
        "occurred_at '0001-01-01T00:00:00+23:59' lies before 1970; send the time of the event",
    ),
    (
        {"occurred_at": "2026-11-25T09:00:00.001Z"},
        "ahead_of_time",
        "occurred_at 2026-11-25T09:00:00.001Z lies 24 hours after the record arrived; check the source's "
        "clock and offset",
    ),
    ({"id": 1.5}, "wrong_type", "id is 1.5; send an id as a text or an integer"),
    ({"id": True}, "wrong_type", "id is true; send an id as a text or an integer"),
    ({"actor": "u7"}, "wrong_type", "actor is 'u7'; send an object"),
    ({"actor": {"id": "u7", "roles": "sales"}}, "wrong_type", "actor.roles is 'sales'; send a list of texts"),
    (
        {"actor": {"id": "u7", "roles": [1]}},
        "wrong_type",
        "an entry of actor.roles is 1; send a text",
    ),
    ({"count": -1}, "wrong_type", "count is -1; send a whole number from 0"),
    ({"count": "12"}, "wrong_type", "count is '12'; send a whole number from 0"),
    ({"mfa": 1}, "wrong_type", "mfa is 1; send true or false"),
    ({"score": 87}, "wrong_type", "score is 87; send a number from 0 to 1"),
    (
        {"origin": {"country": "Germany"}},
        "wrong_type",
        "origin.country is 'Germany'; send the two letters of ISO 3166, such as DE",
    ),
    (
        {"source": "My CRM"},
        "wrong_type",
        "source is 'My CRM'; send a name of a-z, 0-9, '.', _ and -, at most 63 characters",
    ),
    ({"actor": {"id": "u" * 1_025}}, "id_too_long", "actor.id has 1025 bytes, more than 1024; send a shorter id"),
    (
        {"reason": "wrong_password"},
        "unknown_value",
        "reason 'wrong_password' is unknown; use one of bad_password, unknown_user, locked, disabled, expired, mfa, "
        "policy, outage, other",
    ),
    (
        {"action": "auth.login.succeeded", "outcome": "failure"},
        "contradiction",
        "outcome 'failure' contradicts the action auth.login.succeeded; leave outcome out or send 'success'",
    ),
    (
        {"action": "context.stated", "fact": "leaver"},
        "field_missing",
        "about is missing; context.stated needs fact and about, such as leaver and actor:u7",
    ),
    (
        {"action": "context.stated", "fact": "leaver", "about": "u7"},
        "unknown_value",
        "about 'u7' is unknown; use actor:ID, app:ID, network:CIDR, record:TYPE:ID or tenant",
    ),
    (
        {"specversion": "0.3", "data": {}},
        "unknown_value",
        "specversion '0.3' is unknown; send CloudEvents 1.0",
    ),
    (
        {"specversion": "1.0"},
        "field_missing",
        "data is missing; send the record as JSON in data, not in data_base64",
    ),
]


@pytest.mark.parametrize(("changes", "code", "reason"), FIELDS, ids=lambda value: str(value)[:40])
def test_refused_for_a_field(changes: dict[str, Any], code: str, reason: str) -> None:
    assert refused(event(**changes)) == (code, reason)


def test_an_unknown_action_lists_the_valid_ones_the_nearest_first() -> None:
    code, reason = refused(event(action="auth.login.fail"))
    assert code == "unknown_action"
    assert reason.startswith("action 'auth.login.fail' is unknown; use one of auth.login.failed, ")
    assert reason.count(",") == 28


def test_an_event_without_id_is_refused_over_http_alone() -> None:
    code, reason = refused(event(id=None, tenant=None), topic="vedette.raw.http", headers=(("tenant", b"acme"),))
    assert code == "field_missing"
    assert reason == "id is missing; over HTTP each event needs its own id, so that a retry is not a second event"


def test_a_record_never_speaks_for_another_tenant_than_its_door() -> None:
    code, reason = refused(event(tenant="other"), topic="vedette.raw.http", headers=(("tenant", b"acme"),))
    assert code == "tenant_mismatch"
    assert reason == (
        "tenant says tenant 'other', but this door belongs to 'acme'; leave it out, or use that tenant's door"
    )


def test_an_unknown_source_lists_the_known_ones() -> None:
    assert refused(event(), topic="vedette.raw.salesfroce") == (
        "source_unknown",
        "source 'salesfroce' is unknown; use one of salesforce, generic, dataverse, hubspot, espocrm, twenty, ocsf",
    )


def test_control_characters_of_a_record_never_reach_a_sentence_raw() -> None:
    code, reason = refused(event(action="x\r\n\x1b[31mred"))
    assert code == "unknown_action"
    assert reason.startswith(r"action 'x\r\n\x1b[31mred' is unknown")


def test_a_refusal_keeps_bytes_place_and_what_was_known() -> None:
    value = event(action="nonsense", source="espo", feed="audit")
    letter = normaliser(default_tenant="acme").normalise(
        record(value, topic="vedette.raw.import", headers=(("tenant", b"acme"), ("feed", b"nightly"), ("x", b"\xff")))
    )
    assert isinstance(letter, DeadLetter)
    again = normaliser(default_tenant="acme").normalise(
        record(value, topic="vedette.raw.import", headers=(("tenant", b"acme"), ("feed", b"nightly"), ("x", b"\xff")))
    )
    assert letter == again
    assert (letter.tenant, letter.source, letter.feed) == ("acme", "generic", "nightly")
    assert (letter.epoch, letter.lane, letter.offset, letter.index) == (3, "vedette.raw.import:0", 5, 0)
