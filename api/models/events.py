"""What the operations on events and dead letters answer."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from api.models.base import Model, Time
from domain.activity import Activity

_INTERNAL: Final = frozenset({"epoch", "lane", "offset", "index", "record_digest"})
_TIMES: Final = frozenset({"occurred_at", "received_at", "valid_from", "valid_until"})
_REQUIRED: Final = frozenset({"tenant", "activity_id", "occurred_at", "action", "source"})


def _event() -> Any:
    """An activity as clients see it: whatever is unknown is left out."""
    fields: list[Any] = []
    for field in msgspec.structs.fields(Activity):
        if field.name in _INTERNAL:
            continue
        kind = Time if field.name in _TIMES else field.type
        if field.name in _REQUIRED:
            fields.append((field.name, kind))
        else:
            fields.append((field.name, kind | msgspec.UnsetType, msgspec.UNSET))
    made = msgspec.defstruct("Event", fields, bases=(Model,), kw_only=True, forbid_unknown_fields=True)
    made.__doc__ = "A stored activity. What is unknown is left out."
    return made


Event: Any = _event()


class EventPage(Model):
    items: list[Event]
    next: str | None


class Sent(Model):
    """What became of one event."""

    index: int
    id: str | None
    status: Annotated[str, msgspec.Meta(description="stored, duplicate, rejected or skipped", examples=["stored"])]
    activity_id: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET


class Answer(Model):
    """How many events met which fate, and each in the order in which they were sent."""

    stored: int
    duplicate: int
    rejected: int
    skipped: int
    events: list[Sent]


class Place(Model):
    epoch: int
    lane: str
    offset: int
    index: int


class DeadLetter(Model):
    """A record that was refused, and why."""

    id: str
    source: str
    feed: str
    code: str
    reason: str
    detector: str | None
    received_at: Time
    status: Annotated[str, msgspec.Meta(description="open or replayed")]
    place: Place
    raw_bytes: int
    raw_sha256: str


class DeadLetterPage(Model):
    items: list[DeadLetter]
    next: str | None


class DeadLetterWhole(DeadLetter):
    raw: dict[str, str] | None
    headers: list[tuple[str, str]]


class Replayed(Model):
    id: str
    status: str
    activity_id: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
