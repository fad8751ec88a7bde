"""The configurations of detectors that were ever in effect, from when on, and never anything else."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import msgspec

from domain.configuration import Configuration
from storage.client import Client
from storage.columns import ms

#: A change lies so far ahead of the store's clock, ms (migration 0043): every judge has it in time.
MARGIN = 60_000

_encode = msgspec.json.Encoder(order="sorted").encode
_COLUMNS = ("configuration_id", "detector", "slot", "settings", "stages", "hash")


class _Row(msgspec.Struct, array_like=True):
    detector: str
    slot: str
    settings: str
    stages: str
    hash: str
    effective_from: int
    made_at: int


class ConfigurationStore:
    """Over the writer's client to put, over either to read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, configurations: Sequence[Configuration]) -> None:
        """In effect a minute from now by the store's clock; always, when they are the first of all.

        All of them in one insert: there is no moment at which one is in effect and another is not.
        """
        rows = [
            (str(uuid4()), each.detector, each.slot, each.settings, _encode(each.stages).decode(), each.hash)
            for each in configurations
        ]
        await self._client.insert("configurations_in", _COLUMNS, rows)

    async def history(self) -> list[Configuration]:
        """All there ever were, in the order they were made."""
        rows = await self._client.query(
            f"SELECT detector, slot, settings, stages, hash, {ms('effective_from')}, {ms('made_at')} "
            "FROM configurations ORDER BY made_at, effective_from, detector, configuration_id",
            row=_Row,
        )
        return [
            Configuration(
                row.detector,
                row.slot,
                row.settings,
                msgspec.json.decode(row.stages, type=dict[str, str]),
                row.hash,
                row.effective_from,
                row.made_at,
            )
            for row in rows
        ]
