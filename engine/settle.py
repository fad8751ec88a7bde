"""Settle: dirty subjects are folded again from the store, in slices beside the live fold, on shadow memories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import groupby, islice
from typing import Protocol

from domain.activity import Judged
from domain.judgement import AlertRevision, DirtyMark
from domain.subject import scope_of, tenant_of
from engine.fold import Folder
from engine.marks import Dirt
from engine.memory import Memory
from engine.shadow import Shadow
from engine.snapshots import Snapshots
from storage.judge import JudgeStore

#: Subjects read together at most, and how many are settled before a checkpoint writes what came of them: live judging
#: waits for a checkpoint, and one of a thousand states takes a tenth of a second.
TOGETHER, MOST = 200, 1_000
#: Activities folded between two yields: a few milliseconds, and below 20 when each of them asks a model.
SLICE = 150
#: Subjects brought up to date, or handed back, between two pauses.
HANDED_BACK = 20


Pause = Callable[[], Awaitable[None]]


async def once() -> None:
    """A pause in which everybody else gets a turn."""
    await asyncio.sleep(0)


class Live(Protocol):
    """The live fold, as settling sees it."""

    async def recall(self, wanted: Collection[str]) -> None: ...
    def memory(self, subject: str) -> Memory: ...
    def clock(self, subject: str) -> int: ...
    def unwritten(self) -> Iterable[AlertRevision]: ...
    def apply(self) -> None: ...
    def take_back(self, shadow: Shadow) -> None: ...


class Settler:
    """Settles for one judge. It writes nothing: what comes of it goes through the judge's next checkpoint."""

    def __init__(self, store: JudgeStore, folder: Folder, live: Live, dirt: Dirt) -> None:
        self._store, self._folder, self._live, self._dirt = store, folder, live, dirt
        self._snapshots = Snapshots(folder)
        self._shadows: dict[str, Shadow] = {}
        self._pause: Pause = once
        self._wanted: frozenset[str] = frozenset()
        self._ready: list[str] = []  # looked up before, and not settled yet

    def __contains__(self, subject: str) -> bool:
        """The subject is being settled: its live memory must stay."""
        return subject in self._wanted

    def follow(self, subject: str, activities: list[Judged]) -> None:
        """The live fold has applied these."""
        if shadow := self._shadows.get(subject):
            shadow.follow(activities)

    def note(self, revision: AlertRevision) -> None:
        """The live fold has emitted this."""
        if shadow := self._shadows.get(revision.content.subject):
            shadow.note(revision)

    async def settle(self, clocks: Mapping[str, int], now: float, *, at_once: bool, most: int, pause: Pause) -> int:
        """Subjects that are ready, first marked first, `most` of them; how many.

        One call at a time. `pause` is awaited between two slices.
        """
        self._pause = pause
        if not self._ready:
            self._ready = await self._dirt.ready(clocks, now, at_once=at_once)
        some, self._ready = self._ready[:most], self._ready[most:]
        for group in self._groups({subject: self._dirt.due(subject, clocks) for subject in some}):
            self._wanted = frozenset(group)
            await self._settle({subject: self._dirt.due(subject, clocks) for subject in group})
        self._wanted = frozenset()
        return len(some)

    def _groups(self, due: Mapping[str, list[DirtyMark]]) -> Iterable[list[str]]:
        """Subjects that one query can read: of one scope, the same actions of each, from about the same time on."""

        def kind(subject: str) -> tuple[str, list[str]]:
            late = {action for mark in due[subject] for action in mark.actions}
            some = all(mark.actions for mark in due[subject])
            specs = [spec for spec in self._folder.specs(subject).values() if not some or spec.actions & late]
            return scope_of(subject), sorted({action for spec in specs for action in spec.actions})

        first = {subject: min(mark.start for mark in marks) for subject, marks in due.items()}
        for _, alike in groupby(sorted(due, key=lambda s: (kind(s), first[s])), key=kind):
            while group := list(islice(alike, TOGETHER)):
                yield group

    async def _settle(self, due: Mapping[str, list[DirtyMark]]) -> None:
        live = self._live
        await live.recall(due)
        live.apply()  # what waits below the clock would be in the history, and then be late
        self._shadows = {
            subject: Shadow(self._folder, self._snapshots, subject, marks, live.memory(subject), live.clock(subject))
            for subject, marks in due.items()
        }
        for revision in live.unwritten():
            self.note(revision)
        await self._read()
        for n, shadow in enumerate(tuple(self._shadows.values()), 1):
            while shadow.catch_up(SLICE):
                await self._pause()
            if n % HANDED_BACK == 0:
                await self._pause()
        for n, subject in enumerate(due, 1):
            live.apply()  # what waits below the shadow's key would be applied once more
            shadow = self._shadows.pop(subject)
            live.take_back(shadow)
            shadow.remember()
            if n % HANDED_BACK == 0:
                await self._pause()

    async def _read(self) -> None:
        """Fold what is stored into the shadows, all of them at once in the order of time."""
        shadows = [shadow for shadow in self._shadows.values() if shadow.actions]
        if not shadows:
            return
        names, actions = [shadow.subject for shadow in shadows], set[str]().union(*(s.actions for s in shadows))
        stored = await self._store.alerts_of(names, since=min(shadow.alerts_since for shadow in shadows))
        expired = await self._store.expired({tenant_of(name) for name in names})
        for shadow in shadows:
            if unread := shadow.plan(stored.get(shadow.subject, ()), expired[tenant_of(shadow.subject)]):
                shadow.met(await self._store.kept(shadow.subject, unread))
        since, until = min(s.since for s in shadows), 1 + max(s.through[0] for s in shadows)
        after: Judged | None = None
        span = until - since  # of event time asked for at once
        while True:
            end = min(until, since + span)
            page, more = await self._store.page(names, sorted(actions), since=since, until=end, after=after)
            for start in range(0, len(page), SLICE):
                self._fold(page[start : start + SLICE])
                await self._pause()
            if not more and end == until:
                return
            # The store looks at all that it is asked for, to give the first of it: about two pages, not millions.
            span = 2 * (1 + page[-1].occurred_at - page[0].occurred_at) if more else 2 * span
            after = page[-1] if more else None
            since = page[-1].occurred_at if more else end

    def _fold(self, activities: Iterable[Judged]) -> None:
        of: dict[str, list[Judged]] = {}
        for activity in activities:
            for subject in self._folder.subjects(activity):
                shadow = self._shadows.get(subject)
                if shadow is not None and activity.key <= shadow.through:
                    of.setdefault(subject, []).append(activity)
        for subject, mine in of.items():
            self._shadows[subject].fold(mine)
