"""Feeds: did my events arrive? Per source and feed, what came in, how late, and when last."""

from __future__ import annotations

import msgspec

from storage.client import Client
from storage.columns import moment, ms


class Feed(msgspec.Struct, frozen=True, array_like=True):
    """`headers` are rows that repeat a file's header, `conflicts` deliveries of a stored id with other content.

    Counts and delays since the asked time; `delay_*` in seconds, received − occurred; times in ms, 0 for never."""

    tenant: str
    source: str
    feed: str
    stored: int
    rejected: int
    skipped: int
    headers: int
    conflicts: int
    last_occurred: int
    last_received: int
    delay_median: float
    delay_p99: float


_COUNTED = (
    "SELECT tenant, source, feed, hour, stored, rejected, toUInt64(0) AS skipped, toUInt64(0) AS headers, "
    "toUInt64(0) AS conflicts, last_occurred, last_received, delay FROM feeds"
)
#: Skips are counted where they are kept, so that a fetch done twice is counted once.
_SKIPPED = (
    "SELECT tenant, source, feed, toStartOfHour(written_at) AS hour, toUInt64(0) AS stored, toUInt64(0) AS rejected, "
    "sumIf(rows, kind != 'header') AS skipped, sumIf(rows, kind = 'header') AS headers, toUInt64(0) AS conflicts, "
    "toDateTime64(0, 3, 'UTC') AS last_occurred, max(written_at) AS last_received, "
    "quantileTDigestStateIf(toFloat64(0), 0) AS delay FROM skips FINAL GROUP BY tenant, source, feed, hour"
)
_CONFLICTS = (
    "SELECT tenant, source, feed, toStartOfHour(received_at) AS hour, toUInt64(0) AS stored, toUInt64(0) AS rejected, "
    "toUInt64(0) AS skipped, toUInt64(0) AS headers, count() AS conflicts, toDateTime64(0, 3, 'UTC') AS last_occurred, "
    "max(received_at) AS last_received, quantileTDigestStateIf(toFloat64(0), 0) AS delay FROM conflicts FINAL "
    "GROUP BY tenant, source, feed, hour"
)


class FeedStore:
    """Over the reader's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(self, tenant: str = "", *, since: int) -> list[Feed]:
        """The feeds of a tenant, or of all, with something received since `since` (ms; whole hours count)."""
        return await self._client.query(
            "SELECT tenant, source, feed, sum(stored), sum(rejected), sum(skipped), sum(headers), sum(conflicts), "
            f"{ms('max(last_occurred)')}, {ms('max(last_received)')}, "
            "ifNotFinite(quantileTDigestMerge(0.5)(delay), 0), ifNotFinite(quantileTDigestMerge(0.99)(delay), 0) "
            f"FROM ({_COUNTED} UNION ALL {_SKIPPED} UNION ALL {_CONFLICTS}) WHERE {{tenant:String}} IN ('', tenant) "
            f"AND hour >= toStartOfHour({moment()}) GROUP BY tenant, source, feed ORDER BY tenant, source, feed",
            {"tenant": tenant, "at": since},
            row=Feed,
        )
