"""The alert: what a detector found, in canonical form, and the evidence an analyst can check."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Any
from uuid import UUID, uuid5

import msgspec

from domain.activity import Key

#: Namespace of every id that Vedette derives.
NAMESPACE = UUID("6f0b7f0e-5d0a-5b6e-9a33-5e1f6c1d9a10")

#: Evidence lists at most this many ids at each end.
EVIDENCE_ENDS = 50

#: What a sentence is made of: numbers, plain words, or {"token": …} for a person, address or app named when read.
Part = str | int | float | None | dict[str, str]


class Severity(IntEnum):
    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Evidence(msgspec.Struct, frozen=True):
    """The first and last ids of the activities behind a finding, how many there were, and a digest over all of them.

    `at_least` says that the detector's memory was full and the count is a lower bound.
    """

    first: tuple[str, ...]
    last: tuple[str, ...]
    count: int
    digest: str
    at_least: bool = False


def evidence(ids: list[str] | tuple[str, ...], *, count: int | None = None) -> Evidence:
    """Evidence over `ids` in order of time; `count` when more happened than a bounded memory holds."""
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    first, last = tuple(ids[:EVIDENCE_ENDS]), tuple(ids[EVIDENCE_ENDS:][-EVIDENCE_ENDS:])
    total = len(ids) if count is None else count
    return Evidence(first=first, last=last, count=total, digest=digest, at_least=total > len(ids))


class Content(msgspec.Struct, frozen=True):
    """Everything about an alert that a replay must reproduce byte for byte. No clock reading, no name, no revision."""

    alert_id: str
    tenant: str
    detector: str
    slot: str  # detector.vVERSION
    arm: str
    stage: str  # live | shadow
    subject: str
    opener: Key
    completed: Key  # the last activity that changed the alert
    severity: int
    observed: float
    threshold: float
    parts: dict[str, Part]
    baseline: dict[str, Part]
    evidence: Evidence
    settings: str  # hash of the detector's settings
    profile: str = ""  # hash of the profile in effect, once there are profiles
    model: str = ""  # hash of the model that the detector asked


_encode = msgspec.json.Encoder(order="sorted").encode


def canonical(content: Content) -> bytes:
    """The canonical bytes: JSON, keys sorted, no spaces."""
    return _encode(content)


def alert_id(*, tenant: str, slot: str, arm: str, subject: str, opener: Key) -> str:
    return str(uuid5(NAMESPACE, "|".join((tenant, slot, arm, subject, str(opener[0]), opener[1]))))


def settings_json(fields: dict[str, Any]) -> str:
    """A set of settings as text, the same on every machine: JSON, keys sorted, spans as ISO 8601 has them."""
    return msgspec.json.Encoder(order="sorted", enc_hook=str).encode(fields).decode()


def settings_hash(fields: dict[str, Any]) -> str:
    """A short name for a set of settings, the same on every machine."""
    return hashlib.sha256(settings_json(fields).encode()).hexdigest()[:16]
