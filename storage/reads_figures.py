"""What is in the store, in numbers, for whoever watches the system."""

from __future__ import annotations

import msgspec

from storage.client import Client

_MINE = "{tenant:String} IN ('', tenant)"


class AlertFigure(msgspec.Struct, frozen=True, array_like=True):
    detector: str
    stage: str
    severity: int
    alerts: int


class LetterFigure(msgspec.Struct, frozen=True, array_like=True):
    code: str
    letters: int


class _Number(msgspec.Struct, array_like=True):
    value: int


class FigureStore:
    """Over the reader's client. `tenant` "" means all of them together."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def events(self, tenant: str = "") -> int:
        """Events stored in the last 400 days; one that was delivered twice may count twice."""
        rows = await self._client.query(f"SELECT sum(stored) FROM feeds WHERE {_MINE}", {"tenant": tenant}, row=_Number)
        return rows[0].value

    async def alerts(self, tenant: str = "") -> list[AlertFigure]:
        """Alerts that stand, by detector, stage and severity."""
        return await self._client.query(
            f"SELECT detector, stage, severity, count() FROM alerts FINAL WHERE NOT withdrawn AND {_MINE} "
            "GROUP BY detector, stage, severity ORDER BY detector, stage, severity",
            {"tenant": tenant},
            row=AlertFigure,
        )

    async def letters(self, tenant: str = "") -> list[LetterFigure]:
        """Dead letters that are open, by code."""
        return await self._client.query(
            f"SELECT code, count() FROM dead_letters FINAL WHERE status = 'open' AND {_MINE} "
            "GROUP BY code ORDER BY code",
            {"tenant": tenant},
            row=LetterFigure,
        )

    async def tenants(self) -> list[str]:
        """Every tenant that ever sent something."""
        rows = await self._client.query("SELECT DISTINCT tenant FROM feeds ORDER BY tenant", row=list[str])
        return [tenant for (tenant,) in rows]
