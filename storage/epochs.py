"""Epochs in the store: which one is open, and the one step that opens the next."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from domain.judgement import Marker, epoch_of, position
from storage.client import Client
from storage.columns import OWNER, PER_SUBJECT
from storage.judge import ClickHouseJudgeStore
from storage.judge_reads import JudgeReads


class Epoch(msgspec.Struct, frozen=True, array_like=True):
    epoch: int
    partitions: int
    broker: str


class _Highest(msgspec.Struct, array_like=True):
    value: int


class EpochStore:
    """Over the writer's client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._judged = JudgeReads(client)

    async def current(self) -> Epoch | None:
        """The newest epoch that was opened whole."""
        rows = await self._client.query(
            "SELECT epoch, partitions, broker FROM epochs WHERE state = 'open' "
            "ORDER BY epoch DESC, written_at DESC LIMIT 1",
            row=Epoch,
        )
        return rows[0] if rows else None

    async def begin(self, *, broker: str, partitions: int) -> int:
        """A number above every epoch ever begun."""
        rows = await self._client.query("SELECT max(epoch) FROM epochs", row=_Highest)
        epoch = rows[0].value + 1
        await self._put(epoch, broker, partitions, "opening")
        return epoch

    async def opened(self, epoch: int, *, broker: str, partitions: int) -> None:
        await self._put(epoch, broker, partitions, "open")

    async def _put(self, epoch: int, broker: str, partitions: int, state: str) -> None:
        row = (epoch, partitions, broker, state)
        await self._client.insert("epochs", ("epoch", "partitions", "broker", "state"), [row])

    async def fence(self, partitions: int) -> None:
        """Nobody of the old epoch writes any more."""
        rows = await self._client.query("SELECT max(term) FROM claims", row=_Highest)
        term = ((rows[0].value >> 16) + 1) << 16
        await self._client.insert("claims", ("partition", "term"), [(p, term) for p in range(partitions)])

    async def markers(self, partitions: int) -> dict[int, Marker]:
        found = {p: await self._judged.marker(p) for p in range(partitions)}
        return {p: marker for p, marker in found.items() if marker is not None}

    async def dirty_unjudged(self, epoch: int, markers: Mapping[int, Marker], partitions: int) -> None:
        """Per subject, from the earliest activity at or above its marker's clock, or above its marker's lanes."""
        for partition in range(partitions):
            marker = markers.get(partition)
            conditions = "1"
            params: dict[str, object] = {"e": epoch, "p": partition, "n": partitions}
            if marker is not None:
                conditions = (
                    "(occurred_at >= fromUnixTimestamp64Milli("
                    "mapContains(clocks, tenant) ? clocks[tenant] : {low:Int64}, 'UTC')"
                    " OR epoch > {me:UInt32} OR (epoch = {me:UInt32} AND toInt64(offset) > "
                    "(mapContains(lanes, lane) ? lanes[lane] : toInt64(-1))))"
                )
                params |= {
                    "low": -(10**12),
                    "me": epoch_of(marker.position),
                    "clocks": msgspec.json.encode(marker.clocks).decode(),
                    "lanes": msgspec.json.encode(marker.lanes).decode(),
                }
            bound = (
                "WITH JSONExtract({clocks:String}, 'Map(String, Int64)') AS clocks, "
                "JSONExtract({lanes:String}, 'Map(String, Int64)') AS lanes "
                if marker
                else ""
            )
            await self._client.command(
                "INSERT INTO dirty (mark_id, subject, bucket, from_at, from_id, due, why, cleared) "
                f"{bound}SELECT concat('epoch/', toString({{e:UInt32}}), '/', subject), subject, "
                "reinterpretAsUInt32(reverse(unhex(substring(subject, length(subject) - 31, 8)))), "
                "toUnixTimestamp64Milli(min(occurred_at)), "
                "toString(argMin(activity_id, (occurred_at, toString(activity_id)))), 0, 'epoch', 0 "
                f"FROM {PER_SUBJECT} WHERE {OWNER} = {{p:UInt32}} AND {conditions} GROUP BY subject",
                params,
            )

    async def dirty_orphans(self, epoch: int, markers: Mapping[int, Marker], partitions: int) -> None:
        """Alerts written above the marker may be what nobody remembers having written."""
        for partition in range(partitions):
            marker = markers.get(partition)
            await self._client.command(
                "INSERT INTO dirty (mark_id, subject, bucket, from_at, from_id, due, why, cleared) "
                "SELECT concat('orphan/', toString({e:UInt32}), '/', toString(alert_id)), subject, bucket, "
                "toUnixTimestamp64Milli(opener_at), toString(opener_id), 0, 'orphan', 0 FROM alerts FINAL "
                "WHERE bucket % {n:UInt32} = {p:UInt32} AND position > {at:UInt64}",
                {"e": epoch, "n": partitions, "p": partition, "at": marker.position if marker else 0},
            )

    async def renew_markers(self, epoch: int, markers: Mapping[int, Marker], *, old: int, partitions: int) -> None:
        """Every partition starts at the lowest old clock of each tenant, with no lane heard."""
        clocks: dict[str, int] = {}
        if old and len(markers) == old:
            for tenant in set.intersection(*(set(marker.clocks) for marker in markers.values())):
                clocks[tenant] = min(marker.clocks[tenant] for marker in markers.values())
        rows = await self._client.query("SELECT max(term) FROM claims", row=_Highest)
        for partition in range(partitions):
            marker = Marker(position(epoch, -1), partitions, {}, clocks)
            await ClickHouseJudgeStore(self._client).put_marker(partition, rows[0].value, marker)
