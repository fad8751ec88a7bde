"""Audit events as Acme's CRM sends them: generic JSON records, each with an id of its own."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from domain.clock import rfc3339

TENANT = "acme"
SOURCE_FEED = "crm-audit"
_encode = msgspec.json.encode


class Event(NamedTuple):
    """One record: when (ms), its own id, the Kafka key (who did it, so that one actor stays in order), its bytes."""

    at: int
    id: str
    key: bytes
    raw: bytes


class Pen:
    """Writes records; the ids come out of `rng`, so the same story has the same ids."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.written: list[Event] = []

    def write(
        self, at: int, action: str, actor: Mapping[str, Any], origin: Mapping[str, Any] | None, **more: Any
    ) -> Event:
        """One record at `at` (ms); `more` are fields of the generic event."""
        name = f"{self.rng.getrandbits(80):020x}"
        record: dict[str, Any] = {
            "id": name,
            "tenant": TENANT,
            "feed": SOURCE_FEED,
            "occurred_at": rfc3339(at),
            "action": action,
            "actor": actor,
        }
        if origin is not None:
            record["origin"] = origin
        record.update(more)
        event = Event(at, name, actor["id"].encode(), _encode(record))
        self.written.append(event)
        return event


def rng_of(*words: object) -> random.Random:
    """The dice of one part of the story: throws there change nothing elsewhere."""
    return random.Random("|".join(map(str, words)))  # noqa: S311 (a story, not a secret)
