"""CloudEvents 1.0, structured and binary, around the records of any source.

Around the generic event the envelope's attributes fill what the event leaves out. Around any other record they are only
wrapping: what the CRM says of itself counts, so that identity does not depend on the door.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from domain.actions import ACTIONS
from ingest.record import Headers, Record
from ingest.refusal import Refused, missing, shown, wrong_type

#: Attributes that the binary mode of the Kafka binding carries as headers `ce_…`.
_ATTRIBUTES: Final = ("specversion", "id", "source", "type", "time")
_encode = msgspec.json.encode


def binary(headers: Headers) -> bool:
    """Whether the headers are those of a CloudEvent in binary mode."""
    return any(name == "ce_specversion" for name, _ in headers)


def structured(record: Record) -> Record:
    """The same event in structured mode, at the same place."""
    said = {name.removeprefix("ce_"): value for name, value in record.headers if name.startswith("ce_")}
    envelope = {name: said[name].decode(errors="replace") for name in _ATTRIBUTES if name in said}
    return msgspec.structs.replace(
        record,
        headers=tuple((name, value) for name, value in record.headers if not name.startswith("ce_")),
        value=_encode(envelope)[:-1] + b',"data":' + (record.value or b"null") + b"}",
    )


def data_of(event: dict[str, Any]) -> dict[str, Any]:
    """The record itself, taken out of a CloudEvent when it is wrapped in one."""
    if "specversion" not in event:
        return event
    data = event.get("data")
    if data is None:
        raise missing("data", "send the record as JSON in data, not in data_base64")
    if type(data) is not dict:
        raise wrong_type("data", "an object", data)
    return data


def unwrap(envelope: dict[str, Any]) -> dict[str, Any]:
    """The generic event of `data`; id, time and source of the envelope, and a type that is an action, fill its gaps."""
    if envelope["specversion"] != "1.0":
        raise Refused("unknown_value", f"specversion {shown(envelope['specversion'])} is unknown; send CloudEvents 1.0")
    event = dict(data_of(envelope))
    for ours, theirs in (("id", "id"), ("occurred_at", "time"), ("feed", "source")):
        if event.get(ours) is None and envelope.get(theirs) is not None:
            event[ours] = envelope[theirs]
    if event.get("action") is None and envelope.get("type") in ACTIONS:
        event["action"] = envelope["type"]
    return event
