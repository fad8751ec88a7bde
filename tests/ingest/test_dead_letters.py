"""Dead letters: the whole record where it is small enough, and never what its source must not store."""

from __future__ import annotations

import base64
import hashlib
import json

from ingest.dead_letters import COLUMNS, DeadLetter, pack_headers, unpack_headers
from tests.ingest.made import normaliser, record

HEADERS = (("tenant", b"acme"), ("x", b"\x00\xff"), ("x", b""))


def letter(value: bytes, topic: str = "vedette.raw") -> DeadLetter:
    outcome = normaliser().normalise(record(value, topic=topic, headers=HEADERS))
    assert isinstance(outcome, DeadLetter)
    return outcome


def test_a_letter_is_the_row_that_is_stored() -> None:
    found = letter(b"{broken")
    assert found == DeadLetter(
        dead_letter_id=found.dead_letter_id,
        tenant="",
        source="generic",
        feed="",
        epoch=3,
        lane="vedette.raw:0",
        offset=5,
        index=0,
        received_at=1_795_510_800_000,
        code="not_json",
        reason=found.reason,
        detector="",
        raw=base64.b64encode(b"{broken").decode(),
        raw_bytes=7,
        raw_sha256=hashlib.sha256(b"{broken").hexdigest(),
        headers=pack_headers(HEADERS),
    )
    assert len(COLUMNS) == len(DeadLetter.__struct_fields__)
    assert (COLUMNS[0], COLUMNS[8]) == ("dead_letter_id", "received_at_ms")


def test_headers_survive_whatever_bytes_they_hold() -> None:
    assert unpack_headers(pack_headers(HEADERS)) == HEADERS
    assert unpack_headers("") == ()


def test_of_a_large_record_only_length_and_digest_are_kept() -> None:
    value = b"{" + b" " * 64 * 1024
    found = letter(value)
    assert (found.raw, found.raw_bytes, found.raw_sha256) == ("", len(value), hashlib.sha256(value).hexdigest())


def test_two_places_are_two_letters() -> None:
    outcomes = [normaliser().normalise(record(b"{", offset=offset)) for offset in (1, 2)]
    assert len({outcome.dead_letter_id for outcome in outcomes if isinstance(outcome, DeadLetter)}) == 2


def test_a_refused_record_loses_the_fields_its_source_never_stores() -> None:
    value = json.dumps({"EVENT_TYPE": "Search", "SEARCH_QUERY": "ann", "USER_ID": ""}).encode()
    kept = base64.b64decode(letter(value, "vedette.raw.salesforce").raw)
    assert json.loads(kept) == {"EVENT_TYPE": "Search", "USER_ID": ""}


def test_of_a_broken_record_that_may_hold_such_a_field_nothing_is_kept() -> None:
    for value in (b'{"SEARCH_QUERY": "ann"', b'{"search\\u005fquery": "ann"'):
        found = letter(value, "vedette.raw.salesforce")
        assert (found.raw, found.raw_bytes) == ("", len(value))
    assert letter(b'{"SEARCH": "x"', "vedette.raw.salesforce").raw
