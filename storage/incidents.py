"""Revisions that notify has not dealt with, and the incidents that say which it has."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.alert import Content
from domain.incident import Incident, Revision, Told
from storage.client import Client
from storage.columns import Pair, Text, moment, ms, slices


class _Revision(msgspec.Struct, array_like=True):
    content: str
    withdrawn: bool
    version: int
    replaces: tuple[str, ...]
    detected_at: int
    revised_at: int


class _Decided(msgspec.Struct, array_like=True):
    incident_id: str
    action: str
    action_id: str


_INCIDENT = (
    "tenant, toString(incident_id), arrayMap(x -> toString(x), alert_ids), alert_versions, detector, severity, status, "
    f"{ms('opened_at')}, paged, quiet, channels, {ms('notified_at')}, triage, revision"
)
_INCIDENT_COLUMNS = (
    "tenant", "incident_id", "alert_ids", "alert_versions", "detector", "severity", "status", "opened_at_ms", "paged",
    "quiet", "channels", "notified_at_ms", "triage", "revision",
)  # fmt: skip


class IncidentStore:
    """Over the writer's client. Every write may be repeated: rows replace themselves by their revision."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def unhandled(self) -> list[Told]:
        """Every alert whose latest revision no incident has dealt with, oldest first. Reads the whole outbox."""
        return await self._client.query(
            "SELECT toString(alert_id), version, written_at FROM ("
            f"  SELECT alert_id, max(outbox.version) AS version, {ms('max(outbox.written_at)')} AS written_at"
            "   FROM outbox GROUP BY alert_id) AS said "
            "LEFT JOIN (SELECT alert AS alert_id, max(seen) AS seen FROM incidents FINAL "
            "  ARRAY JOIN alert_ids AS alert, alert_versions AS seen GROUP BY alert) AS handled USING alert_id "
            "WHERE said.version > handled.seen ORDER BY written_at, alert_id",
            row=Told,
        )

    async def accepted_since(self, at: int) -> list[Told]:
        """The latest revision of each alert that had one written at `at` (ms) or later, oldest first."""
        return await self._client.query(
            f"SELECT toString(alert_id), max(outbox.version), {ms('max(outbox.written_at)')} AS latest "
            f"FROM outbox WHERE written_at >= {moment()} GROUP BY alert_id ORDER BY latest, alert_id",
            {"at": at},
            row=Told,
        )

    async def revisions(self, alerts: Sequence[str]) -> list[Revision]:
        """The alerts' latest revisions, oldest writing first; an alert that the store has no more is absent."""
        found: list[_Revision] = []
        for some in slices(alerts):
            found += await self._client.query(
                "SELECT a.content, a.withdrawn, a.version, arrayMap(x -> toString(x), a.replaces), "
                "said.first, said.last "
                "FROM alerts AS a FINAL INNER JOIN ("
                f"  SELECT alert_id, {ms('min(written_at)')} AS first, {ms('max(written_at)')} AS last"
                "   FROM outbox WHERE alert_id IN {ids:Array(UUID)} GROUP BY alert_id) AS said USING alert_id "
                "WHERE a.alert_id IN {ids:Array(UUID)}",
                {"ids": list(some)},
                row=_Revision,
            )
        revisions = [
            Revision(
                msgspec.json.decode(r.content, type=Content),
                r.withdrawn,
                r.version,
                r.replaces,
                r.detected_at,
                r.revised_at,
            )
            for r in found
        ]
        return sorted(revisions, key=lambda r: (r.revised_at, r.alert_id))

    async def successors(self, alerts: Sequence[str]) -> dict[str, str]:
        """For each of the alerts that another, not withdrawn one replaces: that other alert."""
        found: dict[str, str] = {}
        for some in slices(alerts):
            rows = await self._client.query(
                "SELECT toString(old), toString(alert_id) FROM alerts FINAL ARRAY JOIN replaces AS old "
                "WHERE NOT withdrawn AND old IN {ids:Array(UUID)}",
                {"ids": list(some)},
                row=Pair,
            )
            found.update((r.first, r.second) for r in rows)
        return found

    async def incidents_of(self, alerts: Sequence[str]) -> list[Incident]:
        """The incidents that any of the alerts belongs to."""
        found: dict[str, Incident] = {}
        for some in slices(alerts):
            rows = await self._client.query(
                f"SELECT {_INCIDENT} FROM incidents FINAL WHERE hasAny(alert_ids, {{ids:Array(UUID)}})",
                {"ids": list(some)},
                row=Incident,
            )
            found.update((r.incident_id, r) for r in rows)
        return list(found.values())

    async def put_incidents(self, incidents: Sequence[Incident]) -> None:
        await self._client.insert("incidents", _INCIDENT_COLUMNS, incidents)

    async def unfinished(self) -> list[Incident]:
        """Incidents as notifications left them whose own row was not written: a crash came between the two."""
        rows = await self._client.query(
            "SELECT last.row FROM (SELECT incident_id, argMax(incident, sequence) AS row, max(sequence) AS newest "
            "  FROM deliveries GROUP BY incident_id) AS last "
            "LEFT JOIN (SELECT incident_id, max(revision) AS known FROM incidents GROUP BY incident_id) AS written "
            "  USING incident_id WHERE last.newest > written.known",
            row=Text,
        )
        return [msgspec.json.decode(r.value, type=Incident) for r in rows]

    async def triaged(self) -> list[tuple[Incident, str, str]]:
        """Incidents whose alert was closed or opened again since that was last followed: the action and its id."""
        rows = await self._client.query(
            "SELECT toString(incident_id), said.action, said.id FROM ("
            "  SELECT incident_id, triage, alert_ids[-1] AS alert_id FROM incidents FINAL "
            "  WHERE alert_ids[-1] IN (SELECT alert_id FROM triage)) AS i INNER JOIN ("
            "  SELECT alert_id, argMax(triage.action, (triage.at, triage.action_id)) AS action, "
            "    toString(argMax(triage.action_id, (triage.at, triage.action_id))) AS id FROM triage "
            "  WHERE triage.action IN ('close', 'reopen') GROUP BY alert_id) AS said USING alert_id "
            "WHERE i.triage != said.id LIMIT 500",
            row=_Decided,
        )
        if not rows:
            return []
        found = await self._client.query(
            f"SELECT {_INCIDENT} FROM incidents FINAL WHERE incident_id IN {{ids:Array(UUID)}}",
            {"ids": [row.incident_id for row in rows]},
            row=Incident,
        )
        incidents = {incident.incident_id: incident for incident in found}
        return [(incidents[row.incident_id], row.action, row.action_id) for row in rows]
