"""Replay: a tenant's stored activities, folded from nothing in their order, beside the alerts that stand.

No Kafka, no state and no judge takes part: what comes out is what one reader of the store would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.alert import Content, canonical
from domain.judgement import DetectorFailure
from engine.fold import Folder
from engine.frozen import Missing, frozen, missing, named
from engine.memory import Memory
from storage.alerts import AlertStore
from storage.client import Client
from storage.columns import slices
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from storage.retention import RetentionStore
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
    frozen: list[tuple[Content, str]] = field(default_factory=list)  # it differs, and no fold can tell: with the reason
    later: int = 0  # stands with a revision completed at `settled` or later: not yet comparable

    @property
    def equal(self) -> bool:
        return not (self.added or self.lost or self.changed)


class Replay:
    """Over one client, with a folder as the judges have: detectors, settings and models of every time."""

    def __init__(self, client: Client, folder: Folder) -> None:
        self._subjects, self._judged = SubjectStore(client), ClickHouseJudgeStore(client)
        self._alerts, self._events, self._settled = AlertStore(client), EventStore(client), SettledStore(client)
        self._retention = RetentionStore(client)
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
        differing: list[tuple[Content | None, Content | None]] = []
        for i in sorted(standing.keys() | folded.truth.keys()):
            stored, truth = standing.get(i), folded.truth.get(i)
            both = [c for c in (stored, truth) if c is not None]
            if any(c.completed[0] >= settled for c in both):
                found.later += 1
            elif max(c.completed[0] for c in both) < since:
                continue
            elif stored is not None and truth is not None and canonical(stored) == canonical(truth):
                found.same += 1
            else:
                differing.append((stored, truth))
        lost = await self._lost(tenant, {_either(pair).subject for pair in differing}, standing.values(), settled)
        for stored, truth in differing:
            self._sort(found, stored, truth, lost)
        return found

    def _sort(
        self, found: Compared, stored: Content | None, truth: Content | None, lost: Mapping[str, Missing]
    ) -> None:
        """A difference into its kind. What the fold adds where something is missing is nothing."""
        why = [frozen(c, self._folder.foldable, lost[c.subject]) for c in (stored, truth) if c is not None]
        if any(why):
            if stored is not None:
                found.frozen.append((stored, next(filter(None, why))))
        elif stored is None and truth is not None:
            found.added.append(truth)
        elif stored is not None and truth is None:
            found.lost.append(stored)
        elif stored is not None and truth is not None:
            found.changed.append((stored, truth))

    async def _lost(
        self, tenant: str, subjects: Collection[str], standing: Iterable[Content], until: int
    ) -> dict[str, Missing]:
        """What is missing of each of the subjects."""
        if not subjects:
            return {}
        expired = (await self._retention.expired({tenant}))[tenant]
        of: dict[str, list[Content]] = {subject: [] for subject in subjects}
        for content in standing:
            if content.subject in of:
                of[content.subject].append(content)
        asked = sorted({i for contents in of.values() for content in contents for i in named(content)})
        kept = {a.activity_id for a in await self._events.by_ids(tenant, asked)}
        return {subject: missing(of[subject], kept, until=until, expired=expired) for subject in of}


def _either(pair: tuple[Content | None, Content | None]) -> Content:
    first, second = pair
    found = first or second
    assert found is not None, "one of the two is there"
    return found
