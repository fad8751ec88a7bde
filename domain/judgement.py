"""What a judge keeps in the store: dirty marks, states, alert revisions and its marker. Positions are one integer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from domain.activity import Judged, Key, Place
from domain.alert import Content

_EPOCH, _OFFSET = 48, 12


def position(epoch: int, offset: int, revision: int = 0) -> int:
    """Epoch (16 bits), bundle offset (36) and revision (12) in one integer that sorts as the three do.

    `offset` -1, before the first bundle, is allowed; a revision that overflows runs on into the offset, still rising.
    """
    return (epoch << _EPOCH) + ((offset + 1) << _OFFSET) + revision


def epoch_of(position: int) -> int:
    return position >> _EPOCH


def offset_of(position: int) -> int:
    return ((position & ((1 << _EPOCH) - 1)) >> _OFFSET) - 1


class DirtyMark(msgspec.Struct, frozen=True):
    """The subject's alerts are to be folded again from `start` on, not before event time `due` (ms).

    Only by the detectors that see one of `actions`; () is all of them.
    """

    mark_id: str
    subject: str
    start: Key
    due: int
    why: str
    actions: tuple[str, ...] = ()


class StateRow(msgspec.Struct, frozen=True):
    """A subject's state as stored: `seen` is the position of the last bundle that reached the buffer."""

    subject: str
    position: int
    seen: int
    body: str  # JSON


class AlertRevision(msgspec.Struct, frozen=True):
    """One revision of an alert: `version` orders writes, `position` is where the judge stood; neither is content."""

    content: Content
    withdrawn: bool
    version: int
    position: int
    replaces: tuple[str, ...] = ()


class Marker(msgspec.Struct, frozen=True):
    """How far a partition has come: per lane the highest delivered offset, per tenant the clock (ms)."""

    position: int
    partitions: int
    lanes: Mapping[str, int]
    clocks: Mapping[str, int]
    heard: tuple[str, ...] = ()


class Copy(NamedTuple):
    """The delivery of an id that the store keeps: where it stood, and the digest of its record."""

    place: Place
    digest: str


class DetectorFailure(msgspec.Struct, frozen=True):
    """A detector raised on an activity: the others went on, and the activity becomes a dead letter of that detector."""

    detector: str
    activity: Judged
    error: str
