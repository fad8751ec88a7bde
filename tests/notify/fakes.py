"""Alerts as the engine makes them, and a store in memory that answers as the real one does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from domain.alert import Content, Severity, evidence
from domain.clock import millis
from domain.errors import StoreUnavailable
from domain.incident import DISABLED, PENDING, Delivery, Incident, Notice, Revision, Told, Witness

from datetime import UTC, datetime  # isort: skip

#: 2026-11-24 09:00 UTC, a Tuesday.
T0 = int(millis(datetime(2026, 11, 24, 9, tzinfo=UTC)))
PERSON, ADDRESS = "a1b2c3d4" * 4, "f0e1d2c3" * 4


def uid(number: int) -> str:
    return str(UUID(int=number))


def content(number: int = 1, *, severity: Severity = Severity.MEDIUM, at: int = T0, **changes: object) -> Content:
    """An export alert of one person of acme."""
    made = Content(
        alert_id=uid(number),
        tenant="acme",
        detector="bulk_export",
        slot="bulk_export.v1",
        arm="rows",
        stage="live",
        subject=f"actor|acme|{PERSON}",
        opener=(at, uid(1000 + number)),
        completed=(at, uid(1000 + number)),
        severity=int(severity),
        observed=118_400.0,
        threshold=10_000.0,
        parts={
            "actor": {"token": PERSON},
            "rows": 118_400,
            "object": "contact records",
            "span": {"span_ms": "540000"},
            "p50": 40,
            "t": 10_000,
        },
        baseline={"largest_hour": 12, "usual_day": 40},
        evidence=evidence([uid(1000 + number)]),
        settings="0123456789abcdef",
    )
    return msgspec.structs.replace(made, **changes)


def witness(number: int = 1, *, at: int = T0, **changes: object) -> Witness:
    made = Witness(
        activity_id=uid(1000 + number),
        occurred_at=at,
        received_at=at + 1_500,
        action="data.exported",
        outcome="success",
        reason="",
        source="generic",
        feed="main",
        channel="ui",
        object_type="contact",
        count=118_400,
        ip_token=ADDRESS,
        network="vpn",
        country="DE",
        asn=64500,
        actor_kind="human",
        roles=("sales_rep",),
        privileged=False,
        history=False,
    )
    return msgspec.structs.replace(made, **changes)


def delivery(number: int = 1, *, channel: str = "oncall", at: int = T0, **changes: object) -> Delivery:
    made = Delivery(
        tenant="acme",
        webhook_id=f"msg_{number:032x}",
        channel=channel,
        incident_id=uid(5000 + number),
        sequence=1,
        kind="opened",
        body='{"type":"incident.opened"}',
        incident="[]",
        status=PENDING,
        attempts=0,
        response_status=0,
        error="",
        revision=1,
        next_attempt_at=at,
        created_at=at,
    )
    return msgspec.structs.replace(made, **changes)


class MemoryStore:
    """notify.worker.Store in memory; `broken` names a method whose next call finds the store away."""

    def __init__(self) -> None:
        self.alerts: dict[str, Revision] = {}
        self.incidents: dict[str, Incident] = {}
        self.rows: dict[tuple[str, str], Delivery] = {}
        self.written: list[Delivery] = []
        self.notices: dict[str, Notice] = {}
        self.activities: dict[str, Witness] = {}
        self.decisions: list[tuple[str, str, str]] = []  # alert, action, id
        self.people: dict[str, str] = {}
        self.delay = 0
        self.users = 0
        self.raised_before = 0
        self.broken = ""
        self.closed = False

    def accept(
        self, made: Content, *, at: int, version: int, withdrawn: bool = False, replaces: tuple[str, ...] = ()
    ) -> None:
        """The judge's write of a revision at `at`."""
        known = self.alerts.get(made.alert_id)
        first = known.detected_at if known else at
        self.alerts[made.alert_id] = Revision(made, withdrawn, version, replaces, first, at)

    def sent(self) -> list[tuple[str, str]]:
        """(kind, channel) of every delivery, in the order they were made."""
        return [(d.kind, d.channel) for d in self.written if d.revision == 1]

    def _breaks(self, name: str) -> None:
        if self.broken == name:
            self.broken = ""
            raise StoreUnavailable("the store is away; start it")

    async def unhandled(self) -> list[Told]:
        self._breaks("unhandled")
        dealt = {a: v for i in self.incidents.values() for a, v in zip(i.alert_ids, i.alert_versions, strict=True)}
        return [t for t in await self.accepted_since(0) if t.version > dealt.get(t.alert_id, 0)]

    async def accepted_since(self, at: int) -> list[Told]:
        found = [Told(r.alert_id, r.version, r.revised_at) for r in self.alerts.values() if r.revised_at >= at]
        return sorted(found, key=lambda t: (t.written_at, t.alert_id))

    async def revisions(self, alerts: Sequence[str]) -> list[Revision]:
        found = [self.alerts[a] for a in alerts if a in self.alerts]
        return sorted(found, key=lambda r: (r.revised_at, r.alert_id))

    async def successors(self, alerts: Sequence[str]) -> dict[str, str]:
        return {old: r.alert_id for r in self.alerts.values() if not r.withdrawn for old in r.replaces if old in alerts}

    async def incidents_of(self, alerts: Sequence[str]) -> list[Incident]:
        return [i for i in self.incidents.values() if set(i.alert_ids) & set(alerts)]

    async def put_incidents(self, incidents: Sequence[Incident]) -> None:
        if incidents:
            self._breaks("put_incidents")
        for i in incidents:
            if i.incident_id not in self.incidents or self.incidents[i.incident_id].revision <= i.revision:
                self.incidents[i.incident_id] = i

    async def unfinished(self) -> list[Incident]:
        last: dict[str, Delivery] = {}
        for d in self.rows.values():
            if d.incident_id not in last or last[d.incident_id].sequence < d.sequence:
                last[d.incident_id] = d
        known = {i.incident_id: i.revision for i in self.incidents.values()}
        return [
            msgspec.json.decode(d.incident, type=Incident)
            for d in last.values()
            if d.sequence > known.get(d.incident_id, 0)
        ]

    async def triaged(self) -> list[tuple[Incident, str, str]]:
        latest = {alert: (action, made) for alert, action, made in self.decisions}
        found = [(i, *latest[i.current]) for i in self.incidents.values() if i.current in latest]
        return [(i, action, made) for i, action, made in found if i.triage != made]

    async def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        self._breaks("put_deliveries")
        for d in deliveries:
            key = (d.webhook_id, d.channel)
            if key not in self.rows or self.rows[key].revision <= d.revision:
                self.rows[key] = d
            self.written.append(d)

    async def due(self, at: int) -> list[Delivery]:
        self._breaks("due")
        found = [d for d in self.rows.values() if d.status == PENDING and d.next_attempt_at <= at]
        return sorted(found, key=lambda d: (d.next_attempt_at, d.webhook_id))

    async def disabled_channels(self) -> set[str]:
        return {d.channel for d in self.rows.values() if d.status == DISABLED and d.response_status == 410}

    async def witnesses(self, content: Content, activities: Sequence[str]) -> list[Witness]:
        found = [self.activities[a] for a in dict.fromkeys(activities) if a in self.activities]
        return sorted(found, key=lambda w: (w.occurred_at, w.activity_id))

    async def usual_delay(self, tenant: str, source: str, feed: str, *, since: int) -> int:
        return self.delay

    async def active_users(self, tenant: str, *, since: int) -> int:
        return self.users

    async def raised(self, tenant: str, detector: str, *, since: int) -> int:
        ours = [i for i in self.incidents.values() if (i.tenant, i.detector) == (tenant, detector)]
        return self.raised_before + sum(1 for i in ours if (i.paged or i.quiet == "fuse") and i.opened_at >= since)

    async def names(self, tenant: str, tokens: Iterable[str]) -> dict[str, str]:
        return {token: self.people[token] for token in tokens if token in self.people}

    async def put_notice(self, notice: Notice) -> None:
        self.notices[notice.notice_id] = notice

    async def close(self) -> None:
        self.closed = True
