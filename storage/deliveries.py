"""Deliveries: every notification on its way to a channel; and all that the notify role asks, in one class."""

from __future__ import annotations

from collections.abc import Sequence

from domain.incident import DISABLED, PENDING, Delivery
from storage.circumstances import CircumstanceStore
from storage.client import Client
from storage.columns import Text, moment, ms
from storage.incidents import IncidentStore

#: Due deliveries of one channel per query.
DUE_TOGETHER = 50


_DELIVERY = (
    "tenant, webhook_id, channel, toString(incident_id), sequence, kind, body, incident, status, attempts, "
    f"response_status, error, revision, {ms('next_attempt_at')}, {ms('created_at')}"
)
_DELIVERY_COLUMNS = (
    "tenant", "webhook_id", "channel", "incident_id", "sequence", "kind", "body", "incident", "status", "attempts",
    "response_status", "error", "revision", "next_attempt_at_ms", "created_at_ms",
)  # fmt: skip


class DeliveryStore:
    """Over the writer's client, or the reader's for what only reads. Rows replace themselves by their revision."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Store the rows in one insert: all of a notification's channels, or none."""
        await self._client.insert("deliveries", _DELIVERY_COLUMNS, deliveries)

    async def due(self, at: int) -> list[Delivery]:
        """Pending deliveries whose next attempt is due at `at` (ms), the longest due first, at most 50 a channel."""
        chosen = (
            f"SELECT tenant, webhook_id, channel FROM deliveries FINAL WHERE status = '{PENDING}' "
            f"AND next_attempt_at <= {moment()} ORDER BY next_attempt_at, webhook_id LIMIT {DUE_TOGETHER} BY channel"
        )
        keys = await self._client.query(chosen, {"at": at}, row=list[str])
        if not keys:
            return []  # the usual case: the bodies are not read
        return await self._deliveries(
            f"(tenant, webhook_id, channel) IN ({chosen}) AND status = '{PENDING}' "
            "ORDER BY next_attempt_at, webhook_id",
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
            "AND {incident:String} IN ('', toString(incident_id)) "
            "ORDER BY created_at DESC, webhook_id LIMIT {n:UInt32}",
            {"tenant": tenant, "channel": channel, "status": status, "incident": incident, "n": limit},
        )

    async def disabled_channels(self) -> set[str]:
        """Channels with a delivery that was answered 410 and has not been taken up again."""
        rows = await self._client.query(
            f"SELECT DISTINCT channel FROM deliveries FINAL WHERE status = '{DISABLED}' AND response_status = 410",
            row=Text,
        )
        return {r.value for r in rows}

    async def _deliveries(self, where: str, parameters: dict[str, object]) -> list[Delivery]:
        return await self._client.query(
            f"SELECT {_DELIVERY} FROM deliveries FINAL WHERE {where}", parameters, row=Delivery
        )


class NotifyStore(IncidentStore, DeliveryStore, CircumstanceStore):
    """Everything the notify role asks of the store, over one client."""

    async def close(self) -> None:
        await self._client.close()
