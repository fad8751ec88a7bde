"""What of a record's bytes may be kept beside its activity: not what its source says is never to be stored."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.door import door_of
from ingest.record import Record
from ingest.refusal import Refused
from ingest.sources.base import Adapter
from ingest.sources.registry import ADAPTERS, NEVER_STORED
from ingest.strict_json import parse

_encode = msgspec.json.encode


def storable(record: Record, source: str = "") -> bytes:
    """What of the record's bytes may be kept: all of it, or the object without the fields its source never stores.

    `source` is whose it turned out to be, where its door does not say. b"" when such a field may be in it and it cannot
    be read well enough to take the field out.
    """
    door = door_of(record.topic, record.headers)
    return kept(record.value, ADAPTERS.get(source) if door.unsaid and source else door.adapter)


def kept(value: bytes, adapter: Adapter | None) -> bytes:
    """The same of a record that this adapter reads."""
    if adapter is None or not adapter.never_stored:
        return value
    lower = value.lower()
    for sign in NEVER_STORED[adapter.source]:
        if sign in lower:
            break
    else:
        return value
    try:
        event = parse(value)
    except Refused:
        return b""
    rest = _without(event, adapter.never_stored)
    return value if rest == event else _encode(rest)


def _without(event: dict[str, Any], never: tuple[str, ...]) -> dict[str, Any]:
    """Also inside what a record may be wrapped in."""
    kept = {name: value for name, value in event.items() if name.lower() not in never}
    for name in ("data", "payload"):
        if type(inner := kept.get(name)) is dict:
            kept[name] = _without(inner, never)
    return kept
