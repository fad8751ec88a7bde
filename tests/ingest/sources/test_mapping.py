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
from ingest.yaml_text import parse
from tests.ingest.made import normaliser, record, said

YAML = """\
source: acme-crm
offset: +01:00
when:
  kind: audit
fields:
  id: event.id
  occurred_at: at
  action: event.type
  actor.id: user.id
  origin.ip: user.ip
counts:
  count: rows
constants:
  channel: ui
values:
  action:
    LOGIN_OK: auth.login.succeeded
    EXPORT: data.exported
    HEARTBEAT: skip
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
    path = tmp_path_factory.mktemp("mapping") / "mapping.yaml"
    path.write_text(YAML)
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
        (("  id: ", "  ident: "), "6: there is no field 'ident'; use one such as "),
        (("LOGIN_OK: auth.login.succeeded", "LOGIN_OK: auth.login.ok"), "17: 'auth.login.ok' is no action; use one "),
        (("+01:00", "CET"), "2: offset is 'CET'; write one such as +01:00"),
        (("source: acme-crm", "source: hubspot"), "1: source is 'hubspot'; name your own CRM"),
        (("  occurred_at: at\n", ""), "5: occurred_at is not mapped; add it to fields"),
        (("counts:", "numbers:"), "11: there is no part 'numbers'; use one such as "),
        (("user.id", "7"), "9: actor.id is 7; write where it stands in the record, such as user.id"),
        (
            ("values:\n  action:", "values:\n  action: 7\n  reason:"),
            "16: action is one value; write the record's value ",
        ),
        (("  action: event.type", "  id: event.type"), "8: id stands twice; keep one"),
        (("kind: audit", "kind: *"), "4: while scanning an alias expected alphabetic or numeric character"),
        (
            ("kind: audit", "kind: &a audit\n  type: *a"),
            "4: tags and aliases are not read; write the value",
        ),
        (
            ("kind: audit", "kind: !!python/name:os.system x"),
            "4: tags and aliases are not read; write the value",
        ),
        (("kind: audit", "kind: a\bb"), "4: special characters are not allowed; take that character out"),
        (("kind: audit", "[kind]: audit"), "4: a key is no word; write one"),
        (("counts:", "counts: {"), "13: while parsing a flow mapping expected ',' or '}', but got ':'; mend that line"),
        ((YAML, "- source"), "1: the file is one value or a list; write keys, such as source: acme-crm"),
        ((YAML, ""), "1: source is ''; name your own CRM"),
    ],
)
def test_a_mapping_that_cannot_be_names_the_line_and_the_remedy(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    (tmp_path / "mapping.yaml").write_text(YAML.replace(*change, 1))
    with pytest.raises(SettingsInvalid) as raised:
        Mapping(tmp_path / "mapping.yaml")
    assert str(raised.value).startswith(f"mapping.yaml:{reason}")


def test_the_example_of_the_page_reads_such_a_record(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/sources/mapping.md").read_text()
    (tmp_path / "mapping.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    found = outcome(tmp_path / "mapping.yaml", {**ROW, "event": {"id": 7, "type": "LOGIN_OK"}})[0]
    assert (found.source, found.action, found.ip) == ("acme-crm", "auth.login.succeeded", "203.0.113.9")


def test_a_plain_word_stays_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(
        "a: [NO, on, 12:30, +10:00, 2026-11-24, 007, 1_0, 0x1F, .inf, ~, '7', <<]\nb: [7, -1.5e3, true, false, null]\n"
        "yes:\n"
    )
    assert parse((tmp_path / "mapping.yaml").read_text(), "mapping.yaml") == (
        {
            "a": ["NO", "on", "12:30", "+10:00", "2026-11-24", "007", "1_0", "0x1F", ".inf", "~", "7", "<<"],
            "b": [7, -1500.0, True, False, None],
            "yes": None,
        },
        {("a",): 1, ("b",): 2, ("yes",): 3},
    )


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
