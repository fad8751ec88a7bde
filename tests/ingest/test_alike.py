"""Records of a shape that was seen come to what the long way comes to, whatever a record holds."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.records import records as vendor_records
from benchmarks.traffic import backlog
from domain.clock import rfc3339
from domain.rows import same
from domain.sources import GENERIC, SOURCES
from domain.subject import Tokeniser
from ingest.alike import LAYOUT
from ingest.normalise import Normaliser
from ingest.record import Record
from ingest.settings import IngestSettings
from ingest.shape import WHOLE
from ingest.sheet import Sheet
from ingest.sources.base import at
from ingest.sources.registry import ADAPTERS
from tests.ingest.made import RECEIVED, TOKENS, record
from tests.ingest.sources.test_every_source import ALL, junk

LEARNT = sorted(source for source in SOURCES if ADAPTERS[source].varies)
END = RECEIVED - 1_000


def records(source: str, events: int, *, seed: int, end: int) -> list[bytes]:
    if source == GENERIC:
        return backlog(events, seed=seed, end=end, per_second=100, actors=200).records
    return vendor_records(source, events, seed=seed, end=end)


ROWS: dict[str, list[dict[str, Any]]] = {
    source: [*map(json.loads, records(source, 40, seed=3, end=END)), *ALL.get(source, [])] for source in LEARNT
}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "null", "undefined", "N/A", " x ", "x" * 300, "x" * 3_000, "é", "\u00a0y", 7, 0, -1, 2**70, True, 1.5,
     [], {}, {"uid": 1}, [{"uid": "w"}], "2026-11-24T08:59:00Z", "2026-11-24 08:59:00", "2026-11-24T08:59:00.000Z",
     "2026-11-24T08:59:00.000+01:00", "2026-13-24T09:00:00.000Z", "1795510740128", 1_795_510_740_128, 1_795_510_740_000,
     "0", "12", "012", "1" * 15, "1" * 20, "005B0000001abcd", "005B0000001abcdEAA", "a,b", ",", "a, b", "[a]", 'a":b',
     "\\", "\0", "x/y", "%41", '"quoted"', "User", "PURGE", "LOGIN"]
)  # fmt: skip


def reader(*, alike: bool = True) -> Normaliser:
    made = Normaliser(IngestSettings(default_tenant="acme"), lambda _: TOKENS)
    if not alike:
        made._alike.read = lambda *_: False  # type: ignore[method-assign]  # the long way only
    return made


def told(made: Normaliser, records: list[Record]) -> list[Any]:
    """What the records come to, column by column."""
    taken = made.rows(records)
    heads = [msgspec.structs.astuple(head) for head in taken.rows.heads]
    return [heads, *msgspec.structs.astuple(taken.rows)[1:], taken.letters, taken.skips]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a record that has a name."""
    found = [(value, name) for name in value] if type(value) is dict else list(enumerate(value))
    inner = [each for each in (value.values() if type(value) is dict else value) if type(each) in (dict, list)]
    own = [(value, name) for _, name in found] if type(value) is dict else []
    return own + [place for each in inner for place in places(each)]


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """A few records of one shape or nearly: columns are odd, gone, new or written twice."""
    source = draw(st.sampled_from(LEARNT))
    row = json.dumps(draw(st.sampled_from(ROWS[source])))
    varying = [name.rpartition(".")[2] for name, kind in ADAPTERS[source].varies.items() if kind not in WHOLE]
    raws = []
    for number in range(draw(st.integers(3, 6))):
        one = json.loads(row)
        for holder, name in places(one):
            if name in varying and type(holder[name]) is str and holder[name][-1:].isdigit():
                holder[name] += str(number)
        if draw(st.booleans()):
            holder, name = draw(st.sampled_from(places(one)))
            if draw(st.integers(0, 3)):
                holder[name] = draw(ODD | junk)
            else:
                del holder[name]
        if draw(st.integers(0, 9)) == 0:
            one[draw(st.sampled_from(["data", "more", "specversion", *varying]))] = draw(ODD)
        compact = draw(st.booleans())
        text = json.dumps(one, ensure_ascii=draw(st.booleans()), separators=(",", ":") if compact else None)
        if draw(st.integers(0, 9)) == 0:
            text = f'{{"{draw(st.sampled_from(varying))}":"first",' + text[1:]
        raws.append(text.encode())
    return source, raws


@settings(max_examples=1_500, deadline=None)
@given(changed())
def test_both_ways_come_to_the_same(sent: tuple[str, list[bytes]]) -> None:
    source, raws = sent
    short, long = reader(), reader(alike=False)
    taken = [record(raw, topic=f"vedette.raw.{source}", offset=offset) for offset, raw in enumerate(raws * 2)]
    assert told(short, taken) == told(long, taken)


@pytest.mark.parametrize("source", LEARNT)
def test_few_records_of_shapes_that_come_again_are_read_the_long_way(source: str) -> None:
    raws = records(source, 3_000, seed=4, end=END)
    short, long = reader(), reader(alike=False)
    sent = [record(raw, topic=f"vedette.raw.{source}", offset=offset) for offset, raw in enumerate(raws + raws)]
    assert told(short, sent) == told(long, sent)
    way = short._entrances[f"vedette.raw.{source}", ()].way
    assert way is not None
    known = [short._alike.read(record(raw, topic=f"vedette.raw.{source}"), way, Sheet()) for raw in raws]
    assert sum(found is not False for found in known) > 0.75 * len(raws)


