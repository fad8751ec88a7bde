"""What travels in `vedette.activity`: bundles of activities, and marks of how far time has come."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import astuple

from domain.activity import FIELDS, JUDGED, Activity, Judged

#: A bundle holds at most this many activities and this many bytes before compression.
BUNDLE_ACTIVITIES = 500
BUNDLE_BYTES = 900_000


class Group(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Activities of one subject: none occurred before `first` or after `last`, or came before `received` (ms)."""

    subject: str
    first: int
    last: int
    received: int
    activities: msgspec.Raw  # an array of them: decoded when they are judged, and no sooner


class Bundle(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """What one partition judges of an insert, by subject. An activity stands with each of its subjects."""

    groups: tuple[Group, ...]


class LaneMark(msgspec.Struct, frozen=True, array_like=True):
    """How far one lane has come: event time (ms) below which nothing more is expected, and its offset."""

    base: int
    tenants: dict[str, int]
    through: int


class Marks(msgspec.Struct, frozen=True, array_like=True, tag="m"):
    """Marks of the lanes of one ingest process, and the names of every lane there is (lane: "topic:partition")."""

    epoch: int
    at: int  # when the process had come so far, ms by its clock
    lanes: dict[str, LaneMark]
    names: tuple[str, ...]


Message = Bundle | Marks

#: The fields from which on a whole array is left out when all that follows is as it is where nothing is said,
OPTIONAL = ("actor_name", "title")
#: and the one from which on what is judged is.
JUDGED_OPTIONAL = "reason"
encode = msgspec.json.Encoder().encode


_FEW, _FEWER = map(FIELDS.index, OPTIONAL)
_NOT_FEW, _NOT_FEWER = (Activity.__struct_defaults__[place - len(FIELDS) :] for place in (_FEW, _FEWER))
_JUDGED = len(JUDGED)
_FEW_JUDGED = JUDGED.index(JUDGED_OPTIONAL) - _JUDGED
_NOT_JUDGED = b"," + encode(Judged.__struct_defaults__[_FEW_JUDGED:])[1:-1]


def bodies(activities: Iterable[Activity]) -> list[bytes]:
    """Each activity as a JSON array in the order of its fields, as it is stored.

    Behind the comma after what is judged stands a tab, and nowhere else: in a text it is escaped.
    """
    return list(map(_body, activities))


def _body(activity: Activity) -> bytes:
    values = astuple(activity)
    end = _FEW if values[_FEW:] == _NOT_FEW else _FEWER if values[_FEWER:] == _NOT_FEWER else None
    return encode(values[:_JUDGED])[:-1] + b",\t" + encode(values[_JUDGED:end])[1:]


def judged(body: bytes) -> bytes:
    """What is judged of an activity, as it travels, of its body."""
    cut = body.index(b"\t") - 1
    if body.endswith(_NOT_JUDGED, 0, cut):
        cut -= len(_NOT_JUDGED)
    return body[:cut] + b"]"


def group(subject: str, first: int, last: int, received: int, bodies: Iterable[bytes]) -> bytes:
    """A Group as it travels, from what is judged of its activities."""
    return b"[%b,%d,%d,%d,[%b]]" % (encode(subject), first, last, received, b",".join(bodies))


def bundle(groups: Iterable[bytes]) -> bytes:
    """A Bundle of such groups as it travels."""
    return b'["b",[' + b",".join(groups) + b"]]"


decode = msgspec.json.Decoder(Message).decode
activities_of = msgspec.json.Decoder(list[Judged]).decode
