"""What a notification says, before any format: the alert in words, its circumstances, and who may be named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from detectors.sentence import sentence, shown
from domain.alert import Content, Severity
from domain.clock import rfc3339
from domain.incident import Incident, Revision, Witness
from domain.subject import TENANT, scope_of, token_of
from notify import advice
from notify.wording import clip, fill

TITLE_AT_MOST = 80
SENTENCE_AT_MOST = 500
EVIDENCE_LINES = 3
_SHORT = {Severity.CRITICAL: "CRIT", Severity.MEDIUM: "MED"}


class Who(msgspec.Struct, frozen=True):
    scope: str
    name: str
    kind: str
    roles: tuple[str, ...]
    privileged: bool


class Where(msgspec.Struct, frozen=True):
    address: str
    country: str
    network: str
    asn: int | None


class When(msgspec.Struct, frozen=True):
    """Moments in UTC. `feed_delay_seconds` is how long the last activity took to reach us, None when unknown."""

    first_activity_at: str
    last_activity_at: str
    detected_at: str
    feed: str
    feed_delay_seconds: float | None


class Proof(msgspec.Struct, frozen=True):
    count: int
    at_least: bool
    lines: tuple[str, ...]


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a format may say. `dedup_key` is the incident's id and never changes; `sequence` rises with each."""

    incident_id: str
    dedup_key: str
    sequence: int
    title: str
    sentence: str
    severity: str
    status: str
    tenant: str
    detector: str
    arm: str
    alert_id: str
    who: Who
    where: Where
    when: When
    observed: float
    limit: float
    baseline: dict[str, str]
    evidence: Proof
    first_steps: tuple[str, ...]
    url: str = ""
    test: bool = False


def compose(
    incident: Incident,
    revision: Revision,
    witnesses: Sequence[Witness],
    names: Mapping[str, str],
    *,
    api_url: str = "",
    test: bool = False,
) -> Page:
    """The page of an incident's notification. `names` says what each token is called."""
    content = revision.content
    url = f"{api_url.rstrip('/')}/api/v1/alerts/{content.alert_id}" if api_url else ""
    return Page(
        incident_id=incident.incident_id,
        dedup_key=incident.incident_id,
        sequence=incident.revision,
        title=title(content, names, test=test),
        sentence=clip(sentence(content, names), SENTENCE_AT_MOST),
        severity=Severity(content.severity).name,
        status=incident.status,
        tenant=content.tenant,
        detector=content.detector,
        arm=content.arm,
        alert_id=content.alert_id,
        who=_who(content, witnesses, names),
        where=_where(witnesses, names),
        when=_when(revision, witnesses),
        observed=content.observed,
        limit=content.threshold,
        baseline={clip(k, 60): clip(shown(v, names), 120) for k, v in list(content.baseline.items())[:20]},
        evidence=_proof(content, witnesses, names),
        first_steps=advice.first_steps(content.detector),
        url=url,
        test=test,
    )


def title(content: Content, names: Mapping[str, str], *, test: bool = False) -> str:
    """`[CRIT] bulk_export acme: 118,400 contacts (usual 40/day)`, at most 80 characters."""
    severity = Severity(content.severity)
    said = fill(advice.HEADLINES.get(content.detector, ""), content.parts, names) or sentence(content, names)
    mark = "[TEST] " if test else ""
    return clip(
        f"{mark}[{_SHORT.get(severity, severity.name)}] {content.detector} {content.tenant}: {said}", TITLE_AT_MOST
    )


def _who(content: Content, witnesses: Sequence[Witness], names: Mapping[str, str]) -> Who:
    scope, last = scope_of(content.subject), witnesses[-1] if witnesses else None
    name = content.tenant if scope == TENANT else names[token_of(content.subject)]
    if last is None:
        return Who(scope, name, "unknown", (), False)
    roles = tuple(clip(role, 80) for role in last.roles[:10])
    return Who(scope, name, last.actor_kind, roles, any(w.privileged for w in witnesses))


def _where(witnesses: Sequence[Witness], names: Mapping[str, str]) -> Where:
    if not witnesses:
        return Where("", "", "unknown", None)
    last = witnesses[-1]
    return Where(names[last.ip_token] if last.ip_token else "", last.country, last.network, last.asn)


def _when(revision: Revision, witnesses: Sequence[Witness]) -> When:
    content, last = revision.content, witnesses[-1] if witnesses else None
    return When(
        first_activity_at=rfc3339(content.opener[0]),
        last_activity_at=rfc3339(content.completed[0]),
        detected_at=rfc3339(revision.detected_at),
        feed=clip(f"{last.source}/{last.feed}", 120) if last else "",
        feed_delay_seconds=max(0, last.received_at - last.occurred_at) / 1000 if last else None,
    )


def _proof(content: Content, witnesses: Sequence[Witness], names: Mapping[str, str]) -> Proof:
    lines = tuple(_line(witness, names) for witness in witnesses[-EVIDENCE_LINES:])
    return Proof(content.evidence.count, content.evidence.at_least, lines)


def _line(witness: Witness, names: Mapping[str, str]) -> str:
    """`2026-11-24T02:10:00.000Z data.exported 18,400 contact through ui from DE (vpn, address-1f0c2d3e)`."""
    amount = f" {witness.count:,}" if witness.count is not None else ""
    kind = f" {witness.object_type}" if witness.object_type else ""
    reason = f" ({witness.reason})" if witness.reason else ""
    door = f" through {witness.channel}" if witness.channel else ""
    address = names[witness.ip_token] if witness.ip_token else ""
    place = ", ".join(part for part in (witness.network if witness.network != "unknown" else "", address) if part)
    origin = f" from {witness.country or 'an unknown country'}" if witness.country or place else ""
    where = f" ({place})" if place else ""
    return clip(f"{rfc3339(witness.occurred_at)} {witness.action}{reason}{amount}{kind}{door}{origin}{where}", 300)
