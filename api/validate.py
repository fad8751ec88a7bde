"""The cheap check of one sent event, before anything is promised: its envelope. Ingest checks the rest. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from domain.actions import ACTIONS
from domain.clock import millis
from domain.errors import Rejected

#: Bytes of one event: what fits into one Kafka record with its headers.
MOST_BYTES: Final = 900_000
_KNOWN: Final = frozenset(ACTIONS)


class Envelope(msgspec.Struct, frozen=True):
    """What the check has learned: the event's own id, and when it happened (ms) where that is known."""

    id: str
    occurred_at: int | None = None


def check(raw: bytes, *, source: str) -> Envelope | Rejected:
    """The envelope of a generic event or CloudEvent; of another source's record only that it is an object."""
    if len(raw) > MOST_BYTES:
        return Rejected("too_large", f"the event has {len(raw)} bytes; send at most {MOST_BYTES}")
    try:
        event = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        return Rejected("json_invalid", f"the event is no JSON: {error}")
    except RecursionError:
        return Rejected("json_invalid", "the event is nested too deeply; send a flat object")
    if not isinstance(event, dict):
        return Rejected("not_an_object", 'an event is a JSON object; send {"id": …, "action": …, …}')
    if source != "generic":
        return Envelope(str(event.get("id") or ""))
    return _generic(_unwrapped(event))


def _unwrapped(event: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent's data with what its envelope adds; ingest says what is wrong with the envelope itself."""
    if "specversion" not in event or not isinstance(event.get("data"), dict):
        return event
    added = {"id": event.get("id"), "occurred_at": event.get("time")}
    if event.get("type") in _KNOWN:
        added["action"] = event["type"]
    data: dict[str, Any] = event["data"]
    return {**added, **{name: value for name, value in data.items() if value is not None}}


def _generic(event: dict[str, Any]) -> Envelope | Rejected:
    native = event.get("id")
    if native is None or native == "":
        return Rejected(
            "field_missing", "id is missing; send the CRM's id of the event, so that a retry is not a second event"
        )
    if not isinstance(native, str | int) or isinstance(native, bool):
        return Rejected("wrong_type", "id must be a text")
    action = event.get("action")
    if action is None or action == "":
        return Rejected("field_missing", "action is missing; send one of the actions, such as auth.login.failed")
    if not isinstance(action, str) or action not in _KNOWN:
        return Rejected("unknown_action", f"action {str(action)[:40]!r} is unknown; send one of {', '.join(ACTIONS)}")
    at = _moment(event.get("occurred_at"))
    if isinstance(at, Rejected):
        return at
    actor = event.get("actor")
    if not isinstance(actor, dict) or actor.get("id") in (None, ""):
        return Rejected("field_missing", 'actor.id is missing; send {"actor": {"id": …}}, the CRM\'s id of who did it')
    return Envelope(str(native), at)


def _moment(value: Any) -> int | Rejected:
    """Milliseconds of an RFC 3339 time with an offset."""
    if value is None:
        return Rejected("field_missing", "occurred_at is missing; send a time such as 2026-11-24T09:00:00Z")
    try:
        at = datetime.fromisoformat(value[:-1] + "Z" if value[-1:] == "z" else value)
    except (TypeError, ValueError):
        return Rejected("time_unreadable", "occurred_at is no RFC 3339 time; send one such as 2026-11-24T09:00:00Z")
    if at.tzinfo is None:
        return Rejected("time_without_offset", "occurred_at has no UTC offset; add Z or one such as +01:00")
    return millis(at)
