"""What is our fault is told from what a record did wrong: it is kept to be replayed, and it stops a lane in the end."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.activity import JUDGED, Activity, Judged
from domain.errors import VedetteError
from domain.wire import bodies
from ingest import normalise
from ingest.dead_letters import DeadLetter, unpack_headers
from ingest.door import door_of
from ingest.failures import MOST_IN_A_ROW, Failures
from ingest.record import Record
from ingest.sources.base import Draft
from tests.ingest.made import event, normaliser, record, refused
from tests.judged import as_judged


class Broken:
    """An adapter with a bug."""

    source = "generic"
    varies: Mapping[str, str] = {}

    def __init__(self, *never_stored: str) -> None:
        self.never_stored = never_stored

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        raise KeyError(json.loads(raw)["actor"]["id"])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Broken:
    adapter = Broken(*getattr(request, "param", ()))
    door = msgspec.structs.replace(door_of("vedette.raw", ()), adapter=adapter)
    monkeypatch.setattr(normalise, "door_of", lambda topic, headers: door)
    return adapter


def _letter(outcome: object) -> DeadLetter:
    assert isinstance(outcome, DeadLetter), outcome
    return outcome


@pytest.mark.usefixtures("broken")
def test_a_bug_of_ours_becomes_a_dead_letter_that_can_be_replayed_and_names_no_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader, sent = normaliser(default_tenant="acme"), record(event(actor={"id": "secret-person"}))
    with caplog.at_level(logging.ERROR):
        letter = _letter(reader.normalise(sent))
    line = Broken.read.__code__.co_firstlineno + 1
    assert (letter.code, letter.reason) == (
        "internal",
        f"ingest itself failed with KeyError at test_failures.py:{line}; "
        "report it, and replay the dead letter once it is mended",
    )
    assert (letter.tenant, base64.b64decode(letter.raw), reader.failures.total) == ("acme", sent.value, 1)
    assert caplog.messages == [f"the record at vedette.raw:0/5 could not be read: KeyError at test_failures.py:{line}"]


@pytest.mark.parametrize("broken", [("search_query",)], indirect=True)
@pytest.mark.usefixtures("broken")
def test_where_some_fields_are_never_stored_a_bug_of_ours_keeps_no_bytes() -> None:
    letter = _letter(normaliser().normalise(record(event(search_query="who?"))))
    assert (letter.code, letter.raw, letter.raw_bytes) == (
        "internal",
        "",
        len(record(event(search_query="who?")).value),
    )


def test_a_thousand_failures_in_a_row_stop_and_a_record_that_was_read_starts_the_count_anew() -> None:
    failures = Failures()
    for _ in range(MOST_IN_A_ROW - 1):
        failures.note(KeyError("x"), place="lane/1")
    failures.over()
    for _ in range(MOST_IN_A_ROW - 1):
        failures.note(KeyError("x"), place="lane/2")
    with pytest.raises(VedetteError) as stopped:
        failures.note(KeyError("x"), place="lane/3")
    assert str(stopped.value) == (
        "ingest failed on 1000 records in a row, last at lane/3 with KeyError at an unknown line; "
        "report it, and start the version that ran before"
    )
    assert failures.total == 2 * MOST_IN_A_ROW - 1


@pytest.mark.usefixtures("broken")
def test_the_thousandth_record_in_a_row_that_fails_stops_ingest() -> None:
    reader = normaliser()
    for _ in range(MOST_IN_A_ROW - 1):
        reader.normalise(record(event()))
    with pytest.raises(VedetteError, match="1000 records in a row"):
        reader.normalise(record(event()))


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "2300-01-01T00:00:00Z"])
def test_a_time_beyond_what_the_store_holds_is_refused(at: str) -> None:
    assert refused(event(occurred_at=at)) == (
        "after_2299",
        f"occurred_at '{at}' lies after 2299; send an earlier time, or leave an open end out",
    )


def test_a_fact_until_the_end_of_time_is_refused_with_the_remedy() -> None:
    fact = event(action="context.stated", fact="leaver", about="actor:u7", until="9999-12-31")
    assert refused(fact) == (
        "after_2299",
        "until '9999-12-31' lies after 2299; send an earlier time, or leave an open end out",
    )


def test_a_header_without_a_value_counts_as_empty() -> None:
    headers: Any = (("tenant", None), ("trace", None))
    letter = _letter(normaliser().normalise(record(b"x", topic="vedette.raw.import", headers=headers)))
    assert (letter.code, unpack_headers(letter.headers)) == ("not_json", (("tenant", b""), ("trace", b"")))


ODD = (
    b"null", b"[]", b"{}", b'""', b"1e999", b"NaN", b"-0", b"1.5", b"true", b"99999999999999999999", b'"\\ud800"',
    b'"\\u0000"', b"\xff", b"\xef\xbb\xbf", b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-14:00"',
    b'"2026-02-30T00:00:00Z"', b'"::ffff:192.0.2.1"', b'"[2001:db8::1]:80"', '"\U0001f600"'.encode(), b'"-5"',
    '"\u0661\u0662"'.encode(), b'"  "', b'"2026-11-24T09:00:00+00:00:30"', b"-9223372036854775808",
    b'"20261124000000.9"',
)  # fmt: skip
PLAIN = record(event(origin={"ip": "192.0.2.1", "lat": 1.5}, count=7, actor={"id": "u7", "roles": ["x"]})).value
ROW = record(
    {
        "EVENT_TYPE": "Report", "TIMESTAMP_DERIVED": "2026-11-24T08:00:00.000Z", "USER_ID": "0053X00000AVC8x",
        "ORGANIZATION_ID": "00B30000000nLF7", "ROW_COUNT": "544", "CLIENT_IP": "192.0.2.1", "SEARCH_QUERY": "x",
        "REPORT_ID": "00O3X00000B4bTE", "REQUEST_ID": "r1",
    }
).value  # fmt: skip
edits = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 12), st.sampled_from(ODD) | st.binary(max_size=3)), max_size=3
)


def _mended(raw: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """`raw` with some of its values, which follow `": `, replaced, or with bytes replaced anywhere."""
    for at, length, new in changes:
        values = [found + 3 for found in range(len(raw)) if raw.startswith(b'": ', found)]
        if at % 2 and values:
            start = values[at % len(values)]
            ends = [end for mark in (b",", b"}") if (end := raw.find(mark, start)) >= 0]
            raw = raw[:start] + new + raw[min(ends, default=len(raw)) :]
        else:
            start = at % (len(raw) + 1)
            raw = raw[:start] + new + raw[start + length :]
    return raw


@settings(max_examples=400, deadline=None)
@given(st.sampled_from((("vedette.raw", PLAIN), ("vedette.raw.http", PLAIN), ("vedette.raw.salesforce", ROW))), edits)
def test_no_mutated_record_is_our_failure_and_what_is_kept_can_be_sent_and_stored(
    origin: tuple[str, bytes], changes: list[tuple[int, int, bytes]]
) -> None:
    topic, raw = origin
    sent: Record = record(_mended(raw, changes), topic=topic)
    reader = normaliser(default_tenant="acme")
    outcome = reader.normalise(sent)
    assert reader.failures.total == 0
    assert outcome == normaliser(default_tenant="acme").normalise(sent)
    if isinstance(outcome, list):
        assert msgspec.json.decode(bodies(outcome)[0], type=Activity) == outcome[0]
        assert as_judged(outcome) == [Judged(*msgspec.structs.astuple(outcome[0])[: len(JUDGED)])]
        assert "\0" not in "".join(part for part in msgspec.structs.astuple(outcome[0]) if isinstance(part, str))
