"""A company's own JSON, read by a mapping instead of code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import SettingsInvalid
from ingest.dead_letters import DeadLetter
from ingest.record import Skip
from ingest.sources.mapping import Mapping
from tests.ingest.made import normaliser, record, said

TOML = """\
source = "acme-crm"
offset = "+01:00"
[when]
kind = "audit"
[fields]
id = "event.id"
occurred_at = "at"
action = "event.type"
"actor.id" = "user.id"
"origin.ip" = "user.ip"
[counts]
count = "rows"
[constants]
channel = "ui"
[values.action]
LOGIN_OK = "auth.login.succeeded"
EXPORT = "data.exported"
HEARTBEAT = "skip"
"""
ROW: dict[str, Any] = {
    "kind": "audit",
    "event": {"id": 7, "type": "EXPORT"},
    "at": "2026-11-24 09:59:00",
    "user": {"id": "u7", "ip": "203.0.113.9"},
    "rows": ["a", "b"],
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    path.write_text(TOML)
    return path


def outcome(file: Path, row: dict[str, Any] | bytes) -> Any:
    return normaliser(mappings=(str(file),), default_tenant="acme").normalise(record(row))


def test_a_record_is_known_by_its_fields_and_read_whole(file: Path) -> None:
    (found,) = outcome(file, ROW)
    assert said(found) == {
        "tenant": "acme",
        "source": "acme-crm",
        "feed": "acme-crm",
        "occurred_at": 1_795_510_740_000,
        "time_precision": "s",
        "action": "data.exported",
        "native_id": "7",
        "actor_id": "u7",
        "ip": "203.0.113.9",
        "ip_basis": "direct",
        "channel": "ui",
        "count": 2,
    }


def test_a_count_that_is_missing_stays_unknown_and_a_value_can_be_skipped(file: Path) -> None:
    assert outcome(file, {**ROW, "rows": None})[0].count is None
    assert outcome(file, {**ROW, "rows": "18400"})[0].count == 18_400
    skipped = outcome(file, {**ROW, "event": {"id": 8, "type": "HEARTBEAT"}})
    assert isinstance(skipped, Skip)
    assert (skipped.kind, skipped.source) == ("HEARTBEAT", "acme-crm")


def test_what_the_mapping_does_not_cover_is_refused_as_a_generic_event_is(file: Path) -> None:
    refused = outcome(file, {**ROW, "event": {"id": 9, "type": "data.exportd"}})
    assert isinstance(refused, DeadLetter)
    assert (refused.code, refused.source) == ("unknown_action", "acme-crm")
    assert refused.reason.startswith("action 'data.exportd' is unknown; use one of data.exported")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("id = ", "ident = "), "mapping.toml:6: there is no field 'ident'; use one such as "),
        (
            ('LOGIN_OK = "auth.login.succeeded"', 'LOGIN_OK = "auth.login.ok"'),
            "mapping.toml:16: 'auth.login.ok' is no action;",
        ),
        (("+01:00", "CET"), "mapping.toml:2: offset is 'CET'; write one such as +01:00"),
        (('source = "acme-crm"', 'source = "hubspot"'), "mapping.toml:1: source is 'hubspot'; name your own CRM"),
        (('occurred_at = "at"', ""), "mapping.toml:5: occurred_at is not mapped; add it to [fields]"),
        (("[counts]", "[numbers]"), "mapping.toml:11: there is no part 'numbers'; use one such as "),
        (('"user.id"', "7"), "mapping.toml:9: actor.id is 7; write where it stands in the record"),
        (("[when]", "[when"), "mapping.toml is no TOML: "),
    ],
)
def test_a_mapping_that_cannot_be_names_the_line_and_the_remedy(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    (tmp_path / "mapping.toml").write_text(TOML.replace(*change, 1))
    with pytest.raises(SettingsInvalid) as raised:
        Mapping(tmp_path / "mapping.toml")
    assert str(raised.value).startswith(reason)


@given(
    at=st.none() | st.integers() | st.text(max_size=20),
    rows=st.none() | st.floats() | st.text(max_size=4),
    size=st.integers(0, 200),
)
def test_no_row_raises_and_one_row_is_always_one_thing(file: Path, at: Any, rows: Any, size: int) -> None:
    raw = json.dumps({**ROW, "at": at, "rows": rows}).encode()
    for each in (raw, raw[:size]):
        first = outcome(file, each)
        assert not (isinstance(first, DeadLetter) and first.code == "internal"), first
        assert outcome(file, each) == first
