"""Incidents and their deliveries: what on-call was told, and what became of telling it. Times are ms, UTC."""

from __future__ import annotations

from typing import Final
from uuid import uuid5

import msgspec

from domain.alert import NAMESPACE, Content

OPEN: Final = "open"
WITHDRAWN: Final = "withdrawn"
CLOSED: Final = "closed"

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
DISABLED: Final = "disabled"


class Told(msgspec.Struct, frozen=True, array_like=True):
    """An accepted revision, as the outbox has it."""

    alert_id: str
    version: int
    written_at: int


class Revision(msgspec.Struct, frozen=True):
    """The latest accepted revision of an alert, with when we first said it and when this revision was written."""

    content: Content
    withdrawn: bool
    version: int
    replaces: tuple[str, ...]
    detected_at: int
    revised_at: int

    @property
    def alert_id(self) -> str:
        return self.content.alert_id


class Incident(msgspec.Struct, frozen=True, array_like=True):
    """One thing on-call may be told about. Its id is the notification key and never changes.

    `alert_versions[i]` is the revision of `alert_ids[i]` that has been dealt with; the last alert is the current one.
    `severity` is the highest that was told, or the alert's while nothing was. `quiet` says why it did not page.
    """

    tenant: str
    incident_id: str
    alert_ids: tuple[str, ...]
    alert_versions: tuple[int, ...]
    detector: str
    severity: int
    status: str
    opened_at: int
    paged: bool = False
    quiet: str = ""
    channels: tuple[str, ...] = ()
    notified_at: int = 0
    triage: str = ""  # the last decision of an analyst that was followed
    revision: int = 0

    @property
    def current(self) -> str:
        return self.alert_ids[-1]

    def version_of(self, alert: str) -> int:
        """The revision of `alert` that was dealt with, 0 for none."""
        return dict(zip(self.alert_ids, self.alert_versions, strict=True)).get(alert, 0)


class Delivery(msgspec.Struct, frozen=True, array_like=True):
    """One notification on its way to one channel. `sequence` is the incident revision that made it."""

    tenant: str
    webhook_id: str
    channel: str
    incident_id: str
    sequence: int
    kind: str
    body: str
    incident: str  # JSON of the incident's row once this notification exists
    status: str
    attempts: int
    response_status: int
    error: str
    revision: int
    next_attempt_at: int
    created_at: int


class Witness(msgspec.Struct, frozen=True, array_like=True):
    """One activity of the evidence, without what is personal."""

    activity_id: str
    occurred_at: int
    received_at: int
    action: str
    outcome: str
    reason: str
    source: str
    feed: str
    channel: str
    object_type: str
    count: int | None
    ip_token: str
    network: str
    country: str
    asn: int | None
    actor_kind: str
    roles: tuple[str, ...]
    privileged: bool
    history: bool


class Notice(msgspec.Struct, frozen=True):
    """What the system says about itself; the same `notice_id` is said once."""

    notice_id: str
    tenant: str
    kind: str
    subject: str
    text: str
    severity: int


def incident_id(tenant: str, first_alert: str) -> str:
    return str(uuid5(NAMESPACE, f"incident|{tenant}|{first_alert}"))


def webhook_id(incident: str, sequence: int) -> str:
    """The id that every attempt of a notification carries; it holds no dot and nothing a user chose."""
    return f"msg_{uuid5(NAMESPACE, f'notification|{incident}|{sequence}').hex}"


def notice_id(kind: str, *about: str) -> str:
    return str(uuid5(NAMESPACE, "|".join(("notice", kind, *about))))
