"""What became of records by where they stood in Kafka: stored, refused, skipped, or none of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from storage.client import Client
from storage.columns import moment

#: (lane, offset) within one epoch.
Place = tuple[str, int]
_TOGETHER: Final = 2_000


class Fate(msgspec.Struct, frozen=True):
    """`status` is stored, rejected or skipped; `activity_id` with stored, `code` and `reason` with rejected."""

    status: str
    activity_id: str = ""
    code: str = ""
    reason: str = ""


class _Stored(msgspec.Struct, array_like=True):
    lane: str
    offset: int
    activity_id: str


class _Refused(msgspec.Struct, array_like=True):
    lane: str
    offset: int
    code: str
    reason: str


class _Skip(msgspec.Struct, array_like=True):
    lane: str
    first: int
    last: int


_HERE = (
    "tenant = {tenant:String} AND epoch = {epoch:UInt32} AND lane = {lane:String} AND offset IN {offsets:Array(UInt64)}"
)


class PlaceStore:
    """Over the reader's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def fates(
        self,
        tenant: str,
        epoch: int,
        places: Iterable[Place],
        *,
        occurred: tuple[int, int] | None,
        since: int,
        source: str = "",
    ) -> dict[Place, Fate]:
        """The fates of the tenant's records at the places; one that is absent repeats what another place has stored.

        `occurred` bounds (ms, both included) when the events of the records took place, None when unknown; `since` (ms)
        lies before their arrival. `source` narrows what may have been skipped: spans of several sources overlap.
        """
        lanes: dict[str, list[int]] = {}
        for lane, offset in places:
            lanes.setdefault(lane, []).append(offset)
        found: dict[Place, Fate] = {}
        for lane, offsets in lanes.items():
            for start in range(0, len(offsets), _TOGETHER):
                params = {"tenant": tenant, "epoch": epoch, "lane": lane, "offsets": offsets[start : start + _TOGETHER]}
                found |= await self._skipped({**params, "source": source})
                found |= await self._refused({**params, "since": since})
                found |= await self._stored(params, occurred)
        return found

    async def _stored(self, params: Mapping[str, object], occurred: tuple[int, int] | None) -> dict[Place, Fate]:
        """Rows that lie there and are the ones that count: another delivery of the same id may have come first."""
        bound, more = "1", dict[str, object]()
        if occurred is not None:
            bound = f"occurred_at BETWEEN {moment('low')} AND {moment('high')}"
            more = {"low": occurred[0], "high": occurred[1]}
        keys = f"SELECT tenant, actor_token, occurred_at, activity_id FROM events WHERE {_HERE} AND {bound}"
        rows = await self._client.query(
            "SELECT lane, offset, toString(activity_id) FROM events FINAL "
            f"WHERE (tenant, actor_token, occurred_at, activity_id) IN ({keys}) AND {bound} AND {_HERE}",
            {**params, **more},
            row=_Stored,
        )
        return {(r.lane, r.offset): Fate("stored", activity_id=r.activity_id) for r in rows}

    async def _refused(self, params: Mapping[str, object]) -> dict[Place, Fate]:
        rows = await self._client.query(
            f"SELECT lane, offset, code, reason FROM dead_letters FINAL WHERE {_HERE} "
            f"AND detector = '' AND received_at >= {moment('since')}",
            params,
            row=_Refused,
        )
        return {(r.lane, r.offset): Fate("rejected", code=r.code, reason=r.reason) for r in rows}

    async def _skipped(self, params: Mapping[str, object]) -> dict[Place, Fate]:
        """Skips are counted as spans of offsets; a place in such a span that is not stored or refused was skipped."""
        rows = await self._client.query(
            "SELECT lane, first_offset, last_offset FROM skips FINAL WHERE tenant = {tenant:String} "
            "AND {source:String} IN ('', source) AND epoch = {epoch:UInt32} AND lane = {lane:String} "
            "AND last_offset >= arrayMin({offsets:Array(UInt64)}) "
            "AND first_offset <= arrayMax({offsets:Array(UInt64)})",
            params,
            row=_Skip,
        )
        offsets = params["offsets"]
        assert isinstance(offsets, list)
        return {(r.lane, at): Fate("skipped") for r in rows for at in offsets if r.first <= at <= r.last}
