"""What companies stated: `context.stated` activities, of all tenants."""

from __future__ import annotations

from domain.actions import CONTEXT_STATED
from domain.activity import Activity
from storage.client import Client


class FactStore:
    """Over either client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def stated(self) -> list[Activity]:
        """Every one that is stored, in no order. StoreUnavailable when the store does not answer."""
        return await self._client.query_bodies(
            "SELECT body FROM events FINAL PREWHERE action = {action:String}", {"action": CONTEXT_STATED}, row=Activity
        )
