"""CloudEvents 1.0 in structured mode: the envelope's attributes fill what the generic event inside leaves out."""

from __future__ import annotations

from typing import Any

from domain.actions import ACTIONS
from ingest.refusal import Refused, missing, shown, wrong_type


def unwrap(envelope: dict[str, Any]) -> dict[str, Any]:
    """The generic event of `data`; id, time and source of the envelope, and a type that is an action, fill its gaps."""
    if envelope["specversion"] != "1.0":
        raise Refused("unknown_value", f"specversion {shown(envelope['specversion'])} is unknown; send CloudEvents 1.0")
    data = envelope.get("data")
    if data is None:
        raise missing("data", "send the generic event as JSON in data, not in data_base64")
    if type(data) is not dict:
        raise wrong_type("data", "an object", data)
    event = dict(data)
    for ours, theirs in (("id", "id"), ("occurred_at", "time"), ("feed", "source")):
        if event.get(ours) is None and envelope.get(theirs) is not None:
            event[ours] = envelope[theirs]
    if event.get("action") is None and envelope.get("type") in ACTIONS:
        event["action"] = envelope["type"]
    return event
