"""History for training: what the features look at, actor by actor, oldest first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.activity import Activity
from domain.alert import Severity
from storage.client import Client
from storage.columns import Text, moment, slices

_THEIRS = f"tenant = {{t:String}} AND occurred_at >= {moment('since')} AND occurred_at < {moment('until')}"


class Share(msgspec.Struct, frozen=True, array_like=True):
    """An actor and about how many activities it has."""

    actor: str
    rows: int


class TrainingStore:
    """Over the reader's client; `since` and `until` (exclusive) in ms of event time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def actors(self, tenant: str, *, since: int, until: int) -> list[Share]:
        """People with activities in the window, by token."""
        return await self._client.query(
            f"SELECT actor_token, count() FROM events WHERE {_THEIRS} AND actor_token != '' "
            "AND actor_kind IN ('human', 'guest') GROUP BY actor_token ORDER BY actor_token",
            {"t": tenant, "since": since, "until": until},
            row=Share,
        )

    async def rows(
        self, tenant: str, *, first: str, last: str, since: int, until: int, actions: Sequence[str]
    ) -> list[Activity]:
        """What people from token `first` to `last` did, actor by actor, in the order of the fold."""
        return await self._client.query_bodies(
            f"SELECT body FROM events FINAL WHERE {_THEIRS} AND actor_token >= {{first:String}} "
            "AND actor_token <= {last:String} AND actor_kind IN ('human', 'guest') "
            "AND action IN {actions:Array(String)} ORDER BY actor_token, occurred_at, toString(activity_id)",
            {"t": tenant, "first": first, "last": last, "since": since, "until": until, "actions": list(actions)},
            row=Activity,
        )

    async def alerted(self, tenant: str, *, besides: str, since: int) -> set[str]:
        """Actors with a live alert above INFO since `since`, but for the detector `besides`.

        Not those whose alerts were closed as benign or false positive.
        """
        rows = await self._client.query(
            "SELECT DISTINCT subject FROM alerts FINAL WHERE tenant = {t:String} AND NOT withdrawn AND stage = 'live' "
            f"AND severity > {{info:UInt8}} AND detector != {{besides:String}} AND completed_at >= {moment('since')} "
            "AND alert_id NOT IN (SELECT alert_id FROM triage WHERE tenant = {t:String} GROUP BY alert_id "
            "HAVING argMaxIf(disposition, at, action IN ('close', 'reopen')) IN ('benign', 'false_positive'))",
            {"t": tenant, "info": int(Severity.INFO), "besides": besides, "since": since},
            row=Text,
        )
        subjects = [row.value.split("|") for row in rows]
        found = {token for scope, _, token in subjects if scope == "actor"}
        logins = sorted(token for scope, _, token in subjects if scope == "login")
        for some in slices(logins):
            people = await self._client.query(
                "SELECT DISTINCT actor_token FROM events WHERE tenant = {t:String} AND actor_token != '' "
                f"AND login_token IN {{logins:Array(String)}} AND occurred_at >= {moment('since')}",
                {"t": tenant, "logins": list(some), "since": since},
                row=Text,
            )
            found |= {row.value for row in people} | set(some)
        return found
