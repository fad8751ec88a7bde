"""Whether all that a broker was given is stored, and known to every judge: then nobody needs the broker any more."""

from __future__ import annotations

from domain.judgement import epoch_of
from storage.client import Client, connect
from storage.events import EventStore
from storage.settled import SettledStore
from transport.peek import anything_beyond
from vedette.settings import Settings


async def drained(made: Settings, epoch: int) -> bool:
    """StoreUnavailable or BrokerUnavailable when it cannot be told."""
    reader = await connect(made.store, "reader")
    try:
        stored = await EventStore(reader).lanes(epoch)
        if not await _heard(reader, stored, epoch, made.kafka.activity_partitions):
            return False
        return not await anything_beyond(made.kafka, stored)
    finally:
        await reader.close()


async def _heard(reader: Client, stored: dict[str, int], epoch: int, partitions: int) -> bool:
    """Whether each partition's marker is as far as the lanes: what is not would be judged again from the store."""
    markers = [m for m in await SettledStore(reader).markers() if epoch_of(m.position) == epoch]
    lanes = [marker.through for marker in markers if marker.partition < partitions]
    return len(lanes) == partitions and all(
        heard.get(lane, -1) >= through for heard in lanes for lane, through in stored.items()
    )