def assigned(number: int, message: str, *values: Any, entity: str = "contact") -> Record:
    """A row of Dataverse that says what fields were given."""
    row = {
        "TimeGenerated": "2026-11-24T08:59:00.000Z", "SourceRecordId": f"r{number}", "UserId": "jo@acme.example",
        "Message": message, "EntityName": entity, "EntityId": "e1",
        "Fields": [{"Name": f"field{n}", "Value": value} for n, value in enumerate(values)],
    }  # fmt: skip
    return record(row, topic="vedette.raw.dataverse", offset=number)


@pytest.mark.parametrize(
    ("message", "entity", "usual", "odd"),
    [
        ("Update", "contact", ("a", "b"), ("c", "c")),
        ("Update", "contact", ("a", "b"), ("", "c")),
        ("Update", "contact", ("a", None), ("b", "a")),
        ("Update", "contact", ("a", 5), ("5", 5)),
        ("Associate", "contact", ("a", "b"), ("systemuserroles_association", "b")),
        ("Update", "systemuser", ("a", "b"), ("true", "false")),
    ],
)
def test_what_fields_were_given_is_looked_at_where_it_counts(message: str, entity: str, usual: Any, odd: Any) -> None:
    short, long = reader(), reader(alike=False)
    sent = [assigned(number, message, *usual, entity=entity) for number in range(5)]
    sent += [assigned(9, message, *odd, entity=entity), assigned(10, message, "x y", "z", entity=entity)]
    assert list(map(short.normalise, sent)) == list(map(long.normalise, sent))


def test_what_fields_of_an_updated_record_were_given_need_not_be_read() -> None:
    short, long = reader(), reader(alike=False)
    for number in range(4):
        short.normalise(assigned(number, "Update", f"a{number}", "b"))
    taken = assigned(9, "Update", "John Smith", "x")
    way = short._entrances[taken.topic, taken.headers].way
    assert way is not None
    assert short._alike.read(taken, way, sheet := Sheet()) is True
    assert same(sheet.take(), long.rows([taken]).rows)


class Place:
    """One version of what is known of addresses."""

    def __init__(self, country: str) -> None:
        self.country = country

    def fill(self, row: list[Any], ip: str, tenant: str) -> None:
        row[at("country")] = self.country if ip and tenant else ""


def test_other_data_about_addresses_are_taken_up_and_learnt_again() -> None:
    border = END - 10_000
    old, new = Place("DE"), Place("FR")
    keys = Tokeniser(b"k" * 32, "acme")
    made = Normaliser(
        IngestSettings(default_tenant="acme"), lambda _: keys, origins=lambda when: old if when < border else new
    )
    (login,) = [raw for raw in records("hubspot", 40, seed=3, end=END) if b'"loginAt"' in raw][:1]
    row = json.loads(login)
    taken, countries = [], []
    for number, moment in enumerate([border - 5] * 4 + [border + 5] * 3 + [border - 5]):
        raw = json.dumps(row | {"loginAt": rfc3339(moment), "id": f"n{number}", "countryCode": ""}).encode()
        one = record(raw, topic="vedette.raw.hubspot", offset=number)
        way = (made._entrances.get((one.topic, ())) or made._enter(one.topic, ())).way
        assert way is not None
        taken.append(made._alike.read(one, way, Sheet()) is True)
        (found,) = made.normalise(one)  # type: ignore[misc]  # an activity, or the test fails
        countries.append(found.country)
    assert countries == ["DE"] * 4 + ["FR"] * 3 + ["DE"]
    assert taken[3:7] == [True, False, True, True]


def test_what_is_remembered_is_forgotten_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.alike.REMEMBERED", 20)
    short, long = reader(), reader(alike=False)
    for source in LEARNT:
        raws = records(source, 300, seed=5, end=END)
        sent = [record(raw, topic=f"vedette.raw.{source}", offset=offset) for offset, raw in enumerate(raws + raws)]
        assert told(short, sent) == told(long, sent)
    assert short._alike._held < 20 + LAYOUT


def test_people_may_have_a_name_and_stand_behind_one_another_in_either_order() -> None:
    short, long = reader(), reader(alike=False)
    who = [{"id": f"u{n}", "login": f"u{n}@acme.example"} | ({"name": f"U {n}"} if n > 5 else {}) for n in range(12)]
    where = 2 * [{"ip": ip} for ip in ("203.0.113.9", "no address", "198.51.100.7", "", "2001:db8::1", "203.0.113.10")]
    for first, second in (("actor", "origin"), ("origin", "actor")):
        sent = [
            record(
                {"occurred_at": "2026-11-24T08:59:00.000Z", "action": "auth.login.failed", "id": f"n{n}"}
                | {first: one, second: other}
            )
            for n, (one, other) in enumerate(zip(*((who, where) if first == "actor" else (where, who)), strict=True))
        ]
        assert told(short, sent) == told(long, sent)
        way = short._entrances["vedette.raw", ()].way
        assert way is not None
        assert short._alike.read(sent[-1], way, Sheet()) is True
