"""How far detection is behind storing, counted in records of the raw lanes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class LaneLag(msgspec.Struct, frozen=True):
    """Offsets of one lane: `stored` through, and `judged` through by the partition that is furthest behind; -1 none."""

    lane: str
    stored: int
    judged: int

    @property
    def records(self) -> int:
        return max(0, self.stored - self.judged)


def lag(stored: Mapping[str, int], heard: Iterable[Mapping[str, int]]) -> list[LaneLag]:
    """Per lane of `stored`, by name; `heard` has what each partition's marker says, of every partition there is."""
    partitions = list(heard)
    return [
        LaneLag(lane, through, min((each.get(lane, -1) for each in partitions), default=-1))
        for lane, through in sorted(stored.items())
    ]
