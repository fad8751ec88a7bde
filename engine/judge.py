"""One partition's judge: takes bundles and marks in the order of the partition's log, folds live, marks what is late.

It reads no clock. Store writes happen only in `checkpoint`, in an order in which a crash between two steps repeats
work that changes nothing: dirty marks, alerts, states, clearing of settled marks, marker, then the caller commits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from domain.activity import Activity, Key
from domain.alert import Content
from domain.errors import VedetteError
from domain.judgement import AlertRevision, DetectorFailure, DirtyMark, Marker, position
from domain.subject import bucket, tenant_of
from domain.wire import Marks
from engine.buffer import Buffer
from engine.clocks import Clocks
from engine.fold import Folder, Memory
from engine.frozen import missing
from engine.presence import SLOTS, Presence
from engine.settle import refold
from storage.judge import JudgeStore

#: An event this far ahead of its arrival waits in the buffer; beyond, it is judged when its time has come. ms.
AHEAD_BUFFER = 60_000
#: States kept in memory when nothing needs them, per partition.
CACHED_STATES = 50_000
#: Subjects settled together at most.
SETTLE_TOGETHER = 200
#: A dirty subject is settled when no mark came since the last settle, or after this many: a minute of checkpoints.
SETTLE_AFTER = 30

_TERM_SHIFT = 24


@dataclass(slots=True)
class Tally:
    """What a judge did since it was loaded, for metrics and tests."""

    applied: int = 0
    late: int = 0
    duplicates: int = 0
    conflicts: int = 0
    redelivered: int = 0
    repeated: int = 0
    settled: int = 0
    alerts: int = 0


@dataclass(slots=True)
class Pending:
    """What the next checkpoint writes."""

    dirty: dict[str, DirtyMark] = field(default_factory=dict)
    alerts: dict[str, AlertRevision] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    cleared: list[DirtyMark] = field(default_factory=list)
    failures: list[DetectorFailure] = field(default_factory=list)
    conflicts: list[Activity] = field(default_factory=list)


class Judge:
    """Created by `Judge.load`; whoever gets Fenced from it drops it."""

    def __init__(self, store: JudgeStore, folder: Folder, *, partition: int, partitions: int, epoch: int, term: int):
        self.partition, self.partitions, self.epoch, self.term = partition, partitions, epoch, term
        self.tally = Tally()
        self.offset = 0  # of the next message
        self._store, self._folder = store, folder
        self._memories: OrderedDict[str, Memory] = OrderedDict()
        self._buffer = Buffer()
        self._late: list[tuple[str, Activity]] = []
        self._pending = Pending()
        self._dirty: dict[str, DirtyMark] = {}  # in the store, not cleared
        self._waited: dict[str, int] = {}  # settle rounds a dirty subject has waited
        self._fresh: set[str] = set()  # subjects marked since the last settle
        self._sequence = 0
        self._lanes: dict[str, int] = {}
        self._clocks = Clocks({}, ())
        self._marker_at = -1
        self._reread = -1
        self._stored = Presence(partitions)

    @classmethod
    async def load(
        cls,
        store: JudgeStore,
        folder: Folder,
        *,
        partition: int,
        partitions: int,
        epoch: int,
        generation: int,
        offset: int,
    ) -> Judge:
        """Claim the partition, then read what its judge knew; `offset` is the committed one, where the log goes on."""
        term = await store.claim(partition, generation)
        judge = cls(store, folder, partition=partition, partitions=partitions, epoch=epoch, term=term)
        judge.offset = offset
        await judge._remember(await store.marker(partition))
        return judge

    async def _remember(self, marker: Marker | None) -> None:
        start = position(self.epoch, -1)
        at = marker.position if marker else -1
        for revision in await self._store.alerts_above(self.partition, self.partitions, at):
            self._mark(revision.content.subject, revision.content.opener, "orphan")
        if marker is not None:
            self._clocks = Clocks(marker.clocks, marker.heard if at >= start else ())
            self._lanes = dict(marker.lanes) if at >= start else {}
        self._marker_at = max(at, start)
        self._dirty = {m.mark_id: m for m in await self._store.dirty(self.partition, self.partitions)}
        for mark in (*self._dirty.values(), *self._pending.dirty.values()):
            self._clocks.know(tenant_of(mark.subject))
        seen = await self._store.highest_seen(self.partition, self.partitions, self.epoch)
        self._reread = max(self._marker_at, seen)
        # Read behind the claim: a first state that an older judge sent and that lands later is none of ours.
        slots = await self._store.state_slots(self.partition, self.partitions, slots=SLOTS)
        self._stored = Presence(self.partitions, slots)

    # -- the log
    def expects(self, offset: int) -> bool:
        return offset == self.offset

    async def take(self, offset: int, message: Iterable[Activity] | Marks) -> None:
        """One message of the log. Findings wait for the next checkpoint."""
        self.offset = offset + 1
        if not isinstance(message, Marks):
            await self._deliver(offset, message)
        elif message.epoch == self.epoch:
            self._hear(message)
            self._apply()

    def _hear(self, marks: Marks) -> None:
        for lane, mark in marks.lanes.items():
            self._lanes[lane] = max(self._lanes.get(lane, -1), mark.through)
        self._clocks.hear(marks)
        if position(self.epoch, self.offset - 1) >= self._reread:
            self._clocks.advance()

    async def _deliver(self, offset: int, bundle: Iterable[Activity]) -> None:
        at = position(self.epoch, offset)
        mine = self._mine(bundle, repeats=at > self._marker_at)
        await self._recall(mine.keys())
        for subject, activities in mine.items():
            memory = self._memories[subject]
            self._place(subject, memory, activities, at)
            memory.seen = max(memory.seen, at)

    def _mine(self, bundle: Iterable[Activity], *, repeats: bool) -> dict[str, list[Activity]]:
        """Of a bundle, what this partition judges, by subject; with `repeats`, without what its lane had before."""
        mine: dict[str, list[Activity]] = {}
        lanes, subjects, before = self._lanes, self._folder.subjects, dict(self._lanes)
        for activity in bundle:
            lane, offset = activity.lane, activity.offset
            if repeats and offset <= before.get(lane, -1):
                self.tally.repeated += 1
                continue
            if offset > lanes.get(lane, -1):
                lanes[lane] = offset
            for subject in subjects(activity):
                known = mine.get(subject)
                if known is not None:
                    known.append(activity)
                elif bucket(subject) % self.partitions == self.partition:
                    mine[subject] = [activity]
        return mine

    def _place(self, subject: str, memory: Memory, activities: list[Activity], at: int) -> None:
        """Redelivered, late, ahead or into the buffer: by bundle and key, never by time alone."""
        applied, wait = memory.applied, list[Activity]()
        for activity in activities:
            occurred = activity.occurred_at
            if occurred > activity.received_at + AHEAD_BUFFER:
                self._mark(subject, activity.key, "ahead", due=occurred)
            elif occurred > applied[0] or activity.key > applied:
                wait.append(activity)
            elif at <= memory.seen:
                self.tally.redelivered += 1
            else:
                self.tally.late += 1
                self._late.append((subject, activity))
        for activity, known in self._buffer.add(subject, wait, self.offset - 1):
            if known.record_digest != activity.record_digest:
                self._conflict(activity)

    def _apply(self) -> None:
        for subject, ready in self._buffer.release(self._clocks.now):
            memory = self._memories[subject]
            if memory.knows < self._folder.knows:
                start = self._folder.learn(memory, subject, ready[0].key)
                if start is not None:
                    self._mark(subject, start, "activated")
            for content in self._folder.apply(memory, subject, ready, self._pending.failures):
                self._emit(content)
            self.tally.applied += len(ready)
            self._changed(subject, memory)

    # -- states
    async def _recall(self, wanted: Collection[str]) -> None:
        missing = [subject for subject in wanted if subject not in self._memories]
        if missing:
            stored = [subject for subject in missing if subject in self._stored]
            rows = await self._store.states(stored) if stored else {}
            for subject in missing:
                self._clocks.know(tenant_of(subject))
                row = rows.get(subject)
                self._memories[subject] = self._folder.load(row) if row else Memory()
        for subject in wanted:
            self._memories.move_to_end(subject)

    def forget(self, keep: int = CACHED_STATES) -> None:
        """Drop the states longest unused beyond `keep`, never one that is changed or waited for."""
        for subject in list(self._memories)[: max(0, len(self._memories) - keep)]:
            if subject not in self._pending.states and subject not in self._buffer:
                del self._memories[subject]

    def _changed(self, subject: str, memory: Memory) -> None:
        memory.position = max(position(self.epoch, self.offset - 1), memory.position + 1)
        self._pending.states.add(subject)

    def _mark(self, subject: str, start: Key, why: str, due: int = 0) -> None:
        self._sequence += 1
        mark_id = f"{self.epoch}/{self.partition}/{self.term}/{self._sequence}"
        self._pending.dirty[mark_id] = DirtyMark(mark_id, subject, start, due, why)
        self._fresh.add(subject)

    def _emit(self, content: Content, *, withdrawn: bool = False, replaces: tuple[str, ...] = ()) -> None:
        self._sequence += 1
        if self._sequence >> _TERM_SHIFT:
            raise VedetteError(
                f"partition {self.partition}: this judge has written {self._sequence} revisions; it must be loaded anew"
            )
        version = (self.term << _TERM_SHIFT) | self._sequence
        at = position(self.epoch, self.offset - 1)
        self._pending.alerts[content.alert_id] = AlertRevision(content, withdrawn, version, at, replaces)
        self.tally.alerts += 1

    # -- settle
    def _due(self) -> dict[str, list[DirtyMark]]:
        """Dirty subjects whose time has come and that have been quiet, with every mark that may be cleared."""
        due: dict[str, list[DirtyMark]] = {}
        clocks = self._clocks.now
        for marks in (self._dirty, self._pending.dirty):
            for mark in marks.values():
                clock = clocks.get(tenant_of(mark.subject))
                if clock is not None and mark.due < clock and mark.start[0] < clock:
                    due.setdefault(mark.subject, []).append(mark)
        return due

    def dirty(self) -> bool:
        return bool(self._dirty or self._pending.dirty)

    async def settle(self, *, at_once: bool = False) -> int:
        """Refold dirty subjects from the store, whole; their results go through the next checkpoint. How many."""
        self._apply()  # what waits below the clock would be in the history, and then be applied once more
        due = self._due()
        for subject in due:
            self._waited[subject] = self._waited.get(subject, 0) + 1
        ready = [s for s in due if at_once or s not in self._fresh or self._waited[s] > SETTLE_AFTER][:SETTLE_TOGETHER]
        self._fresh.clear()
        if not ready:
            return 0
        await self._recall(set(ready))
        until = 1 + max(max(self._clocks.now[tenant_of(s)], self._memories[s].applied[0]) for s in ready)
        expired = await self._store.expired({tenant_of(s) for s in ready})
        history = await self._store.history(ready, self._folder.routing, until=until)
        stored = await self._store.alerts_of(ready)
        for subject in ready:
            old = expired[tenant_of(subject)]
            self._settle_one(subject, history.get(subject, []), stored.get(subject, []), due[subject], old)
        return len(ready)

    def _settle_one(
        self, subject: str, history: list[Activity], stored: list[AlertRevision], marks: list[DirtyMark], expired: int
    ) -> None:
        live = self._memories[subject]
        clock = self._clocks.now[tenant_of(subject)]
        rows = [a for a in history if a.occurred_at < clock or a.key <= live.applied]
        known = {r.content.alert_id: r for r in stored}
        known.update((i, r) for i, r in self._pending.alerts.items() if r.content.subject == subject)
        standing = [r.content for r in known.values() if not r.withdrawn]
        lost = missing(standing, (a.activity_id for a in history), until=clock, expired=expired)
        result = refold(self._folder, subject, rows, known, self._pending.failures, lost)
        for content, replaces in result.emitted:
            self._emit(content, replaces=replaces)
        for content in result.withdrawn:
            self._emit(content, withdrawn=True)
        live.slots, live.episodes, live.applied = result.memory.slots, result.memory.episodes, result.memory.applied
        self._changed(subject, live)
        for mark in marks:
            if self._pending.dirty.pop(mark.mark_id, None) is None:
                self._dirty.pop(mark.mark_id, None)
                self._pending.cleared.append(mark)
        self._waited.pop(subject, None)
        self.tally.settled += 1

    # -- checkpoint
    @property
    def urgent(self) -> bool:
        """There is a finding that should not wait for the next checkpoint."""
        return bool(self._pending.alerts)

    async def publish(self) -> None:
        """Write the alerts ahead of the next checkpoint: to whoever loads after a crash they are orphans, as the alerts
        of a checkpoint that was cut off are, and their subjects are folded again.
        """
        alerts, self._pending.alerts = self._pending.alerts, {}
        await self._store.put_alerts(self.partition, self.term, list(alerts.values()))

    async def checkpoint(self) -> int:
        """Write everything since the last one; the offset that may be committed."""
        await self._resolve_late()
        p, term, store = self.partition, self.term, self._store
        work, self._pending = self._pending, Pending()
        states = [self._folder.dump(subject, self._memories[subject]) for subject in work.states]
        marker = self._marker()
        commit = self._buffer.lowest_offset(self.offset)
        self._dirty.update(work.dirty)
        await store.put_dirty(p, term, list(work.dirty.values()), cleared=False)
        await store.put_failures(work.failures)
        await store.put_conflicts(work.conflicts)
        await store.put_alerts(p, term, list(work.alerts.values()))
        await store.put_states(p, term, states)
        for subject in work.states:
            self._stored.add(subject)
        await store.put_dirty(p, term, work.cleared, cleared=True)
        await store.put_marker(p, term, marker)
        self._marker_at = marker.position
        return commit

    def _marker(self) -> Marker:
        at = max(position(self.epoch, self.offset - 1), self._marker_at)
        return Marker(at, self.partitions, dict(self._lanes), dict(self._clocks.now), self._clocks.names)

    def _conflict(self, activity: Activity) -> None:
        """Another delivery of its id says something else."""
        self._pending.conflicts.append(activity)
        self.tally.conflicts += 1

    async def _resolve_late(self) -> None:
        """Late activities that the store has under another raw position are duplicates; the others are marked dirty."""
        late, self._late = self._late, []
        copies = await self._store.copies({(a.tenant, a.key) for _, a in late}) if late else {}
        for subject, activity in late:
            copy = copies.get((activity.tenant, activity.key))
            if copy is not None and copy.place != activity.place:
                self.tally.duplicates += 1
                if copy.digest != activity.record_digest:
                    self._conflict(activity)
            else:
                self._mark(subject, activity.key, "late")
