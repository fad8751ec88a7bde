"""Replay: a tenant's stored activities, folded from nothing in their order, beside the alerts that stand.

No Kafka, no state and no judge takes part: what comes out is what one reader of the store would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.alert import Content, canonical
from domain.judgement import DetectorFailure
from engine.fold import Folder, Memory
from storage.alerts import AlertStore
from storage.client import Client
from storage.columns import slices
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from storage.settled import SettledStore
from storage.subjects import SubjectStore

#: What is told while it goes on: subjects and activities folded so far.
Progress = Callable[[int, int], None]


class Unsettled(Exception):
    """The tenant has no `settled_through` yet: a partition of the open epoch has not said how far it is."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What the fold of everything before `until` (ms) gave: alerts by id as last revised, and how much was read."""

    until: int
    truth: Mapping[str, Content]
    subjects: int
    activities: int


@dataclass(slots=True)
class Compared:
    """How the alerts that stand differ from the fold, completed from `since` on and before `settled` (ms)."""

    settled: int
    subjects: int
    activities: int
    same: int = 0
    added: list[Content] = field(default_factory=list)  # the fold has it, the store has not
    lost: list[Content] = field(default_factory=list)  # the store has it, the fold has not
    changed: list[tuple[Content, Content]] = field(default_factory=list)  # stored, folded
    frozen: list[Content] = field(default_factory=list)  # the activity that opened it is no longer stored
    later: int = 0  # stands with a revision completed at `settled` or later: not yet comparable

    @property
    def equal(self) -> bool:
        return not (self.added or self.lost or self.changed)


class Replay:
    """Over one client, with a folder as the judges have: detectors, settings and models of every time."""

    def __init__(self, client: Client, folder: Folder) -> None:
        self._subjects, self._judged = SubjectStore(client), ClickHouseJudgeStore(client)
        self._alerts, self._events, self._settled = AlertStore(client), EventStore(client), SettledStore(client)
        self._folder = folder

    async def settled(self, tenant: str) -> int:
        """The tenant's `settled_through`, ms; Unsettled while there is none."""
        through = await self._settled.through(tenant)
        if through is None:
            raise Unsettled(tenant)
        return through

    async def fold(self, tenant: str, *, until: int, progress: Progress | None = None) -> Folded:
        """All activities before `until` (ms), each subject's in key order, into alerts."""
        truth: dict[str, Content] = {}
        subjects = activities = 0
        async for group in self._subjects.groups(tenant, until=until):
            folded = await self._fold(group, until)
            truth.update(folded.truth)
            subjects, activities = subjects + folded.subjects, activities + folded.activities
            if progress:
                progress(subjects, activities)
        return Folded(until, truth, subjects, activities)

    async def _fold(self, group: Sequence[str], until: int) -> Folded:
        truth: dict[str, Content] = {}
        failures: list[DetectorFailure] = []  # of detectors: dead letters of the live fold, which has them too
        found = await self._judged.history(group, self._folder.routing, until=until)
        history = {subject: rows for subject, rows in found.items() if rows}
        for subject, rows in history.items():
            for content in self._folder.apply(Memory(), subject, rows, failures):
                truth[content.alert_id] = content
        return Folded(until, truth, len(history), sum(map(len, history.values())))

    async def compare(self, tenant: str, *, since: int, progress: Progress | None = None) -> Compared:
        """The alerts of the tenant that stand beside those of the fold.

        The system may be at work: what arrives late meanwhile lowers `settled_through` and is left out, and a subject
        that differs is looked at a second time before it counts.
        """
        folded = await self.fold(tenant, until=await self.settled(tenant), progress=progress)
        found = await self._against(tenant, folded, since)
        if found.equal:
            return found
        doubtful = sorted({c.subject for c in (*found.added, *found.lost, *(new for _, new in found.changed))})
        again = {i: c for i, c in folded.truth.items() if c.subject not in set(doubtful)}
        for some in slices(doubtful):
            again |= (await self._fold(some, folded.until)).truth
        return await self._against(tenant, Folded(folded.until, again, folded.subjects, folded.activities), since)

    async def _against(self, tenant: str, folded: Folded, since: int) -> Compared:
        standing = {c.alert_id: c async for c in self._alerts.dump(tenant=tenant)}
        settled = min(folded.until, await self.settled(tenant))
        found = Compared(settled, folded.subjects, folded.activities)
        lost: list[Content] = []
        for i in sorted(standing.keys() | folded.truth.keys()):
            stored, truth = standing.get(i), folded.truth.get(i)
            if any(c is not None and c.completed[0] >= settled for c in (stored, truth)):
                found.later += 1
            elif max(c.completed[0] for c in (stored, truth) if c is not None) < since:
                continue
            elif stored is None and truth is not None:
                found.added.append(truth)
            elif truth is None and stored is not None:
                lost.append(stored)
            elif stored is not None and truth is not None and canonical(stored) != canonical(truth):
                found.changed.append((stored, truth))
            else:
                found.same += 1
        kept = {a.activity_id for a in await self._events.by_ids(tenant, [c.opener[1] for c in lost])}
        for content in lost:
            (found.lost if content.opener[1] in kept else found.frozen).append(content)
        return found
