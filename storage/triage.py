"""Triage: what people decided about alerts. Append-only; of an alert and those it replaces the latest counts."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import msgspec

from storage.client import Client
from storage.columns import ms

ACTIONS: Final = ("acknowledge", "close", "reopen")
DISPOSITIONS: Final = ("true_positive", "benign", "false_positive")

#: Per alert of {tenant:String} that has a decision: the latest, of its own or inherited from the alerts it replaces.
DECIDED: Final = """
WITH RECURSIVE lineage AS (
    SELECT alert_id AS owner, arrayJoin(replaces) AS old FROM alerts FINAL WHERE tenant = {tenant:String}
    UNION ALL
    SELECT l.owner AS owner, p.old AS old FROM lineage AS l INNER JOIN (
        SELECT alert_id AS newer, arrayJoin(replaces) AS old FROM alerts FINAL WHERE tenant = {tenant:String}
    ) AS p ON p.newer = l.old
)
SELECT owner, argMax(action, (at, action_id)) AS last, argMax(disposition, (at, action_id)) AS said_disposition,
       argMax(actor, (at, action_id)) AS said_by, max(at) AS said_at, argMax(reason, (at, action_id)) AS said_reason,
       argMax(action_id, (at, action_id)) AS said_id
FROM (
    SELECT alert_id AS owner, action, disposition, actor, at, reason, action_id FROM triage
    WHERE tenant = {tenant:String} AND action != 'comment'
    UNION ALL
    SELECT l.owner AS owner, action, disposition, actor, at, reason, action_id
    FROM triage INNER JOIN lineage AS l ON l.old = triage.alert_id
    WHERE tenant = {tenant:String} AND action != 'comment'
) GROUP BY owner"""


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """One row of triage; `at` in ms."""

    action_id: str
    at: int
    actor: str
    action: str
    disposition: str
    reason: str


class TriageStore:
    """Over the writer's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def decide(
        self, tenant: str, alert_id: str, *, action: str, by: str, disposition: str = "", reason: str = ""
    ) -> str:
        """Record what `by` decided; the id of the decision. The caller has checked that the alert is the tenant's."""
        action_id = str(uuid4())
        await self._client.insert(
            "triage",
            ("tenant", "alert_id", "action_id", "actor", "action", "disposition", "reason"),
            [(tenant, alert_id, action_id, by, action, disposition, reason)],
        )
        return action_id

    async def history(self, tenant: str, alert_id: str) -> list[Decision]:
        """The alert's own decisions, oldest first."""
        return await self._client.query(
            f"SELECT toString(action_id), {ms('at')}, actor, action, disposition, reason FROM triage "
            "WHERE tenant = {tenant:String} AND alert_id = {id:UUID} ORDER BY at, action_id",
            {"tenant": tenant, "id": alert_id},
            row=Decision,
        )
