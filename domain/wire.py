"""What travels in `vedette.activity`: bundles of activities, and marks of how far time has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from domain.activity import FIELDS, JUDGED, Activity, Judged

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

#: The fields from which on a whole array is left out when all that follows is as it is where nothing is said,
OPTIONAL = ("actor_name", "title")
#: and the one from which on what is judged is.
JUDGED_OPTIONAL = "reason"
encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


def _unsaid(first: str, fields: tuple[str, ...], defaults: tuple[object, ...]) -> bytes:
    """The end of an encoded array, without its bracket, that says nothing from this field on."""
    return b"," + encode(defaults[fields.index(first) - len(fields) :])[1:-1]


_UNSAID = tuple(_unsaid(first, FIELDS, Activity.__struct_defaults__) + b"]\n" for first in OPTIONAL)
_NOT_JUDGED = _unsaid(JUDGED_OPTIONAL, JUDGED, Judged.__struct_defaults__)
_judged = attrgetter(*JUDGED)


def bodies(activities: Sequence[Activity]) -> list[bytes]:
    """Each activity as a JSON array in the order of its fields, as it is stored.

    Behind the comma after what is judged stands a tab, and nowhere else: in a text it is escaped.
    """
    encoded = _encode_lines(activities)
    for end in _UNSAID:  # a line break stands only behind an activity: in a text it is escaped
        encoded = encoded.replace(end, b"]\n")
    lines = encoded.split(b"\n")
    lines.pop()  # behind the last line end
    return list(map(_parted, activities, lines))


def _parted(activity: Activity, body: bytes) -> bytes:
    """The body with its tab. Nearly always the digest, the last of what is always judged, says where it belongs."""
    parts = body.split(b',"%b",' % activity.record_digest.encode())
    if len(parts) == 2 and parts[1].startswith(_NOT_JUDGED[1:]):
        cut = len(body) - len(parts[1]) + len(_NOT_JUDGED)
    else:
        cut = len(encode(_judged(activity)))
    return body[:cut] + b"\t" + body[cut:]


def judged(body: bytes) -> bytes:
    """What is judged of an activity, as it travels, of its body."""
    cut = body.index(b",\t")
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
