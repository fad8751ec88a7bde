"""What is stored of an activity and what travels of it: one encoding, cut where what is judged ends."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import activity
from domain.activity import JUDGED, Activity, Judged
from domain.wire import JUDGED_OPTIONAL, bodies, judged
from models.acts import Observed
from tests.judged import as_judged

#: Texts that look like the encoding around them.
_words = st.sampled_from(['","', ',"",', '"]', ",[],", "\t", ',\t"', "\n", "7f", '",7f,"', "", "", "", "ordinary", "ü"])
_texts = st.lists(_words, max_size=3).map("".join)
_lists = st.lists(_texts, max_size=3).map(tuple)
_whole = st.none() | st.integers(0, 9)
_said: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("native_id", "record_digest", "object_id", "reason", "request_id", "ip", "app_id"), _texts),
    **dict.fromkeys(("title", "actor_name", "extra", "execution_id", "lane", "device_id"), _texts),
    **dict.fromkeys(("roles", "object_ids", "flags", "fields", "scopes"), _lists),
    **dict.fromkeys(("count", "bytes", "sequence", "asn"), _whole),
    "exported": st.none() | st.booleans(),
    "lat": st.none() | st.floats(-90, 90),
}
_activities = st.fixed_dictionaries({}, optional=_said).map(
    lambda said: Activity("acme", "id", 1, "record.read", "generic", "", **said)
)


@settings(max_examples=1_000, deadline=None)
@given(st.lists(_activities, min_size=1, max_size=4))
def test_whatever_texts_hold_what_is_judged_is_cut_out_of_the_body_as_it_was_put_in(told: list[Activity]) -> None:
    stored = bodies(told)
    assert [msgspec.json.decode(body, type=Activity) for body in stored] == told
    assert as_judged(told) == [Judged(*msgspec.structs.astuple(each)[: len(JUDGED)]) for each in told]
    for each, body in zip(told, stored, strict=True):
        usual = all(getattr(each, name) == getattr(BLANK, name) for name in JUDGED[_FEW:])
        assert len(msgspec.json.decode(judged(body))) == (_FEW if usual else len(JUDGED))


def test_of_personal_values_only_those_that_a_detector_reads_travel() -> None:
    personal = re.findall(r"^    (\w+): .*# \*", inspect.getsource(activity), re.MULTILINE)
    assert len(personal) == 7
    assert [name for name in personal if name in JUDGED] == ["impersonator", "ip"]


def test_what_the_features_look_at_is_judged() -> None:
    assert {name for name in vars(Observed) if not name.startswith("_")} <= set(JUDGED)


BLANK = Activity("acme", "id", 1, "record.read", "generic", "")
_FEW = JUDGED.index(JUDGED_OPTIONAL)
