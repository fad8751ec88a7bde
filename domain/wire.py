"""What travels in `vedette.activity`: bundles of activities, and marks of how far time has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from domain.activity import FIELDS, Activity

#: A bundle holds at most this many activities and this many bytes before compression.
BUNDLE_ACTIVITIES = 500
BUNDLE_BYTES = 900_000


class Group(msgspec.Struct, frozen=True, array_like=True):
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
    lanes: dict[str, LaneMark]
    names: tuple[str, ...]


Message = Bundle | Marks

#: The fields from which on an array is left out when all that follows is as it is where nothing is said.
OPTIONAL = ("count", "title")
encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


def _unsaid(first: str) -> bytes:
    """The end of an encoded activity that says nothing from this field on."""
    defaults = Activity.__struct_defaults__[FIELDS.index(first) - len(FIELDS) :]
    return b"," + encode(defaults)[1:] + b"\n"


_UNSAID = tuple(map(_unsaid, OPTIONAL))


def bodies(activities: Sequence[Activity]) -> list[bytes]:
    """Each activity as a JSON array in the order of its fields: what is stored of it and what travels."""
    encoded = _encode_lines(activities)
    for end in _UNSAID:  # a line break stands only behind an activity: in a text it is escaped
        encoded = encoded.replace(end, b"]\n")
    lines = encoded.split(b"\n")
    lines.pop()  # behind the last line end
    return lines


def group(subject: str, first: int, last: int, received: int, bodies: Iterable[bytes]) -> bytes:
    """A Group as it travels, from bodies that were encoded before."""
    return b"[%b,%d,%d,%d,[%b]]" % (encode(subject), first, last, received, b",".join(bodies))


def bundle(groups: Iterable[bytes]) -> bytes:
    """A Bundle of such groups as it travels."""
    return b'["b",[' + b",".join(groups) + b"]]"


decode = msgspec.json.Decoder(Message).decode
activities_of = msgspec.json.Decoder(list[Activity]).decode
