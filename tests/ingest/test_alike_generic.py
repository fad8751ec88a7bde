"""The short way of the usual event comes to what the long way comes to, remembered or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import actions
from domain.rows import same
from ingest import values
from ingest.normalise import Normaliser
from ingest.refusal import Refused
from ingest.settings import IngestSettings
from ingest.sheet import Sheet
from tests.ingest.made import TOKENS, event, normaliser, record
from tests.ingest.test_alike import told
from tests.ingest.test_normalise import HEADERS, TOPICS, dumped, mutated, unescaped, usual, words

usual_times = st.sampled_from(
    ("2026-11-24T08:59:00.123Z", "2026-11-24T08:59:59.999Z", "2026-11-24T09:00:59Z", "2026-11-24T09:02:00Z")
)
usual_events = st.fixed_dictionaries(
    {
        "occurred_at": usual_times,
        "action": st.sampled_from((*actions.AUTHENTICATION, actions.RECORD_READ, actions.DATA_EXPORTED)),
        "actor": st.fixed_dictionaries(
            {"id": st.sampled_from(("u7", "ü", "x" * 2_000))}, optional={"login": words, "name": words}
        ),
    },
    optional={
        "id": words, "tenant": st.sampled_from(("acme", "other")), "source": st.sampled_from(("espo", "generic")),
        "origin": st.fixed_dictionaries({}, optional={"ip": words, "country": st.just("DE"), "user_agent": words}),
        "outcome": st.sampled_from(("success", "failure", "unknown")), "count": st.integers(0, 9), "app_id": words,
        "session_id": words, "object_id": words, "title": words, "time_precision": st.sampled_from(("s", "min")),
        "request_id": words, "feed": words, "score": st.floats(0, 1), "direction": st.just("weakened"),
    },
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(
    raws=st.lists(
        usual_events.map(dumped) | usual_events.map(unescaped) | usual().map(str.encode) | mutated(),
        min_size=1,
        max_size=3,
    ),
    topic=st.sampled_from(TOPICS[:3]),
    headers=st.sampled_from((*HEADERS[:3], (("tenant", b"acme"), ("feed", b"f"), ("batch", b"1")))),
    default=st.sampled_from(("", "acme")),
)
def test_the_short_and_the_long_way_come_to_the_same(raws: list[bytes], topic: str, headers: Any, default: str) -> None:
    short, long = (Normaliser(IngestSettings(default_tenant=default), lambda _: TOKENS) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long._alike, "read", lambda *_: False)
        for raw in raws * 5:  # in the end all is remembered
            taken = record(raw, topic=topic, headers=headers)
            assert told(short, [taken]) == told(long, [taken])


@pytest.mark.parametrize("origin", [{}, {"ip": "203.0.113.9"}, {"ip": "no address"}])
@pytest.mark.parametrize("action", [actions.RECORD_READ, actions.LOGIN_FAILED, actions.DATA_EXPORTED])
def test_people_who_come_for_the_first_time_take_the_short_way(action: str, origin: dict[str, str]) -> None:
    reader, other = normaliser(), normaliser()
    for number in range(4):
        seen = {"actor": {"id": "u7", "login": ""}, "origin": dict.fromkeys(origin, "198.51.100.7")}
        reader.normalise(record(event(action=action, id=f"n{number}", **seen)))
    taken = record(event(action=action, origin=origin, actor={"id": "u8", "login": "u8@acme.example"}))
    way = reader._entrances[taken.topic, taken.headers].way
    assert way is not None
    assert reader._alike.read(taken, way, sheet := Sheet()) is True
    assert same(sheet.take(), other.rows([taken]).rows)


def test_other_bytes_of_a_record_may_be_kept_than_those_its_digest_is_of() -> None:
    reader = normaliser()
    sent = [record(event(id=f"n{number}")) for number in range(6)]
    usual = reader.rows(sent).rows
    way = reader._entrances["vedette.raw", ()].way
    assert way is not None
    sheet = Sheet()
    for one in sent:
        assert reader._alike.read(one, way, sheet) is True
        if one is sent[2]:
            sheet.keep(lambda source: b"from " + source.encode())
    raws = [b"from generic" if one is sent[2] else one.value for one in sent]
    assert same(sheet.take(), replace(usual, raws=raws))
    assert reader._alike.read(sent[2], way, sheet) is True
    assert sheet.take().raws == [sent[2].value]


@settings(max_examples=400, deadline=None)
@given(
    at=st.sampled_from(("2026-11-24T08:59:00.123Z", "1970-01-01T00:00:00.000Z", "2299-12-31T23:59:59.999Z")),
    changes=st.lists(st.tuples(st.integers(0, 23), st.sampled_from("0123456789:-+.,TtZz _١²W")), max_size=3),
)
def test_a_time_as_most_write_it_is_read_like_any_other(at: str, changes: list[tuple[int, str]]) -> None:
    for place, sign in changes:
        at = at[:place] + sign + at[place + 1 :]
    outcomes: list[Any] = []
    for read in (values.moment, values._any_moment):
        try:
            outcomes.append(read("occurred_at", at))
        except Refused as refused:
            outcomes.append(refused.reason)
    assert outcomes[0] == outcomes[1]
