"""States of heavy subjects, hour by hour of event time: a settle starts from one instead of reading a whole horizon.

They are in the judge's memory only: whoever loads a partition reads a heavy subject's horizon once, when something of
it is late. Nothing that a snapshot says is newer than a dirty mark that is not settled: see `renew`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from domain.activity import Key
from domain.clock import DAY, HOUR
from engine.fold import Folder

#: Activities that must have been read of a subject before its states are worth keeping.
HEAVY = 200_000
#: Event time between two snapshots of a subject, and how far back they reach, ms: what is later reads the horizon.
EVERY, KEPT = HOUR, 7 * DAY
#: So far before its first late event (ms) the states of a heavy subject are made true, so that they can be kept: what
#: is late next may be older, and must go back to an opener up to a day before it.
REACH = 2 * DAY
#: Bytes of states that a judge keeps; the subjects that were settled longest ago go first.
LARGEST = 64_000_000


class Snapshot(NamedTuple):
    """A slot's state after all activities before `at` (ms), JSON, and what has judged the slot until then."""

    at: int
    judged: tuple[tuple[int, str], ...]
    state: bytes


class Snapshots:
    """Of one judge."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._of: OrderedDict[str, dict[str, list[Snapshot]]] = OrderedDict()  # by subject and slot, in order of time
        self._size = 0

    def state(self, subject: str, slot: str, *, above: int, most: int) -> tuple[int, Any] | None:
        """The newest state with `above` < at <= `most` (ms), and its time. None where there is none that counts.

        One does not count when anything else judges the slot before it now than when it was made.
        """
        for each in reversed(self._of.get(subject, {}).get(slot, ())):
            if above < each.at <= most and each.judged == self._folder.judged(slot, each.at):
                return each.at, self._folder.decode(slot, each.state)
        return None

    def take(self, slot: str, at: int, state: Any) -> Snapshot:
        """Of a state after all activities before `at` (ms)."""
        return Snapshot(at, self._folder.judged(slot, at), _encode(state))

    def __contains__(self, subject: str) -> bool:
        """It is known to be heavy."""
        return subject in self._of

    def renew(self, subject: str, late: Mapping[str, Key], made: Mapping[str, Iterable[Snapshot]], now: int) -> None:
        """The heavy subject was settled up to `now` (ms): of each slot in `late`, what lies above its key was made in
        vain, and `made` takes its place.
        """
        of = self._of.pop(subject, {})
        self._size -= _size(of)
        for slot, key in late.items():
            before = [each for each in of.get(slot, ()) if now - KEPT <= each.at <= key[0]]
            known = {each.at for each in before}
            of[slot] = sorted([*before, *(each for each in made.get(slot, ()) if each.at not in known)])
        self._of[subject] = of
        self._size += _size(of)
        while self._size > LARGEST:
            _, gone = self._of.popitem(last=False)
            self._size -= _size(gone)


def _size(of: Mapping[str, Iterable[Snapshot]]) -> int:
    return sum(len(each.state) for some in of.values() for each in some)


_encode = msgspec.json.Encoder().encode
