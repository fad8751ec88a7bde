"""What an alert's revision means for on-call: a page, an update, or nothing. Pure; the clock is an argument.

Each alert is its own incident, whose id is derived from its first alert and is the notification key for good. An alert
that `replaces` the current alert of an incident inherits it, and pages again only when its severity rises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from domain.alert import Severity
from domain.clock import MINUTE, SECOND
from domain.incident import CLOSED, OPEN, WITHDRAWN, Incident, Revision, incident_id

Kind = Literal["opened", "escalated", "updated", "withdrawn", "closed"]

#: How long anything but CRITICAL waits for revisions that make one page of several, and a withdrawal for a replacement.
GROUP_WAIT = 30 * SECOND
#: An incident is updated at most this often; a rise in severity does not wait.
UPDATE_EVERY = 5 * MINUTE

SHADOW, INFO, LATE, HISTORY, FUSE = "shadow", "info", "late", "history", "fuse"


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the store knows around an alert. `usual_delay` (ms) is the feed's p99 of received − occurred."""

    usual_delay: int = 0
    history: bool = False
    fuse_blown: bool = False
    merged_into: str = ""  # the incident that goes on where a withdrawn alert ended


@dataclass(frozen=True)
class Wait:
    """Nothing is due before `until` (ms); ask again then."""

    until: int


@dataclass(frozen=True)
class Transition:
    """The incident as it is from now on, and what is sent about it: "" for nothing."""

    incident: Incident
    kind: Kind | Literal[""] = ""


def is_late(revision: Revision, *, page_within: int, usual_delay: int) -> bool:
    """Whether the revision was written more than `page_within` (ms) after its feed's usual delay."""
    return revision.revised_at - revision.content.completed[0] > page_within + usual_delay


def quiet(revision: Revision, around: Circumstances, *, page_within: int) -> str:
    """Why this revision pages nobody, "" when it does."""
    content = revision.content
    if content.stage != "live":
        return SHADOW
    if content.severity <= Severity.INFO:
        return INFO
    if around.history:
        return HISTORY
    if is_late(revision, page_within=page_within, usual_delay=around.usual_delay):
        return LATE
    if around.fuse_blown and content.severity < Severity.CRITICAL:
        return FUSE
    return ""


def inherit(revision: Revision, incidents: Iterable[Incident]) -> Incident | None:
    """The incident with this alert appended, when the alert replaces the current one of an incident; else None.

    Of several (episodes that merged) the one that paged, then the oldest, goes on.
    """
    candidates = [i for i in incidents if i.current in revision.replaces and i.tenant == revision.content.tenant]
    if not candidates:
        return None
    chosen = min(candidates, key=lambda i: (not i.paged, i.opened_at, i.incident_id))
    return msgspec.structs.replace(
        chosen,
        alert_ids=(*chosen.alert_ids, revision.alert_id),
        alert_versions=(*chosen.alert_versions, 0),
        revision=chosen.revision + 1,
    )


def decide(
    revision: Revision, incident: Incident | None, now: int, *, around: Circumstances, page_within: int
) -> Wait | Transition:
    """What follows from a revision that has not been dealt with. `page_within` in ms."""
    silent = quiet(revision, around, page_within=page_within)
    if incident is None:
        incident = _first(revision)
    if incident.current != revision.alert_id:
        return Transition(_dealt_with(incident, revision))
    if incident.paged:
        return _paged(revision, incident, now, silent=silent, merged_into=around.merged_into)
    return _unpaged(revision, incident, now, silent=silent)


def follow(incident: Incident, now: int, *, close: bool, triage: str) -> Transition:
    """An analyst closed the alert: whoever was paged hears it once. Opening it again is no news to on-call."""
    incident = msgspec.structs.replace(incident, triage=triage, revision=incident.revision + 1)
    if close and incident.status == OPEN:
        closed = msgspec.structs.replace(incident, status=CLOSED, notified_at=now)
        return Transition(closed, "closed" if incident.paged else "")
    if not close and incident.status == CLOSED:
        return Transition(msgspec.structs.replace(incident, status=OPEN))
    return Transition(incident)


def _unpaged(revision: Revision, incident: Incident, now: int, *, silent: str) -> Wait | Transition:
    if revision.withdrawn:
        return Transition(_dealt_with(incident, revision, status=WITHDRAWN, quiet=silent))
    severity = revision.content.severity
    settled = incident.status == CLOSED and severity <= incident.severity
    if silent or settled:
        status = CLOSED if settled else OPEN
        return Transition(_dealt_with(incident, revision, status=status, quiet=silent, severity=severity))
    due = now if severity >= Severity.CRITICAL else revision.detected_at + GROUP_WAIT
    if due > now:
        return Wait(due)
    told = _dealt_with(incident, revision, status=OPEN, quiet="", severity=severity, paged=True, notified_at=now)
    return Transition(told, "opened")


def _paged(revision: Revision, incident: Incident, now: int, *, silent: str, merged_into: str) -> Wait | Transition:
    if revision.withdrawn:
        return _withdrawn(revision, incident, now, merged_into=merged_into)
    rose = revision.content.severity > incident.severity
    severity = max(incident.severity, revision.content.severity)
    told = _dealt_with(incident, revision, status=OPEN, severity=severity, notified_at=now)
    if rose and not silent:
        return Transition(told, "escalated")
    if silent in (SHADOW, INFO) or incident.status == CLOSED:
        return Transition(_dealt_with(incident, revision))
    due = incident.notified_at + UPDATE_EVERY
    return Wait(due) if due > now else Transition(told, "updated")


def _withdrawn(revision: Revision, incident: Incident, now: int, *, merged_into: str) -> Wait | Transition:
    if incident.status == WITHDRAWN:
        return Transition(_dealt_with(incident, revision))
    due = revision.revised_at + GROUP_WAIT
    if due > now:
        return Wait(due)
    status: str = CLOSED if merged_into else WITHDRAWN
    ended = _dealt_with(incident, revision, status=status, notified_at=now)
    return Transition(ended, "closed" if merged_into else "withdrawn")


def _first(revision: Revision) -> Incident:
    content = revision.content
    return Incident(
        tenant=content.tenant,
        incident_id=incident_id(content.tenant, content.alert_id),
        alert_ids=(content.alert_id,),
        alert_versions=(0,),
        detector=content.detector,
        severity=content.severity,
        status=OPEN,
        opened_at=revision.detected_at,
    )


def _dealt_with(incident: Incident, revision: Revision, **changes: object) -> Incident:
    """The incident's next revision, in which this revision of the alert needs nothing more."""
    versions = tuple(
        revision.version if alert == revision.alert_id else version
        for alert, version in zip(incident.alert_ids, incident.alert_versions, strict=True)
    )
    return msgspec.structs.replace(incident, alert_versions=versions, revision=incident.revision + 1, **changes)
