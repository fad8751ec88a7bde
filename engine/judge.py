"""One partition's judge: takes bundles and marks in the order of the partition's log, folds live, marks what is late.

It reads no clock. Store writes happen only in `checkpoint`, in an order in which a crash between two steps repeats
work that changes nothing: dirty marks, alerts, states, clearing of settled marks, marker, then the caller commits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable

from domain.activity import Judged
from domain.alert import Content
from domain.errors import VedetteError
from domain.judgement import AlertRevision, Marker, position
from domain.subject import bucket, tenant_of
from domain.wire import Bundle, Group, Marks, activities_of
from engine.buffer import Buffer, Waiting
from engine.clocks import Clocks
from engine.fold import Folder
from engine.late import sort_out
from engine.marks import Dirt
from engine.memory import Memory, dump
from engine.pending import Pending, Tally
from engine.presence import SLOTS, Presence
from engine.settle import MOST, Pause, Settler, once
from engine.shadow import Shadow
from storage.judge import JudgeStore

#: An event this far ahead of its arrival waits in the buffer; beyond, it is judged when its time has come. ms.
AHEAD_BUFFER = 60_000
#: States kept in memory when nothing needs them, per partition.
CACHED_STATES = 50_000

_TERM_SHIFT = 24


class Judge:
    """Created by `Judge.load`; whoever gets Fenced from it drops it."""

    def __init__(self, store: JudgeStore, folder: Folder, *, partition: int, partitions: int, epoch: int, term: int):
        self.partition, self.partitions, self.epoch, self.term = partition, partitions, epoch, term
        self.tally = Tally()
        self.offset = 0  # of the next message
        self._store, self._folder = store, folder
        self._memories: OrderedDict[str, Memory] = OrderedDict()
        self._buffer = Buffer()
        self._late: list[tuple[str, Judged]] = []
        self._pending = Pending()
        self._landing: Collection[AlertRevision] = ()  # on their way to the store
        self._dirt = Dirt(f"{epoch}/{partition}/{term}")
        self._settler = Settler(store, folder, self, self._dirt)
        self._sequence = 0
        self._lanes: dict[str, int] = {}  # how far each was delivered, as marks tell
        self._told: dict[str, int] | None = None  # the same, as the last checkpoint of this judge has told
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
            self._dirt.add(revision.content.subject, revision.content.opener, "orphan")
        if marker is not None:
            self._clocks = Clocks(marker.clocks, marker.heard if at >= start else ())
            self._lanes = dict(marker.lanes) if at >= start else {}
        self._marker_at = max(at, start)
        self._dirt.load(await self._store.dirty(self.partition, self.partitions))
        for subject in self._dirt.subjects():
            self._clocks.know(tenant_of(subject))
        seen = await self._store.highest_seen(self.partition, self.partitions, self.epoch)
        self._reread = max(self._marker_at, seen)
        # Read behind the claim: a first state that an older judge sent and that lands later is none of ours.
        slots = await self._store.state_slots(self.partition, self.partitions, slots=SLOTS)
        self._stored = Presence(self.partitions, slots)

    # -- the log
    def expects(self, offset: int) -> bool:
        return offset == self.offset

    async def take(self, offset: int, message: Bundle | Marks) -> None:
        """One message of the log. Findings wait for the next checkpoint."""
        self.offset = offset + 1
        if isinstance(message, Bundle):
            await self._deliver(position(self.epoch, offset), message)
        elif message.epoch == self.epoch:
            self._hear(message)
            self.apply()

    def _hear(self, marks: Marks) -> None:
        for lane, mark in marks.lanes.items():
            self._lanes[lane] = max(self._lanes.get(lane, -1), mark.through)
        self._clocks.hear(marks)
        if position(self.epoch, self.offset - 1) >= self._reread:
            self._clocks.advance()

    async def _deliver(self, at: int, bundle: Bundle) -> None:
        mine = [group for group in bundle.groups if bucket(group.subject) % self.partitions == self.partition]
        await self.recall({group.subject for group in mine})
        for group in mine:
            memory = self._memories[group.subject]
            self._place(group, memory, at)
            memory.seen = max(memory.seen, at)

    def _place(self, group: Group, memory: Memory, at: int) -> None:
        """Redelivered, late, ahead or into the buffer: by bundle and key, never by time alone."""
        subject, applied, offset = group.subject, memory.applied, self.offset - 1
        if group.first > applied[0] and group.last <= group.received + AHEAD_BUFFER:  # so it is nearly always
            self._buffer.add(subject, Waiting(group.first, group.last, offset, group.activities))
            return
        wait: list[Judged] = []
        for activity in activities_of(group.activities):
            if activity.occurred_at > activity.received_at + AHEAD_BUFFER:
                self._dirt.add(subject, activity.key, "ahead", (activity.action,), due=activity.occurred_at)
            elif activity.key > applied:
                wait.append(activity)
            elif at <= memory.seen:
                self.tally.redelivered += 1
            elif activity.offset <= self._lanes.get(activity.lane, -1):
                self.tally.repeated += 1  # its lane was heard beyond it: it was delivered before
            else:
                self.tally.late += 1
                self._late.append((subject, activity))
        if wait:
            times = [activity.occurred_at for activity in wait]
            self._buffer.add(subject, Waiting(min(times), max(times), offset, wait))

    def apply(self) -> None:
        """What waits below the clock."""
        for subject, ready, copies in self._buffer.release(self._clocks.now):
            memory = self._memories[subject]
            knows = memory.knows >= self._folder.knows
            if not knows and (start := self._folder.learn(memory, subject, ready[0].key)):
                self._dirt.add(subject, start, "activated")
            for content in self._folder.apply(memory, subject, ready, self._pending.failures):
                self._emit(content)
            conflicts = [other for other, kept in copies if other.record_digest != kept.record_digest]
            self._pending.conflicts += conflicts
            self.tally.conflicts += len(conflicts)
            self.tally.applied += len(ready)
            self._settler.follow(subject, ready)
            self._changed(subject, memory)

    @property
    def reached(self) -> int:
        """When what was read last arrived (ms), on the slowest lane that carries live records."""
        return self._clocks.reached

    # -- states
    def memory(self, subject: str) -> Memory:
        return self._memories[subject]

    def clock(self, subject: str) -> int:
        return self._clocks.now[tenant_of(subject)]

    async def recall(self, wanted: Collection[str]) -> None:
        """Have the memories of these at hand. Two may ask at once: the one that is there first stays."""
        missing = [subject for subject in wanted if subject not in self._memories]
        if missing:
            stored = [subject for subject in missing if subject in self._stored]
            rows = await self._store.states(stored) if stored else {}
            for subject in missing:
                self._clocks.know(tenant_of(subject))
                row = rows.get(subject)
                if subject not in self._memories:
                    self._memories[subject] = self._folder.load(row) if row else Memory()
        for subject in wanted:
            self._memories.move_to_end(subject)

    def forget(self, keep: int = CACHED_STATES) -> None:
        """Drop the states longest unused beyond `keep`, never one that is changed or waited for."""
        for subject in list(self._memories)[: max(0, len(self._memories) - keep)]:
            if not any(subject in each for each in (self._pending.states, self._buffer, self._settler)):
                del self._memories[subject]

    def _changed(self, subject: str, memory: Memory) -> None:
        memory.position = max(position(self.epoch, self.offset - 1), memory.position + 1)
        self._pending.states.add(subject)

    def _emit(self, content: Content, *, withdrawn: bool = False, replaces: tuple[str, ...] = ()) -> None:
        self._sequence += 1
        if self._sequence >> _TERM_SHIFT:
            raise VedetteError(
                f"partition {self.partition}: this judge has written {self._sequence} revisions; it must be loaded anew"
            )
        version = (self.term << _TERM_SHIFT) | self._sequence
        at = position(self.epoch, self.offset - 1)
        revision = AlertRevision(content, withdrawn, version, at, replaces)
        self._pending.alerts[content.alert_id] = revision
        self._settler.note(revision)
        self.tally.alerts += 1

    # -- settle
    async def settle(self, now: float = 0.0, *, at_once: bool = False, most: int = MOST, pause: Pause = once) -> int:
        """Fold dirty subjects again that have been quiet, or any `at_once`, `most` of them; how many.

        `now` is in seconds, by any clock that goes on. It may be awaited beside everything else here, one call at a
        time; what comes of it goes through the next checkpoint.
        """
        return await self._settler.settle(self._clocks.now, now, at_once=at_once, most=most, pause=pause)

    def unwritten(self) -> Iterable[AlertRevision]:
        """Alerts that the store may not have yet, the newest of each last."""
        return (*self._landing, *self._pending.alerts.values())

    def take_back(self, shadow: Shadow) -> None:
        """A subject was settled: its alerts, its memory and its marks go through the next checkpoint."""
        while shadow.catch_up():
            pass
        for late in shadow.late:
            self._dirt.add(shadow.subject, late.key, "tail", (late.action,))
        verdict = shadow.judge()
        for content, replaces in verdict.emitted:
            self._emit(content, replaces=replaces)
        for content in verdict.withdrawn:
            self._emit(content, withdrawn=True)
        if shadow.actions:
            memory = self._memories[shadow.subject]
            shadow.give(memory)
            self._changed(shadow.subject, memory)
        self._pending.failures += shadow.failures
        self._dirt.clear(shadow.marks)
        self.tally.settled += 1

    # -- checkpoint
    @property
    def quiet(self) -> bool:
        """A checkpoint would tell of nothing but the time."""
        return not (self._late or self._dirt or self._pending) and self._lanes == self._told

    @property
    def urgent(self) -> bool:
        """There is a finding that should not wait for the next checkpoint."""
        return bool(self._pending.alerts)

    async def publish(self) -> None:
        """Write the alerts ahead of the next checkpoint: to whoever loads after a crash they are orphans, as the alerts
        of a checkpoint that was cut off are, and their subjects are folded again.
        """
        alerts, self._pending.alerts = self._pending.alerts, {}
        await self._put_alerts(list(alerts.values()))

    async def _put_alerts(self, alerts: list[AlertRevision]) -> None:
        """Until the store has them, who settles beside this must know them."""
        self._landing = alerts
        await self._store.put_alerts(self.partition, self.term, alerts)
        self._landing = ()

    async def checkpoint(self) -> int:
        """Write everything since the last one; the offset that may be committed."""
        late, self._late = self._late, []
        duplicates, conflicts = await sort_out(late, self._store, self._dirt)
        self._pending.conflicts += conflicts
        self.tally.duplicates += duplicates
        self.tally.conflicts += len(conflicts)
        p, term, store = self.partition, self.term, self._store
        work, self._pending = self._pending, Pending()
        states = [dump(subject, self._memories[subject]) for subject in work.states]
        marker = self._marker()
        commit = self._buffer.lowest_offset(self.offset)
        dirty, cleared = self._dirt.write()
        alerts = self._landing = list(work.alerts.values())
        await store.put_dirty(p, term, dirty, cleared=False)
        await store.put_failures(work.failures)
        await store.put_conflicts(work.conflicts)
        await self._put_alerts(alerts)
        await store.put_states(p, term, states)
        for subject in work.states:
            self._stored.add(subject)
        await store.put_dirty(p, term, cleared, cleared=True)
        await store.put_marker(p, term, marker)
        self._marker_at, self._told = marker.position, dict(marker.lanes)
        return commit

    def _marker(self) -> Marker:
        at = max(position(self.epoch, self.offset - 1), self._marker_at)
        return Marker(at, self.partitions, dict(self._lanes), dict(self._clocks.now), self._clocks.names)
