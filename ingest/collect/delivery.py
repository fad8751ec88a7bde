"""Handing records over for good: acknowledged by the broker and, where that forgets, stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from domain.errors import Unavailable
from ingest.record import lane_name
from transport.batch import Sent

#: How often the store is asked, seconds.
_POLL = 0.1


class Delivery:
    """`send` gives each record's place in `topic` once acknowledged; `epoch` the number that is open; `through` the
    last offset stored per lane of an epoch, None where the broker keeps what it has acknowledged."""

    def __init__(
        self,
        *,
        topic: str,
        send: Callable[[Sequence[bytes]], Awaitable[Sequence[Sent]]],
        epoch: Callable[[], Awaitable[int]],
        through: Callable[[int], Awaitable[Mapping[str, int]]] | None,
        patience: float,
    ) -> None:
        self._topic, self._send, self._epoch, self._through, self._patience = topic, send, epoch, through, patience

    async def __call__(self, records: Sequence[bytes]) -> None:
        """Returns when nothing can lose the records any more; a log that was opened anew meanwhile is sent them again.

        Raises Unavailable when ingest stands still for `patience` seconds, or the broker or the store do not answer.
        """
        while True:
            epoch = await self._epoch()
            placed = await self._send(records)
            if self._through is None or await self._stored(epoch, placed):
                return

    async def _stored(self, epoch: int, placed: Sequence[Sent]) -> bool:
        """True when stored; False when another epoch was opened, whose log may lack them."""
        assert self._through is not None
        wanted: dict[str, int] = {}
        for sent in placed:
            lane = lane_name(self._topic, sent.partition)
            wanted[lane] = max(wanted.get(lane, -1), sent.offset)
        loop = asyncio.get_running_loop()
        last, since = -1, loop.time()
        while True:
            through = await self._through(epoch)
            if await self._epoch() != epoch:
                return False
            if all(through.get(lane, -1) >= offset for lane, offset in wanted.items()):
                return True
            come = sum(through.values())
            if come != last:
                last, since = come, loop.time()
            elif loop.time() - since > self._patience:
                raise Unavailable(
                    f"{len(placed)} records were sent to {self._topic}, but ingest has stood still for "
                    f"{self._patience:g} s; check that `vedette ingest` runs: they are sent again then"
                )
            await asyncio.sleep(_POLL)
