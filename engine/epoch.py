"""Epochs: lives of the activity log. Opening one makes dirty whatever the old life may have left unjudged."""

from __future__ import annotations

from storage.epochs import EpochStore

__all__ = ["open_epoch"]


async def open_epoch(store: EpochStore, *, broker: str, partitions: int) -> int:
    """The epoch of this broker and partition count: the current one if it is theirs, else a new one.

    Nothing may run: ingest and detect have ended. Every step can be repeated; the epoch counts only once it is open.
    """
    current = await store.current()
    if current is not None and (current.broker, current.partitions) == (broker, partitions):
        return current.epoch
    epoch = await store.begin(broker=broker, partitions=partitions)
    await store.fence(max(partitions, current.partitions if current else 0))
    markers = await store.markers(current.partitions if current else 0)
    await store.dirty_unjudged(epoch, markers, current.partitions if current else partitions)
    await store.dirty_orphans(epoch, markers, current.partitions if current else partitions)
    await store.renew_markers(epoch, markers, old=current.partitions if current else 0, partitions=partitions)
    await store.opened(epoch, broker=broker, partitions=partitions)
    return epoch
