"""What holds for every source: no row raises, one row has one id, and the table of what it yields is true."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.activity import Activity
from domain.sources import GENERIC, SOURCES
from ingest.dead_letters import DeadLetter
from ingest.kept import storable
from ingest.record import Skip
from ingest.sources.registry import ADAPTERS, detect
from tests.ingest.made import normaliser, record, said
from tests.ingest.sources import test_ocsf as ocsf
from tests.ingest.sources import test_salesforce as files
from tests.ingest.sources import test_salesforce_realtime as events
from tests.ingest.sources.rows import ROWS, SALESFORCE
from transport.topics import RAW_TOPICS

READ = sorted(ROWS)
#: Rows of the two sources that have many more kinds than these.
MORE = {
    "salesforce": [
        *SALESFORCE,
        files.LOGIN,
        files.of("PermissionUpdate", DESCRIPTION="UserPerm: ExportReport enabled"),
        files.of("BulkApi2", OPERATION_TYPE="hardDelete", ROWS_PROCESSED="9"),
        events.login(Status="Invalid Password"),
        events.event("LogoutEvent"),
        events.event("LoginAsEvent", DelegatedUsername="bo@acme.example"),
        events.event(
            "ReportEvent", ReportId="00O3X00000B4bTE", Operation="ReportExported", Sequence=1, RowsProcessed=9
        ),
        events.event("ApiEvent", Operation="Query", RowsProcessed=9, Query="SELECT Id FROM Lead"),
        events.event("ListViewEvent", ListViewId="00B5j000000abcd"),
        events.event("BulkApiResultEvent"),
        events.event("ReportAnomalyEventStore", Score=12.5, Report="00O3X00000B4bTE"),
        *(events.trail(action) for action in ("PermSetAssign", "createduser", "changedpassword", "somethingNew")),
    ],
    "ocsf": [ocsf.cloudtrail(uid, 1) for uid in (3001, 3002, 3004, 3005, 6001, 6003, 6005)],
}
ALL = {**ROWS, **MORE}
_CORE = {
    "tenant", "source", "feed", "occurred_at", "time_precision", "action", "actor_id", "native_id", "flags",
    "agent_family",
}  # fmt: skip
NORMALISER = normaliser(default_tenant="acme")

junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | st.text(max_size=9)
    | st.sampled_from(["", "null", "N/A", "2026-11-24", "2026-11-24T08:59:00+05:30", "true", "{", "[1]", "é" * 3_000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)  # fmt: skip


def outcome(source: str, raw: bytes | dict[str, Any]) -> list[Activity] | DeadLetter | Skip:
    return NORMALISER.normalise(record(raw, topic=f"vedette.raw.{source}"))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A row of some source with columns replaced, dropped, renamed or added, and sometimes cut off."""
    source = draw(st.sampled_from(sorted(ALL)))
    row = dict(draw(st.sampled_from(ALL[source])))
    for name in draw(st.lists(st.sampled_from(sorted(row)), max_size=3)):
        if draw(st.booleans()):
            row[name] = draw(junk)
        else:
            row.pop(name, None)
    if draw(st.booleans()):
        row[draw(st.text(max_size=8))] = draw(junk)
    raw = json.dumps(row).encode()
    return source, raw[: draw(st.integers(0, len(raw)))] if draw(st.integers(0, 4)) == 0 else raw


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_no_row_raises_and_one_row_is_always_one_thing(case: tuple[str, bytes]) -> None:
    source, raw = case
    first = outcome(source, raw)
    assert not (isinstance(first, DeadLetter) and first.code == "internal"), first
    assert outcome(source, raw) == first
    if isinstance(first, DeadLetter):
        assert first.reason
        assert first.source == source


@pytest.mark.parametrize("source", sorted(ALL))
def test_every_row_is_an_activity_or_is_counted(source: str) -> None:
    for row in ALL[source]:
        assert not isinstance(outcome(source, row), DeadLetter), (row, outcome(source, row))


