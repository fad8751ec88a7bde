"""Records that are alike on their way into columns: what is not for each of them is done for all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from domain.rows import Head, Rows
from ingest.form import Form
from ingest.identity import activity_ids, record_digests
from ingest.record import Record, lane_name

_encode, _astuple = msgspec.json.Encoder().encode, msgspec.structs.astuple


class Mould(NamedTuple):
    """What is the same in all activities of a shape and a person."""

    form: Form
    head: Head
    start: str  # of what an id is made of, before the native id
    end: str  # and behind the time
    who: tuple[str, ...]  # flags and person, as they stand in a fill


class Sheet:
    """Records that are alike, and what they come to; empty again when it is taken.

    Of each record it has what may be kept of it, its mould, the values that were cut out of it and what is made of
    them, and its time.
    """

    __slots__ = ("_kept", "made")

    def __init__(self) -> None:
        self.made: list[tuple[Record, bytes, Mould, tuple[str, ...], int]] = []
        self._kept: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self.made)

    def keep(self, kept: Callable[[str], bytes]) -> None:
        """Of the last record other bytes are kept than its digest is of, by its source."""
        self._kept[len(self.made) - 1] = kept(self.made[-1][2].head.source)

    def take(self) -> Rows:
        """Its rows."""
        if not self.made:
            return Rows()
        records, raws, moulds, values, occurred = zip(*self.made, strict=True)
        forms, heads, starts, ends, people = zip(*moulds, strict=True)
        topics, partitions, offsets, epochs, received, _, _ = zip(*map(_astuple, records), strict=True)
        lanes, first = list(map(lane_name, topics, partitions)), [0] * len(records)
        natives = [form.native(some) for form, some in zip(forms, values, strict=True)]
        named, times = natives, _texts(occurred, ",")
        if "" in natives:
            named = [
                native or f"{epoch}/{lane}/{offset}/0"
                for native, epoch, lane, offset in zip(natives, epochs, lanes, offsets, strict=True)
            ]
        ids = activity_ids(list(map("\0".join, zip(starts, named, times, ends, strict=True))))
        places = _texts(list(zip(epochs, lanes, offsets, first, received, strict=True)), "],[")
        own, bodies = zip(ids, times, record_digests(raws), places, strict=True), list[bytes]()
        for form, each, who, some in zip(forms, own, people, values, strict=True):
            parts = form.parts.copy()
            parts[1::2] = form.pick(each + who + some)
            bodies.append("".join(parts).encode())
        kept = list(raws)
        for number, raw in self._kept.items():
            kept[number] = raw
        self.made, self._kept = [], {}
        return Rows(
            list(heads), ids, list(occurred), natives, bodies, kept, list(received), list(epochs), lanes,
            list(offsets), first,
        )  # fmt: skip


def _texts(values: Sequence[Any], between: str) -> list[str]:
    """Each value as JSON has it, without brackets: many are written quicker at once."""
    return _encode(values).decode().strip("[]").split(between)
