"""What the operations on alerts answer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.models.base import Model, Severity, Time
from api.models.events import Event


class Subject(Model):
    scope: Annotated[str, msgspec.Meta(description="actor, login, source, client or tenant")]
    token: str
    name: str | None


class Alert(Model):
    """What was found, in one sentence, and what was decided about it."""

    id: str
    detector: str
    slot: str
    arm: str
    stage: str
    severity: Severity
    sentence: str
    subject: Subject
    opened_at: Time
    completed_at: Time
    detected_at: Time | None
    observed: float
    threshold: float
    status: Annotated[str, msgspec.Meta(description="new, acknowledged or closed")]
    disposition: str | None
    withdrawn: bool
    replaces: list[str]
    replaced_by: list[str]
    etag: str


class AlertPage(Model):
    items: list[Alert]
    next: str | None


class Evidence(Model):
    """Ids of the first and last fifty activities, how many there were, and a digest over all of them."""

    first: list[str]
    last: list[str]
    count: int
    digest: str
    at_least: bool


class AlertEvents(Model):
    items: list[Event]
    count: int
    at_least: bool
    missing: list[str]


class Explanation(Model):
    observed: float
    at_least: bool
    threshold: float
    baseline: dict[str, Any]
    severity: Severity
    why: Any
    suppressed: Any
    arm: str
    stage: str


class Versions(Model):
    settings: str
    profile: str | None
    model: str | None


class Decided(Model):
    action: str
    by: str
    at: Time
    disposition: str | None
    reason: str | None


class AlertWhole(Alert):
    """One alert with everything behind it; `events` with `include=evidence`."""

    frozen: Annotated[bool, msgspec.Meta(description="no replay can give it again: it stays as it is")]
    frozen_because: str | None
    explanation: Explanation
    baseline: dict[str, Any]
    evidence: Evidence
    opener_id: str
    completed_id: str
    versions: Versions
    triage: list[Decided]
    events: AlertEvents | msgspec.UnsetType = msgspec.UNSET