@pytest.mark.parametrize("source", READ)
def test_the_table_of_what_a_source_yields_is_what_its_rows_become(source: str) -> None:
    adapter = ADAPTERS[source]
    always, seen = set(adapter.always.split()), dict[str, set[str]]()
    whole = set[str]()
    for row in ROWS[source]:
        found = outcome(source, row)
        if isinstance(found, list):
            fields = set(said(found[0])) - _CORE
            whole |= fields
            seen.setdefault(found[0].action, set()).update(fields)
    assert set(seen) == set(adapter.yields)
    for action, fields in seen.items():
        assert fields - always == set(adapter.yields[action].split()), action
    assert always <= whole


@pytest.mark.parametrize("source", sorted(MORE))
def test_what_a_source_of_many_kinds_yields_is_in_its_table(source: str) -> None:
    adapter = ADAPTERS[source]
    for row in MORE[source]:
        found = outcome(source, row)
        if isinstance(found, list):
            told = set(adapter.always.split()) | set(adapter.yields[found[0].action].split())
            assert set(said(found[0])) - _CORE <= told, row


@pytest.mark.parametrize("source", sorted(ALL))
def test_a_record_is_known_by_its_fields_and_read_alike_by_every_door(source: str) -> None:
    for row in ALL[source]:
        found = detect(json.dumps(row).encode())
        assert found is not None
        assert found.source == source, row
        by_topic, by_content = outcome(source, row), NORMALISER.normalise(record(row))
        wrapped = outcome(source, {"specversion": "1.0", "id": "x", "source": "/crm", "type": "crm.audit", "data": row})
        binary = NORMALISER.normalise(
            record(
                row,
                headers=(
                    ("ce_specversion", b"1.0"),
                    ("ce_id", b"x"),
                    ("ce_source", b"/crm"),
                    ("ce_type", b"crm.audit"),
                ),
            )
        )
        same = [ids(each) for each in (by_topic, by_content, wrapped, binary)]
        assert same == [same[0]] * 4


def ids(found: list[Activity] | DeadLetter | Skip) -> object:
    return [(each.activity_id, said(each)) for each in found] if isinstance(found, list) else found


@pytest.mark.parametrize("source", sorted(ALL))
def test_what_is_never_stored_is_not_stored_by_any_door(source: str) -> None:
    for row in ALL[source]:
        for name in (name for name in row if name.lower() in ADAPTERS[source].never_stored):
            assert name not in json.loads(storable(record(row, topic=f"vedette.raw.{source}")))
            assert name not in json.loads(storable(record(row), source))
            wrapped = {"specversion": "1.0", "data": row}
            assert name not in json.loads(storable(record(wrapped), source))["data"]


def test_every_source_has_a_topic_and_an_adapter() -> None:
    assert {f"vedette.raw.{source}" for source in SOURCES if source != GENERIC} <= set(RAW_TOPICS)
    assert [ADAPTERS[source].source for source in SOURCES] == list(SOURCES)


def test_a_setting_says_whose_the_records_of_the_common_topic_are() -> None:
    told = normaliser(default_tenant="acme", raw_source="hubspot")
    (found,) = told.normalise(record(ROWS["hubspot"][0]))  # type: ignore[misc]  # an activity, or the test fails
    assert found.source == "hubspot"
    refused = told.normalise(record(ROWS["twenty"][0]))
    assert isinstance(refused, DeadLetter)
    assert (refused.source, refused.code) == ("hubspot", "shape_unknown")


@pytest.mark.parametrize("source", sorted(ALL))
def test_rows_out_of_order_with_forty_percent_of_duplicates_are_the_same_activities(source: str) -> None:
    rows = ALL[source]
    once = {each.activity_id: said(each) for row in rows for each in read(source, row)}
    again = [*rows, *rows[: len(rows) * 2 // 3 + 1]]  # two of five are there for the second time
    random.Random(7).shuffle(again)
    assert {each.activity_id: said(each) for row in again for each in read(source, row)} == once


def read(source: str, row: dict[str, Any]) -> list[Activity]:
    found = outcome(source, row)
    return found if isinstance(found, list) else []
