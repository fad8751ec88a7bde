"""What was stored lately: activities above one set of offsets and up to another."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from domain.activity import Activity
from storage.client import Client
from storage.columns import moment


class TailStore:
    """Over the reader's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def between(
        self, tenant: str, epoch: int, above: Mapping[str, int], upto: Mapping[str, int], *, since: int, limit: int
    ) -> list[Activity]:
        """The tenant's activities of the lanes of `upto`, oldest first, that occurred at `since` (ms) or later.

        Of more than `limit` the newest stay.
        """
        rows = await self._client.query_bodies(
            "WITH JSONExtract({above:String}, 'Map(String, Int64)') AS above, "
            "JSONExtract({upto:String}, 'Map(String, Int64)') AS upto "
            f"SELECT body FROM events FINAL WHERE tenant = {{tenant:String}} "
            f"AND occurred_at >= {moment('since')} AND epoch = {{epoch:UInt32}} AND mapContains(upto, lane) "
            "AND toInt64(offset) <= upto[lane] "
            "AND toInt64(offset) > (mapContains(above, lane) ? above[lane] : toInt64(-1)) "
            "ORDER BY occurred_at DESC, activity_id DESC LIMIT {limit:UInt32}",
            {
                "tenant": tenant,
                "epoch": epoch,
                "above": msgspec.json.encode(dict(above)).decode(),
                "upto": msgspec.json.encode(dict(upto)).decode(),
                "since": since,
                "limit": limit,
            },
            row=Activity,
        )
        return sorted(rows, key=lambda a: a.key)
