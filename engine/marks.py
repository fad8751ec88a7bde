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
#: Marks looked through between two yields: some 3 ms.
_LOOKED_THROUGH = 5_000


class Dirt:
    """Reads no clock: `now` is what whoever asks calls now, in seconds."""

    def __init__(self, judge: str) -> None:
        """`judge` names it among all that ever were: it begins the ids of the marks it makes."""
        self._judge, self._sequence = judge, 0
        self._stored: dict[str, DirtyMark] = {}
        self._fresh: dict[str, DirtyMark] = {}  # the next checkpoint writes them
        self._cleared: list[DirtyMark] = []  # and the clearing of these
        self._touched: set[str] = set()  # marked since `ready` looked last
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._stored or self._fresh or self._cleared)

    def load(self, marks: Iterable[DirtyMark]) -> None:
        """What the store has."""
        self._stored = {mark.mark_id: mark for mark in marks}

    def subjects(self) -> set[str]:
        return {mark.subject for marks in (self._stored, self._fresh) for mark in marks.values()}

    def add(self, subject: str, start: Key, why: str, actions: tuple[str, ...] = (), *, due: int = 0) -> None:
        """The subject is to be folded again from `start` on by whoever sees one of `actions`, () for everybody."""
        self._sequence += 1
        mark_id = f"{self._judge}/{self._sequence}"
        self._fresh[mark_id] = DirtyMark(mark_id, subject, start, due, why, actions)
        self._touched.add(subject)

    def clear(self, marks: Iterable[DirtyMark]) -> None:
        """Exactly these; what came meanwhile stays."""
        for mark in marks:
            if self._fresh.pop(mark.mark_id, None) is None and self._stored.pop(mark.mark_id, None) is not None:
                self._cleared.append(mark)
            self._first.pop(mark.subject, None)
            self._last.pop(mark.subject, None)

    def write(self) -> tuple[list[DirtyMark], list[DirtyMark]]:
        """What a checkpoint has to write, marks and the clearing of marks: from now on they count as written."""
        fresh, cleared = list(self._fresh.values()), self._cleared
        self._stored.update(self._fresh)
        self._fresh, self._cleared = {}, []
        return fresh, cleared

    async def ready(self, clocks: Mapping[str, int], now: float, *, at_once: bool) -> dict[str, list[DirtyMark]]:
        """Per subject whose time has come and that has been quiet or has waited long, every mark that is due."""
        for subject in self._touched:
            self._last[subject] = now
            self._first.setdefault(subject, now)
        self._touched.clear()
        found: dict[str, list[DirtyMark]] = {}
        for n, mark in enumerate([*self._stored.values(), *self._fresh.values()], 1):
            if n % _LOOKED_THROUGH == 0:
                await asyncio.sleep(0)
            clock = clocks.get(tenant_of(mark.subject))
            due = clock is not None and mark.due < clock and mark.start[0] < clock
            if due and (at_once or self._rests(mark.subject, now)):
                found.setdefault(mark.subject, []).append(mark)
        return found

    def _rests(self, subject: str, now: float) -> bool:
        last = self._last.get(subject)
        return last is None or now - last >= QUIET or now - self._first[subject] >= WAITED
