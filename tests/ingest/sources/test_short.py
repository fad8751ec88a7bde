"""The short way of usual records and the long way come to the same, whatever a record holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.records import records
from ingest.refusal import Refused
from ingest.sources.base import Draft
from ingest.sources.cloud_events import data_of
from ingest.sources.espocrm import ADAPTER as ESPOCRM
from ingest.sources.espocrm import EspoCRM
from ingest.sources.hubspot import ADAPTER as HUBSPOT
from ingest.sources.hubspot import HubSpot
from ingest.strict_json import parse

ADAPTERS: dict[str, HubSpot | EspoCRM] = {"hubspot": HUBSPOT, "espocrm": ESPOCRM}
END = 1_795_510_800_000
USUAL = {name: [json.loads(raw) for raw in records(name, 60, seed=3, end=END)] for name in ADAPTERS}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "null", "undefined", " x ", "x" * 300, "x" * 3_000, "é", "\u00a0y", 7, 2**70, True, 1.5, [], {},
     {"a": 1}, "2026-11-24T09:00:00Z", "2026-11-24 09:00:00", "2026-11-24T09:00:00.000+01:00",
     "2026-13-24T09:00:00.000Z", "User", "Role", "read", "update", "PURGE", "VIEW", "LOGIN", "CRITICAL_ACTION", 'a":b',
     "a\\b", "\0"]
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, bytes]:
    """A usual record, some of whose columns are odd, gone, new or written twice."""
    name = draw(st.sampled_from(sorted(ADAPTERS)))
    row: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(USUAL[name]))))
    for column in draw(st.lists(st.sampled_from(sorted(row)), max_size=2)):
        if draw(st.booleans()):
            row[column] = draw(ODD)
        else:
            row.pop(column, None)
    if draw(st.integers(0, 9)) == 0:
        row[draw(st.sampled_from(["data", "more", "isDenied", "category", "loginAt"]))] = draw(ODD)
    raw = json.dumps(row, ensure_ascii=draw(st.booleans())).encode()
    if draw(st.integers(0, 9)) == 0:
        raw = b'{"id":"first",' + raw[1:]
    return name, raw


def outcome(read: Any) -> tuple[Draft, set[str]] | tuple[str, str]:
    flags: set[str] = set()
    try:
        return read(flags), flags
    except Refused as refused:
        return refused.code, refused.reason


@settings(max_examples=600, deadline=None)
@given(changed())
def test_both_ways_come_to_the_same(sent: tuple[str, bytes]) -> None:
    name, raw = sent
    adapter = ADAPTERS[name]
    assert outcome(lambda flags: adapter.read(raw, flags)) == outcome(
        lambda flags: adapter._long(data_of(parse(raw)), flags)
    )


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_a_usual_record_takes_the_short_way(name: str) -> None:
    raws = records(name, 60, seed=4, end=END)
    short = [raw for raw in raws if ADAPTERS[name]._short.draft(raw) is not None]
    long = [raw for raw in raws if raw not in short]
    assert len(short) > len(raws) * 0.7
    assert all(b'"isDenied"' in raw for raw in long)


def test_what_is_remembered_of_a_person_is_not_another_s() -> None:
    one, other = ({**USUAL["hubspot"][0], **change} for change in ({}, {"email": "bo@acme.example", "id": "x9"}))
    assert "loginAt" in one or "occurredAt" in one
    rows = [HUBSPOT.read(json.dumps(each).encode(), set()).row for each in (one, other, one)]
    assert rows[0] == rows[2]
    if "loginAt" in one:
        assert rows[1] != rows[0]
