"""Whatever arrives: no record raises, the same record always becomes the same, and both readers agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import actions
from domain.activity import JUDGED, Activity, Judged
from domain.subject import Tokeniser
from domain.wire import bodies
from ingest.dead_letters import DeadLetter
from ingest.normalise import Normaliser
from ingest.record import Skip
from ingest.refusal import Refused
from ingest.settings import IngestSettings
from ingest.sources import generic_fast
from ingest.sources.generic import Generic
from ingest.strict_json import parse
from tests.ingest.made import TOKENS, event, normaliser, record
from tests.judged import as_judged

SAMPLE = json.loads((Path(__file__).parent / "fixtures" / "SalesforceServiceCloud_CL.json").read_text())
TOPICS = ("vedette.raw", "vedette.raw.http", "vedette.raw.import", "vedette.raw.salesforce", "vedette.raw.else")
HEADERS = ((), (("tenant", b"acme"),), (("tenant", b"\xff"),), (("source", b"salesforce"), ("batch", b"1")))

words = st.text(max_size=12) | st.sampled_from(
    ["", "ui", "human", "success", "bad_password", "203.0.113.9", "2026-11-24T08:59:00Z", "acme", "x" * 300, "é" * 3000]
)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | words
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4))
actors = st.fixed_dictionaries(
    {"id": words | st.integers(0, 9)},
    optional={
        "login": words,
        "kind": words,
        "roles": st.lists(words, max_size=3),
        "privileged": st.booleans(),
        "x": values,
    },
)
origins = st.fixed_dictionaries(
    {}, optional={"ip": words, "user_agent": words, "country": words, "lat": st.floats(), "asn": values}
)
events = st.fixed_dictionaries(
    {"occurred_at": words, "action": st.sampled_from(actions.ACTIONS), "actor": actors},
    optional={
        "id": words | st.integers(0, 9), "tenant": words, "source": words, "feed": words, "origin": origins,
        "outcome": words, "reason": words, "channel": words, "count": values, "object_ids": values, "scopes": values,
        "mfa": values, "title": words, "extra": values, "about": words, "fact": words, "from": words,
        "session_id": words, "time_precision": st.sampled_from(["", "ms", "h", "x"]), "app_id": words, "role": words,
        "sensitivity": st.sampled_from(["", "normal", "secret"]), "direction": st.sampled_from(["", "weakened"]),
        "credential": st.sampled_from(["", "mfa"]), "score": st.floats(-0.5, 1.5) | st.integers(0, 1),
        "external": scalars, "recipient_count": scalars, "sequence": scalars, "control": words, "ticket": words,
        "hard": st.booleans(), "object_type": words, "object_id": words, "bytes": scalars, "job_id": words,
    },
)  # fmt: skip
rows = st.sampled_from(SAMPLE).flatmap(
    lambda row: st.fixed_dictionaries({}, optional={name: st.just(value) | values for name, value in row.items()})
)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def unescaped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sound record with some bytes changed, dropped or doubled."""
    raw = bytearray(dumped(draw(st.sampled_from([event(), *SAMPLE]))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw) - 1))
        kind = draw(st.sampled_from(("change", "drop", "double", "truncate")))
        if kind == "change":
            raw[at] = draw(st.integers(0, 255))
        elif kind == "drop":
            del raw[at : at + draw(st.integers(1, 20))]
        elif kind == "double":
            raw[at:at] = raw[at : at + 30]
        else:
            del raw[max(at, 1) :]
        raw = raw or bytearray(b" ")
    return bytes(raw)


raws = st.binary(max_size=200) | values.map(dumped) | events.map(dumped) | rows.map(dumped) | mutated()


@settings(max_examples=400, deadline=None)
@given(raw=raws, topic=st.sampled_from(TOPICS), headers=st.sampled_from(HEADERS))
def test_no_record_raises_and_the_same_record_becomes_the_same(raw: bytes, topic: str, headers: Any) -> None:
    taken = record(raw, topic=topic, headers=headers)
    outcome = normaliser().normalise(taken)
    assert normaliser().normalise(taken) == outcome
    if isinstance(outcome, list):
        (found,) = outcome
        assert msgspec.json.decode(bodies([found])[0], type=Activity) == found  # what is stored and travels can be read
        assert as_judged([found]) == [Judged(*msgspec.structs.astuple(found)[: len(JUDGED)])]
        assert found.occurred_at >= 0
        assert found.tenant
    elif isinstance(outcome, DeadLetter):
        assert re.fullmatch("[a-z0-9_]+", outcome.code)
        assert "; " in outcome.reason
        assert outcome.reason.isprintable()
        json.dumps(outcome.reason).encode()
    else:
        assert isinstance(outcome, Skip)


