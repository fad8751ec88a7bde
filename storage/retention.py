"""What has expired: events are deleted by when they were received, and a fold asks by when they happened."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from domain.clock import BEGINNING
from storage.client import Client
from storage.columns import ms

#: Events are kept so long after they were received (migrations 0001 and 0003), days.
KEPT = 400


class _Newest(msgspec.Struct, array_like=True):
    tenant: str
    at: int


class RetentionStore:
    """Over either client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def expired(self, tenants: Collection[str]) -> dict[str, int]:
        """Of each tenant the newest time (ms) of what was received long enough ago to be deleted, within an hour.

        BEGINNING where nothing can have expired yet. The counts per hour that say so outlive the events.
        """
        rows = await self._client.query(
            f"SELECT tenant, {ms('max(last_occurred)')} FROM feeds WHERE tenant IN {{tenants:Array(String)}} "
            f"AND hour < now() - INTERVAL {KEPT} DAY + INTERVAL 1 HOUR AND stored > 0 GROUP BY tenant",
            {"tenants": sorted(tenants)},
            row=_Newest,
        )
        return dict.fromkeys(tenants, int(BEGINNING)) | {row.tenant: row.at for row in rows}
