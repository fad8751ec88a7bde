"""How far a tenant's alerts are settled: completed before it, they are what one fold of the stored activities gives."""

from __future__ import annotations

import msgspec

from domain.judgement import epoch_of
from storage.client import Client
from storage.columns import OWNER, PER_SUBJECT, ms
from storage.epochs import Epoch, EpochStore


class MarkerRow(msgspec.Struct, frozen=True, array_like=True):
    """A partition's marker as stored; `lanes` and `clocks` are JSON objects."""

    partition: int
    position: int
    partitions: int
    lanes: str
    clocks: str
    written_at: int

    @property
    def clock_of(self) -> dict[str, int]:
        return msgspec.json.decode(self.clocks, type=dict[str, int])

    @property
    def through(self) -> dict[str, int]:
        return msgspec.json.decode(self.lanes, type=dict[str, int])


class _Oldest(msgspec.Struct, array_like=True):
    rows: int
    at: int


class SettledStore:
    """Over the reader's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def markers(self) -> list[MarkerRow]:
        return await self._client.query(
            f"SELECT partition, position, partitions, lanes, clocks, {ms('written_at')} FROM markers FINAL "
            "ORDER BY partition",
            row=MarkerRow,
        )

    async def dirty(self, tenant: str = "") -> int:
        """Subjects of the tenant, or of all, that wait to be settled."""
        rows = await self._client.query(
            "SELECT uniqExact(subject), 0 FROM dirty FINAL WHERE cleared = 0 "
            "AND {tenant:String} IN ('', splitByChar('|', subject)[2])",
            {"tenant": tenant},
            row=_Oldest,
        )
        return rows[0].rows

    async def through(self, tenant: str, epoch: Epoch | None = None) -> int | None:
        """The tenant's `settled_through`, ms; None while a partition of the open epoch has not said its clock.

        The markers are read first: what is stored or marked after that only lowers the answer of the next call.
        """
        epoch = epoch or await EpochStore(self._client).current()
        if epoch is None:
            return None
        markers = {m.partition: m for m in await self.markers() if epoch_of(m.position) == epoch.epoch}
        bounds = []
        for partition in range(epoch.partitions):
            marker = markers.get(partition)
            if marker is None or tenant not in (clocks := marker.clock_of):
                return None
            bounds.append(clocks[tenant])
        bounds += await self._oldest_dirty(tenant)
        bounds += await self._oldest_unheard(tenant, epoch, [markers[p].through for p in range(epoch.partitions)])
        return min(bounds)

    async def _oldest_dirty(self, tenant: str) -> list[int]:
        rows = await self._client.query(
            "SELECT count(), min(from_at) FROM dirty FINAL WHERE cleared = 0 "
            "AND splitByChar('|', subject)[2] = {tenant:String}",
            {"tenant": tenant},
            row=_Oldest,
        )
        return [row.at for row in rows if row.rows]

    async def _oldest_unheard(self, tenant: str, epoch: Epoch, heard: list[dict[str, int]]) -> list[int]:
        """The oldest activity stored above the lanes that the partition of one of its subjects has heard."""
        encoded = msgspec.json.encode(heard).decode()
        rows = await self._client.query(
            "WITH JSONExtract({heard:String}, 'Array(Map(String, Int64))') AS heard, "
            f"heard[{OWNER} + 1] AS mine SELECT count(), {ms('min(occurred_at)')} FROM {PER_SUBJECT} "
            "WHERE tenant = {tenant:String} AND epoch = {e:UInt32} "
            "AND toInt64(offset) > (mapContains(mine, lane) ? mine[lane] : toInt64(-1))",
            {"tenant": tenant, "n": epoch.partitions, "e": epoch.epoch, "heard": encoded},
            row=_Oldest,
        )
        return [row.at for row in rows if row.rows]
