"""Dirty marks of one partition: those in the store, those that the next checkpoint writes, and who is to settle now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from domain.activity import Key
from domain.judgement import DirtyMark
from domain.subject import tenant_of

#: A dirty subject is settled when no mark came for so long, seconds of whoever asks.
QUIET = 2.0
#: Or when its oldest mark has waited so long: somebody busy is not left dirty for ever.
WAITED = 60.0
#: Subjects looked through between two yields: some 3 ms.
_LOOKED_THROUGH = 5_000


class Dirt:
    """Reads no clock: `now` is what whoever asks calls now, in seconds."""

    def __init__(self, judge: str) -> None:
        """`judge` names it among all that ever were: it begins the ids of the marks it makes."""
        self._judge, self._sequence = judge, 0
        self._of: dict[str, dict[str, DirtyMark]] = {}  # by subject, the one first marked first, and by id
        self._fresh: dict[str, DirtyMark] = {}  # of these, what the next checkpoint writes
        self._cleared: list[DirtyMark] = []  # and the clearing of these
        self._touched: set[str] = set()  # marked since `ready` looked last
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._of or self._cleared)

    def load(self, marks: Iterable[DirtyMark]) -> None:
        """What the store has."""
        for mark in marks:
            self._of.setdefault(mark.subject, {})[mark.mark_id] = mark

    def subjects(self) -> set[str]:
        return set(self._of)

    def add(self, subject: str, start: Key, why: str, actions: tuple[str, ...] = (), *, due: int = 0) -> None:
        """The subject is to be folded again from `start` on by whoever sees one of `actions`, () for everybody."""
        self._sequence += 1
        mark_id = f"{self._judge}/{self._sequence}"
        mark = self._fresh[mark_id] = DirtyMark(mark_id, subject, start, due, why, actions)
        self._of.setdefault(subject, {})[mark_id] = mark
        self._touched.add(subject)

    def clear(self, marks: Iterable[DirtyMark]) -> None:
        """Exactly these; what came meanwhile stays."""
        for mark in marks:
            of = self._of.pop(mark.subject, {})
            if of.pop(mark.mark_id, None) is not None and self._fresh.pop(mark.mark_id, None) is None:
                self._cleared.append(mark)
            if of:
                self._of[mark.subject] = of  # marked again meanwhile: behind those that have waited longer
            self._first.pop(mark.subject, None)
            self._last.pop(mark.subject, None)

    def write(self) -> tuple[list[DirtyMark], list[DirtyMark]]:
        """What a checkpoint has to write, marks and the clearing of marks: from now on they count as written."""
        fresh, cleared = list(self._fresh.values()), self._cleared
        self._fresh, self._cleared = {}, []
        return fresh, cleared

    async def ready(self, clocks: Mapping[str, int], now: float, *, at_once: bool) -> list[str]:
        """Subjects that have a mark that is due and have been quiet or waited long, the one first marked first."""
        for subject in self._touched:
            self._last[subject] = now
            self._first.setdefault(subject, now)
        self._touched.clear()
        found: list[str] = []
        for n, subject in enumerate(tuple(self._of), 1):
            if n % _LOOKED_THROUGH == 0:
                await asyncio.sleep(0)
            if (at_once or self._rests(subject, now)) and self.due(subject, clocks):
                found.append(subject)
        return found

    def due(self, subject: str, clocks: Mapping[str, int]) -> list[DirtyMark]:
        """Every mark of the subject whose time has come."""
        clock, marks = clocks.get(tenant_of(subject)), self._of.get(subject, {}).values()
        return [mark for mark in marks if clock is not None and mark.due < clock and mark.start[0] < clock]

    def _rests(self, subject: str, now: float) -> bool:
        last = self._last.get(subject)
        return last is None or now - last >= QUIET or now - self._first[subject] >= WAITED
