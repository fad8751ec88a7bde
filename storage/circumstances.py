"""What surrounds an alert when somebody is to be told: its activities, its feed, names and notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from domain.activity import Activity
from domain.alert import Content
from domain.incident import Notice, Witness
from domain.subject import ACTOR, scope_of
from storage.client import Client
from storage.columns import Number, Pair, moment, of_subjects
from storage.notices import NoticeStore

_of_witness = attrgetter(*Witness.__struct_fields__)


class CircumstanceStore:
    """Over the writer's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def witnesses(self, content: Content, activities: Sequence[str]) -> list[Witness]:
        """The stored ones among `activities` of the alert's evidence, in order of time."""
        theirs = of_subjects(actors=scope_of(content.subject) == ACTOR, among=" AND activity_id IN {ids:Array(UUID)}")
        found = await self._client.query_bodies(
            # PREWHERE: a row's key decides on all of it. Bodies: fields by name would be 19 readings of each.
            f"SELECT body FROM events FINAL PREWHERE {theirs}",
            {"subjects": [content.subject], "until": content.completed[0] + 1, "ids": list(activities)},
            row=Activity,
        )
        return [Witness(*_of_witness(activity)) for activity in sorted(found, key=lambda a: a.key)]

    async def usual_delay(self, tenant: str, source: str, feed: str, *, since: int) -> int:
        """The feed's p99 of received − occurred since `since` (ms), in ms; 0 when nothing is known."""
        rows = await self._client.query(
            "SELECT ifNotFinite(quantileTDigestMerge(0.99)(delay), 0) FROM feeds WHERE tenant = {tenant:String} "
            f"AND source = {{source:String}} AND feed = {{feed:String}} AND hour >= {moment()}",
            {"tenant": tenant, "source": source, "feed": feed, "at": since},
            row=Number,
        )
        return max(0, round(rows[0].value * 1000)) if rows else 0

    async def active_users(self, tenant: str, *, since: int) -> int:
        """People with an activity since `since` (ms)."""
        rows = await self._client.query(
            "SELECT toFloat64(uniq(actor_token)) FROM events WHERE tenant = {tenant:String} AND actor_kind = 'human' "
            f"AND actor_token != '' AND occurred_at >= {moment()}",
            {"tenant": tenant, "at": since},
            row=Number,
        )
        return int(rows[0].value) if rows else 0

    async def raised(self, tenant: str, detector: str, *, since: int) -> int:
        """Incidents of the detector since `since` (ms) that paged, or would have but for the fuse."""
        rows = await self._client.query(
            "SELECT toFloat64(count()) FROM incidents FINAL WHERE tenant = {tenant:String} "
            "AND detector = {detector:String} "
            f"AND (paged OR quiet = 'fuse') AND opened_at >= {moment()}",
            {"tenant": tenant, "detector": detector, "at": since},
            row=Number,
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
            row=Pair,
        )
        return {r.first: r.second for r in rows}

    async def put_notice(self, notice: Notice) -> None:
        await NoticeStore(self._client).put([notice])
