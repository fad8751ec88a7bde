"""What travels in `vedette.activity`: bundles of activities, and marks of how far time has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from domain.activity import Activity

#: A bundle holds at most this many activities and this many bytes before compression.
BUNDLE_ACTIVITIES = 500
BUNDLE_BYTES = 900_000


class Bundle(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """Activities of one insert that one activity partition judges."""

    activities: tuple[Activity, ...]


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

_encode_lines = msgspec.json.Encoder().encode_lines


def bodies(activities: Sequence[Activity]) -> list[bytes]:
    """Each activity as a JSON array in the order of its fields: what is stored of it and what travels."""
    lines = _encode_lines(activities).split(b"\n")
    lines.pop()  # behind the last line end
    return lines


def bundle(bodies: Iterable[bytes]) -> bytes:
    """The message that `encode` makes of a Bundle, from bodies that were encoded before."""
    return b'["b",[' + b",".join(bodies) + b"]]"


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Message).decode