@settings(max_examples=400, deadline=None)
@given(raw=events.map(dumped) | events.map(unescaped) | mutated())
def test_the_fast_and_the_slow_reader_agree(raw: bytes) -> None:
    try:
        if generic_fast.read(raw) is None:
            return
    except Refused as refused:
        with pytest.raises(Refused, match=re.escape(refused.reason)):
            parse(raw)
        return
    outcomes: list[Any] = []
    for read in (Generic().read, lambda raw, flags: Generic().read_slowly(parse(raw), flags)):
        flags: set[str] = set()
        try:
            outcomes.append((read(raw, flags), flags))
        except Refused as refused:
            outcomes.append((refused.code, refused.reason))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"action": "data.exported", "count": 0, "channel": "api", "app_id": "x", "scopes": ["full"], "mfa": False},
        {"actor": {"id": "u7", "login": "ann@acme.example", "roles": ["sales_rep"], "privileged": True}},
        {
            "origin": {
                "ip": "203.0.113.9",
                "user_agent": "Mozilla/5.0 (X11; é)",
                "country": "DE",
                "lat": 52,
                "asn": 64500,
            }
        },
    ],
)
def test_the_usual_event_takes_the_fast_path(changes: dict[str, Any]) -> None:
    assert generic_fast.read(dumped(event(**changes))) is not None


@st.composite
def written(draw: st.DrawFn) -> str:
    """A JSON object with odd white space, escapes and, often, a repeated key somewhere."""

    def write(depth: int) -> str:
        if depth == 0 or draw(st.booleans()):
            return json.dumps(draw(words), ensure_ascii=draw(st.booleans()))
        pairs = []
        for name in draw(st.lists(st.sampled_from(("id", "a", "b", 'q":', "é")), max_size=4)):
            colon = draw(st.sampled_from((":", ": ", " :", "\n:\t")))
            key = json.dumps(name, ensure_ascii=draw(st.booleans()))
            pairs.append(key + colon + write(depth - 1))
        return "{" + ",".join(pairs) + "}"

    return '{"first":' + write(3) + "}"


def repeats(text: str) -> bool:
    found = []

    def pairs(items: list[tuple[str, Any]]) -> None:
        found.append(len(dict(items)) != len(items))

    json.loads(text, object_pairs_hook=pairs)
    return any(found)


@settings(max_examples=300, deadline=None)
@given(text=written())
def test_a_repeated_key_is_found_wherever_it_stands_and_no_other_record_is_accused(text: str) -> None:
    try:
        parse(text.encode("utf-8", "surrogatepass"))
        code = ""
    except Refused as refused:
        code = refused.code
    if code not in ("nul_character", "lone_surrogate", "not_utf8"):
        assert code == ("repeated_key" if repeats(text) else "")


@st.composite
def usual(draw: st.DrawFn) -> str:
    """A generic event with odd white space and, often, a key that stands twice in one of its objects."""

    def write(pairs: list[tuple[str, str]]) -> str:
        if draw(st.booleans()):
            pairs = [*pairs, draw(st.sampled_from(pairs))]
        comma, colon = draw(st.sampled_from((",", ", ", "\n,"))), draw(st.sampled_from((":", ": ", " :")))
        return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in draw(st.permutations(pairs))) + "}"

    texts = st.sampled_from(('"a"', '"é"', '"1\x7f"', '"a: b"', '""', '"human"', '"q\\u003a"'))
    actor = write([("id", '"u7"'), ("login", draw(texts)), ("kind", '"human"'), ("roles", '["a",  "b"]')])
    origin = write([("ip", draw(texts)), ("lat", draw(st.sampled_from(("52", "5e1", "0.5", "1e-7")))), ("lon", "1")])
    score = draw(st.sampled_from(("0", "1", "1e-9", "0.0000001", "null")))
    whole = [("occurred_at", '"2026-11-24T08:59:00Z"'), ("action", '"record.read"'), ("score", score)]
    return write([*whole, ("title", draw(texts)), ("count", "-0"), ("actor", actor), ("origin", origin)])


@settings(max_examples=600, deadline=None)
@given(text=usual())
def test_the_fast_reader_finds_a_repeated_key_in_any_object_and_accuses_no_other_event(text: str) -> None:
    outcomes: list[Any] = []
    for read in (Generic().read, lambda raw, flags: Generic().read_slowly(parse(raw), flags)):
        for _ in range(2):  # the second time actor and origin are remembered
            try:
                outcomes.append(read(text.encode(), set()))
            except Refused as refused:
                outcomes.append((refused.code, refused.reason))
    assert outcomes[1:] == outcomes[:-1]
    assert (outcomes[0][0] == "repeated_key") == repeats(text)


def test_a_long_actor_is_read_like_any_other() -> None:
    raw = dumped(event(actor={"id": "u7", "roles": ["r" * 2_000]}))
    draft = generic_fast.read(raw)
    assert draft is not None
    flags: set[str] = set()
    assert Generic().read(raw, flags) == Generic().read_slowly(parse(raw), flags)


def test_a_key_file_that_cannot_be_read_is_not_the_records_fault() -> None:
    def keys(_: str) -> Tokeniser:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        Normaliser(IngestSettings(), keys).normalise(record(event()))


def test_each_tenant_has_its_own_tokens() -> None:
    keys = {"acme": TOKENS, "other": Tokeniser(b"o" * 32)}
    reader = Normaliser(IngestSettings(), keys.__getitem__)
    found = [reader.normalise(record(event(tenant=tenant))) for tenant in keys]
    assert [outcome[0].actor_token for outcome in found if isinstance(outcome, list)] == [
        keys["acme"]("u7"),
        keys["other"]("u7"),
    ]


def test_a_record_that_names_no_tenant_belongs_to_the_default_one() -> None:
    outcome = normaliser(default_tenant="home").normalise(record(event(tenant=None)))
    assert isinstance(outcome, list)
    assert outcome[0].tenant == "home"
