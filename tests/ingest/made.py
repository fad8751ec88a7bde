"""Records and normalisers for the tests of ingest."""

from __future__ import annotations

import json
from typing import Any

from domain.activity import Activity
from domain.clock import Millis
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.normalise import Normaliser
from ingest.record import Headers, Record, Skip
from ingest.settings import IngestSettings

#: 2026-11-24T09:00:00Z, when the records of the tests arrive.
RECEIVED = Millis(1_795_510_800_000)
TOKENS = Tokeniser(b"k" * 32)
ORGANIZATION = "00B30000000nLF7"


def normaliser(**settings: Any) -> Normaliser:
    settings.setdefault("organizations", {ORGANIZATION: "acme", "00D5j000000VI3n": "acme"})
    return Normaliser(IngestSettings(**settings), lambda _: TOKENS)


def record(
    value: bytes | dict[str, Any] | list[Any],
    *,
    topic: str = "vedette.raw",
    offset: int = 5,
    headers: Headers = (),
    received_at: int = RECEIVED,
    partition: int = 0,
) -> Record:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Record(topic, partition, offset, 3, received_at, headers, raw)


def activity(value: bytes | dict[str, Any], **options: Any) -> Activity:
    """The one activity that a record becomes."""
    outcome = normaliser().normalise(record(value, **options))
    assert isinstance(outcome, list), outcome
    (found,) = outcome
    return found


def refused(value: bytes | dict[str, Any] | list[Any], **options: Any) -> tuple[str, str]:
    """Code and sentence of the dead letter that a record becomes."""
    outcome = normaliser().normalise(record(value, **options))
    assert isinstance(outcome, DeadLetter), outcome
    return outcome.code, outcome.reason


def skipped(value: bytes | dict[str, Any], **options: Any) -> Skip:
    outcome = normaliser().normalise(record(value, **options))
    assert isinstance(outcome, Skip), outcome
    return outcome


def event(**changes: Any) -> dict[str, Any]:
    """A generic event; a field given as None is left out."""
    whole: dict[str, Any] = {
        "id": "a1",
        "tenant": "acme",
        "occurred_at": "2026-11-24T08:59:00Z",
        "action": "record.read",
        "actor": {"id": "u7"},
        "object_type": "contact",
        "object_id": "c1",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def said(found: Activity) -> dict[str, Any]:
    """What an activity says, without defaults, ids, tokens and place."""
    blank = Activity(tenant="", activity_id="", occurred_at=0, action="", source="", feed="", native_id="")
    hidden = {"activity_id", "record_digest", "epoch", "lane", "offset", "index", "received_at"}
    return {
        name: value
        for name in Activity.__struct_fields__
        if name not in hidden
        and not name.endswith("_token")
        and (value := getattr(found, name)) != getattr(blank, name)
    }
