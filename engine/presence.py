"""Which subjects may have a state in the store, so that a first-seen one is not asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.subject import bucket

#: Bits, 1 MB: with a quarter of a million subjects in a partition, 3 % of the others are asked for in vain.
SLOTS: Final = 1 << 23


class Presence:
    """A set of subjects of one partition that never says no to a member, and rarely yes to another."""

    def __init__(self, partitions: int, slots: Iterable[int] = ()) -> None:
        """`slots` has the members' numbers (see `slot`)."""
        self._partitions, self._bits = partitions, bytearray(SLOTS >> 3)
        for each in slots:
            self._bits[each >> 3] |= 1 << (each & 7)

    def slot(self, subject: str) -> int:
        """A number of the subject below SLOTS; in SQL, intDiv(bucket, partitions) % SLOTS."""
        return bucket(subject) // self._partitions % SLOTS

    def add(self, subject: str) -> None:
        at = self.slot(subject)
        self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, subject: str) -> bool:
        at = self.slot(subject)
        return bool(self._bits[at >> 3] >> (at & 7) & 1)
