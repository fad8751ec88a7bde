"""What notify reads and writes: revisions it has not dealt with, incidents, deliveries, and what a page says around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from domain.alert import Content
from domain.incident import DISABLED, PENDING, Delivery, Incident, Notice, Revision, Witness
from storage.client import Client

#: Alerts or incidents per query.
TOGETHER = 500
#: Due deliveries of one channel per query.
DUE_TOGETHER = 50


class Told(msgspec.Struct, frozen=True, array_like=True):
    """An accepted revision, as the outbox has it."""

    alert_id: str
    version: int
    written_at: int


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """An incident and what people last decided about its current alert: `close`, `reopen` …"""

    incident_id: str
    action: str


class _Revision(msgspec.Struct, array_like=True):
    content: str
    withdrawn: bool
    version: int
    replaces: tuple[str, ...]
    detected_at: int
    revised_at: int


class _Incident(msgspec.Struct, array_like=True):
    tenant: str
    incident_id: str
    alert_ids: tuple[str, ...]
    alert_versions: tuple[int, ...]
    detector: str
    severity: int
    status: str
    opened_at: int
    paged: bool
    quiet: str
    channels: tuple[str, ...]
    notified_at: int
    revision: int


class _Delivery(msgspec.Struct, array_like=True):
    tenant: str
    webhook_id: str
    channel: str
    incident_id: str
    sequence: int
    kind: str
    body: str
    incident: str
    status: str
    attempts: int
    response_status: int
    error: str
    revision: int
    next_attempt_at: int
    created_at: int


class _Text(msgspec.Struct, array_like=True):
    value: str


class _Number(msgspec.Struct, array_like=True):
    value: float


class _Pair(msgspec.Struct, array_like=True):
    first: str
    second: str


def _ms(column: str) -> str:
    return f"toUnixTimestamp64Milli({column})"


_INCIDENT = (
    "tenant, toString(incident_id), arrayMap(x -> toString(x), alert_ids), alert_versions, detector, severity, status, "
    f"{_ms('opened_at')}, paged, quiet, channels, {_ms('notified_at')}, revision"
)
_INCIDENT_COLUMNS = (
    "tenant", "incident_id", "alert_ids", "alert_versions", "detector", "severity", "status", "opened_at_ms", "paged",
    "quiet", "channels", "notified_at_ms", "revision",
)  # fmt: skip
_DELIVERY = (
    "tenant, webhook_id, channel, toString(incident_id), sequence, kind, body, incident, status, attempts, "
    f"response_status, error, revision, {_ms('next_attempt_at')}, {_ms('created_at')}"
)
_DELIVERY_COLUMNS = (
    "tenant", "webhook_id", "channel", "incident_id", "sequence", "kind", "body", "incident", "status", "attempts",
    "response_status", "error", "revision", "next_attempt_at_ms", "created_at_ms",
)  # fmt: skip
_WITNESS = (
    f"toString(activity_id), {_ms('occurred_at')}, {_ms('received_at')}, action, outcome, reason, source, feed, channel, "
    "object_type, count, ip_token, network, country, asn, actor_kind, roles, privileged, history"
)
_AT = "fromUnixTimestamp64Milli({at:Int64}, 'UTC')"


class NotifyStore:
    """Over the writer's client. Every write may be repeated: rows replace themselves by their revision."""

    def __init__(self, client: Client) -> None:
        self._client = client

    # -- revisions
    async def unhandled(self) -> list[Told]:
        """Every alert whose latest revision no incident has dealt with, oldest first. Reads the whole outbox."""
        return await self._client.query(
            "SELECT toString(alert_id), version, written_at FROM ("
            f"  SELECT alert_id, max(outbox.version) AS version, {_ms('max(outbox.written_at)')} AS written_at"
            "   FROM outbox GROUP BY alert_id) AS said "
            "LEFT JOIN (SELECT alert AS alert_id, max(seen) AS seen FROM incidents FINAL "
            "  ARRAY JOIN alert_ids AS alert, alert_versions AS seen GROUP BY alert) AS handled USING alert_id "
            "WHERE said.version > handled.seen ORDER BY written_at, alert_id",
            row=Told,
        )

    async def accepted_since(self, at: int) -> list[Told]:
        """The latest revision of each alert that had one written at `at` (ms) or later, oldest first."""
        return await self._client.query(
            f"SELECT toString(alert_id), max(outbox.version), {_ms('max(outbox.written_at)')} AS latest "
            f"FROM outbox WHERE written_at >= {_AT} GROUP BY alert_id ORDER BY latest, alert_id",
            {"at": at},
            row=Told,
        )

    async def revisions(self, alerts: Sequence[str]) -> list[Revision]:
        """The alerts' latest revisions, oldest writing first; an alert that the store has no more is absent."""
        found: list[_Revision] = []
        for some in _slices(alerts):
            found += await self._client.query(
                "SELECT a.content, a.withdrawn, a.version, arrayMap(x -> toString(x), a.replaces), said.first, said.last "
                "FROM alerts AS a FINAL INNER JOIN ("
                f"  SELECT alert_id, {_ms('min(written_at)')} AS first, {_ms('max(written_at)')} AS last"
                "   FROM outbox WHERE alert_id IN {ids:Array(UUID)} GROUP BY alert_id) AS said USING alert_id "
                "WHERE a.alert_id IN {ids:Array(UUID)}",
                {"ids": list(some)},
                row=_Revision,
            )
        revisions = [
            Revision(
                msgspec.json.decode(r.content, type=Content), r.withdrawn, r.version, r.replaces, r.detected_at, r.revised_at
            )
            for r in found
        ]
        return sorted(revisions, key=lambda r: (r.revised_at, r.alert_id))

    async def successors(self, alerts: Sequence[str]) -> dict[str, str]:
        """For each of the alerts that another, not withdrawn one replaces: that other alert."""
        found: dict[str, str] = {}
        for some in _slices(alerts):
            rows = await self._client.query(
                "SELECT toString(old), toString(alert_id) FROM alerts FINAL ARRAY JOIN replaces AS old "
                "WHERE NOT withdrawn AND old IN {ids:Array(UUID)}",
                {"ids": list(some)},
                row=_Pair,
            )
            found.update((r.first, r.second) for r in rows)
        return found

    # -- incidents
    async def incidents_of(self, alerts: Sequence[str]) -> list[Incident]:
        """The incidents that any of the alerts belongs to."""
        found: dict[str, Incident] = {}
        for some in _slices(alerts):
            rows = await self._client.query(
                f"SELECT {_INCIDENT} FROM incidents FINAL WHERE hasAny(alert_ids, {{ids:Array(UUID)}})",
                {"ids": list(some)},
                row=_Incident,
            )
            found.update((r.incident_id, _incident(r)) for r in rows)
        return list(found.values())

    async def put_incidents(self, incidents: Sequence[Incident]) -> None:
        rows = [
            (
                i.tenant, i.incident_id, i.alert_ids, i.alert_versions, i.detector, i.severity, i.status, i.opened_at,
                i.paged, i.quiet, i.channels, i.notified_at, i.revision,
            )
            for i in incidents
        ]  # fmt: skip
        await self._client.insert("incidents", _INCIDENT_COLUMNS, rows)

    async def unfinished(self) -> list[Incident]:
        """Incidents as notifications left them whose own row was not written: a crash came between the two."""
        rows = await self._client.query(
            "SELECT last.incident FROM (SELECT incident_id, argMax(incident, sequence) AS incident, "
            "  max(sequence) AS sequence FROM deliveries GROUP BY incident_id) AS last "
            "LEFT JOIN (SELECT incident_id, max(incidents.revision) AS revision FROM incidents GROUP BY incident_id) "
            "  AS known USING incident_id WHERE last.sequence > known.revision",
            row=_Text,
        )
        return [msgspec.json.decode(r.value, type=Incident) for r in rows]

    async def triaged(self) -> list[tuple[Incident, str]]:
        """Incidents that analysts closed since they were open, or opened again, each with that action."""
        rows = await self._client.query(
            "SELECT toString(incident_id), said.action FROM (SELECT incident_id, status, alert_ids[-1] AS alert_id "
            "  FROM incidents FINAL WHERE status IN ('open', 'closed') AND alert_ids[-1] IN (SELECT alert_id FROM triage)) "
            "  AS i INNER JOIN ("
            "  SELECT alert_id, argMax(triage.action, (triage.at, triage.action_id)) AS action FROM triage "
            "  WHERE action IN ('close', 'reopen') GROUP BY alert_id) AS said USING alert_id "
            "WHERE (status = 'open' AND said.action = 'close') OR (status = 'closed' AND said.action = 'reopen')",
            row=Standing,
        )
        if not rows:
            return []
        actions = {r.incident_id: r.action for r in rows}
        found = await self._client.query(
            f"SELECT {_INCIDENT} FROM incidents FINAL WHERE incident_id IN {{ids:Array(UUID)}}",
            {"ids": list(actions)[:TOGETHER]},
            row=_Incident,
        )
        return [(_incident(r), actions[r.incident_id]) for r in found]

    # -- deliveries
    async def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Store the rows in one insert: all of a notification's channels, or none."""
        rows = [
            (
                d.tenant, d.webhook_id, d.channel, d.incident_id, d.sequence, d.kind, d.body, d.incident, d.status,
                d.attempts, d.response_status, d.error, d.revision, d.next_attempt_at, d.created_at,
            )
            for d in deliveries
        ]  # fmt: skip
        await self._client.insert("deliveries", _DELIVERY_COLUMNS, rows)

    async def due(self, at: int) -> list[Delivery]:
        """Pending deliveries whose next attempt is due at `at` (ms), the longest due first, at most 50 a channel."""
        chosen = (
            f"SELECT tenant, webhook_id, channel FROM deliveries FINAL WHERE status = '{PENDING}' "
            f"AND next_attempt_at <= {_AT} ORDER BY next_attempt_at, webhook_id LIMIT {DUE_TOGETHER} BY channel"
        )
        keys = await self._client.query(chosen, {"at": at}, row=list[str])
        if not keys:
            return []  # the usual case: the bodies are not read
        return await self._deliveries(
            f"(tenant, webhook_id, channel) IN ({chosen}) AND status = '{PENDING}' ORDER BY next_attempt_at, webhook_id",
            {"at": at},
        )

    async def delivery(self, webhook_id: str, channel: str = "") -> list[Delivery]:
        """A notification's deliveries, to one channel or to all."""
        return await self._deliveries(
            "webhook_id = {id:String} AND {channel:String} IN ('', channel) ORDER BY channel",
            {"id": webhook_id, "channel": channel},
        )

    async def deliveries(
        self, *, tenant: str = "", channel: str = "", status: str = "", incident: str = "", limit: int = 50
    ) -> list[Delivery]:
        """The latest deliveries, newest first; "" stands for any."""
        return await self._deliveries(
            "{tenant:String} IN ('', tenant) AND {channel:String} IN ('', channel) AND {status:String} IN ('', status) "
            "AND {incident:String} IN ('', toString(incident_id)) ORDER BY created_at DESC, webhook_id LIMIT {n:UInt32}",
            {"tenant": tenant, "channel": channel, "status": status, "incident": incident, "n": limit},
        )

    async def disabled_channels(self) -> set[str]:
        """Channels with a delivery that was answered 410 and has not been taken up again."""
        rows = await self._client.query(
            f"SELECT DISTINCT channel FROM deliveries FINAL WHERE status = '{DISABLED}' AND response_status = 410", row=_Text
        )
        return {r.value for r in rows}

    async def _deliveries(self, where: str, parameters: dict[str, object]) -> list[Delivery]:
        rows = await self._client.query(f"SELECT {_DELIVERY} FROM deliveries FINAL WHERE {where}", parameters, row=_Delivery)
        return [Delivery(**msgspec.structs.asdict(r)) for r in rows]

    # -- what a page says, and whether it is one
    async def witnesses(self, content: Content, activities: Sequence[str]) -> list[Witness]:
        """The stored ones among `activities` of the alert's evidence, in order of time."""
        chosen = (
            "SELECT tenant, actor_token, occurred_at, activity_id FROM subject_events WHERE subject = {subject:String} "
            "AND occurred_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC') AND activity_id IN {ids:Array(UUID)}"
        )
        return await self._client.query(
            f"SELECT {_WITNESS} FROM events FINAL WHERE (tenant, actor_token, occurred_at, activity_id) IN ({chosen}) "
            "ORDER BY occurred_at, activity_id",
            {"subject": content.subject, "until": content.completed[0], "ids": list(activities)},
            row=Witness,
        )

    async def usual_delay(self, tenant: str, source: str, feed: str, *, since: int) -> int:
        """The feed's p99 of received − occurred since `since` (ms), in ms; 0 when nothing is known."""
        rows = await self._client.query(
            "SELECT ifNotFinite(quantileTDigestMerge(0.99)(delay), 0) FROM feeds WHERE tenant = {tenant:String} "
            f"AND source = {{source:String}} AND feed = {{feed:String}} AND hour >= {_AT}",
            {"tenant": tenant, "source": source, "feed": feed, "at": since},
            row=_Number,
        )
        return max(0, round(rows[0].value * 1000)) if rows else 0

    async def active_users(self, tenant: str, *, since: int) -> int:
        """People with an activity since `since` (ms)."""
        rows = await self._client.query(
            "SELECT toFloat64(uniq(actor_token)) FROM events WHERE tenant = {tenant:String} AND actor_kind = 'human' "
            f"AND actor_token != '' AND occurred_at >= {_AT}",
            {"tenant": tenant, "at": since},
            row=_Number,
        )
        return int(rows[0].value) if rows else 0

    async def raised(self, tenant: str, detector: str, *, since: int) -> int:
        """Incidents of the detector since `since` (ms) that paged, or would have but for the fuse."""
        rows = await self._client.query(
            "SELECT toFloat64(count()) FROM incidents FINAL WHERE tenant = {tenant:String} AND detector = {detector:String} "
            f"AND (paged OR quiet = 'fuse') AND opened_at >= {_AT}",
            {"tenant": tenant, "detector": detector, "at": since},
            row=_Number,
        )
        return int(rows[0].value) if rows else 0

    async def names(self, tenant: str, tokens: Iterable[str]) -> dict[str, str]:
        """What the tokens stand for; a token without a name (erased, or never named) is absent."""
        wanted = sorted(set(tokens))
        if not wanted:
            return {}
        rows = await self._client.query(
            "SELECT token, value FROM names FINAL WHERE tenant = {tenant:String} AND token IN {tokens:Array(String)}",
            {"tenant": tenant, "tokens": wanted},
            row=_Pair,
        )
        return {r.first: r.second for r in rows}

    async def put_notice(self, notice: Notice) -> None:
        await self._client.insert(
            "notices",
            ("notice_id", "tenant", "kind", "subject", "text", "severity"),
            [(notice.notice_id, notice.tenant, notice.kind, notice.subject, notice.text, notice.severity)],
        )


def _incident(row: _Incident) -> Incident:
    return Incident(**msgspec.structs.asdict(row))


def _slices(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER))
