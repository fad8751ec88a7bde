"""A subject's second memory, folded from the store beside the live one, and what it says of the alerts that stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from domain.activity import Judged, Key
from domain.alert import Content
from domain.clock import BEGINNING, millis
from domain.judgement import AlertRevision, DetectorFailure, DirtyMark
from engine import snapshots
from engine.fold import Folder, Start
from engine.frozen import Foldable, Missing, frozen, named
from engine.memory import EPISODE_LIMIT, NOTHING, Memory
from engine.snapshots import Snapshot, Snapshots

#: Before what ClickHouse's times can say, ms: 1900.
_EARLIEST = -2_208_988_800_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Alerts that are new or differ (with the ids they replace), and those that truth lacks."""

    emitted: list[tuple[Content, tuple[str, ...]]]
    withdrawn: list[Content]


class Shadow:
    """Made when its subject's settling begins: from then on the judge tells it what it applies and emits.

    A subject that is dirty only at or below what it has applied is folded again by the detectors that see the late
    actions, up to there: what is stored above will still be delivered. Any other (an event ahead of time, a new epoch,
    a first fold) is folded by all its detectors up to the clock, for nobody will deliver what it lacks.
    """

    def __init__(
        self, folder: Folder, kept: Snapshots, subject: str, marks: list[DirtyMark], live: Memory, clock: int
    ) -> None:
        self.subject, self.marks, self._snapshots = subject, marks, kept
        self._folder, self._specs = folder, folder.specs(subject)
        self.failures: list[DetectorFailure] = []
        self.late: list[Judged] = []  # of those that were applied live meanwhile
        self._memory = Memory()
        self._truth: dict[str, Content] = {}
        self._known: dict[str, AlertRevision] = {}
        self._tail: list[Judged] = []
        self._named: list[tuple[Content, set[str]]] = []  # alerts, and the activities that a fold of them must meet
        self._unmet: set[str] = set()
        self._expired: int = BEGINNING
        self._starts: dict[str, Start] = {}
        self._true: dict[str, int] = {}  # from when on (ms) the state of a slot is what a fold of everything gives
        self._read = self._hour = 0
        self._made: dict[str, list[Snapshot]] = {}
        applied, first = live.applied, min(mark.start for mark in marks)
        whole = any(not mark.actions or mark.start > applied for mark in marks)
        self.through: Key = max(applied, (clock, "")) if whole else applied
        if whole and live.position >= 0:
            first = min(first, applied)  # what lies between was delivered, and may not be again
        self._from: dict[str, Key] = {}
        for slot, spec in self._specs.items():
            seen = [mark.start for mark in marks if not mark.actions or spec.actions.intersection(mark.actions)]
            if whole or seen:
                self._from[slot] = first if whole else min(seen)

    # -- what the judge says while it lasts
    def follow(self, activities: Iterable[Judged]) -> None:
        """These were applied live."""
        self._tail.extend(activities)

    def note(self, revision: AlertRevision) -> None:
        """This was emitted, or may not have reached the store: newer than what the store says."""
        self._known[revision.content.alert_id] = revision

    # -- what is to be read
    @property
    def alerts_since(self) -> int:
        """Only alerts that were opened from here on (ms) matter."""
        lows = (key[0] - max(EPISODE_LIMIT, self._horizon(slot)) for slot, key in self._from.items())
        return max(_EARLIEST, min(lows, default=0))

    @property
    def since(self) -> int:
        """Only activities from here on (ms) matter, once it was planned."""
        return max(_EARLIEST, min((start.low for start in self._starts.values()), default=0))

    @property
    def actions(self) -> set[str]:
        """Of these actions; none when nobody has to judge again."""
        return {action for slot in self._from for action in self._specs[slot].actions}

    def _horizon(self, slot: str) -> int:
        return millis(self._specs[slot].horizon)

    def plan(self, stored: Iterable[AlertRevision], expired: int) -> set[str]:
        """Given the subject's stored alerts since `alerts_since`: where each slot starts.

        What happened at `expired` (ms) or before may be missing in the store. The answer are the activities of which
        somebody else must say, by `met`, whether they are stored: a fold that starts from a snapshot may not meet them.
        """
        unread = set[str]()
        self._known = {revision.content.alert_id: revision for revision in stored} | self._known
        standing = [r.content for r in self._known.values() if not r.withdrawn]
        for slot, key in self._from.items():
            arms: dict[str, Key] = {}
            if self._specs[slot].cooldown:
                for content in standing:
                    before = content.opener < key and key[0] - content.opener[0] <= EPISODE_LIMIT
                    if before and content.slot == slot:
                        arms[content.arm] = max(content.opener, arms.get(content.arm, NOTHING))
            first = min((key, *arms.values()))[0]
            true = min(first, key[0] - snapshots.REACH) if self.subject in self._snapshots else first
            low = true - self._horizon(slot)
            if taken := self._snapshots.state(self.subject, slot, above=low, most=first):
                low, self._memory.slots[slot] = taken
                true, self._read = low, snapshots.HEAVY
            self._true[slot] = true
            self._starts[slot] = Start(low, key, arms)
        self._expired = expired
        for content in standing:
            start = self._starts.get(content.slot)
            if start is not None and content.opener[0] >= start.low and content.completed <= self.through:
                ids = named(content) if self._covers(content) else {content.opener[1], content.completed[1]}
                self._named.append((content, ids))
                self._unmet |= ids
                if self._true[content.slot] == start.low:
                    unread |= ids - {content.opener[1], content.completed[1]}
        return unread

    def met(self, stored: Iterable[str]) -> None:
        """These activities are stored."""
        self._unmet.difference_update(stored)

    # -- folding
    def fold(self, activities: list[Judged]) -> None:
        """Stored activities in key order, none above `through`."""
        if self._unmet:
            self.met(activity.activity_id for activity in activities)
        for hour, some in groupby(activities, lambda activity: activity.occurred_at // snapshots.EVERY):
            if hour > self._hour and self._read >= snapshots.HEAVY:
                self._remember(hour * snapshots.EVERY)
            self._hour = hour
            self._apply(list(some))

    def _remember(self, at: int) -> None:
        """All before `at` (ms) was folded, and nothing behind it."""
        for slot, state in self._memory.slots.items():
            if at >= max(self._true[slot], self.through[0] - snapshots.KEPT):
                self._made.setdefault(slot, []).append(self._snapshots.take(slot, at, state))

    def _apply(self, activities: list[Judged]) -> None:
        self._read += len(activities)
        for content in self._folder.apply(self._memory, self.subject, activities, self.failures, self._starts):
            self._truth[content.alert_id] = content

    def catch_up(self, most: int | None = None) -> bool:
        """Fold the first `most` of what was applied live meanwhile; whether there is more.

        One not above the shadow's key may be missing in it, and is late once more.
        """
        part = self._tail[:most]
        del self._tail[: len(part)]
        self.late += [activity for activity in part if activity.key <= self._memory.applied]
        after = [activity for activity in part if activity.key > self._memory.applied]
        starts = {slot: Start(NOTHING[0], NOTHING, {}) for slot in self._starts}
        for content in self._folder.apply(self._memory, self.subject, after, self.failures, starts):
            self._truth[content.alert_id] = content
        return bool(self._tail)

    # -- what comes of it
    def give(self, live: Memory) -> None:
        """The slots that were folded again take the place of the live ones."""
        for slot in self._starts:
            live.slots.pop(slot, None)
            for name in [name for name in live.episodes if name.startswith(f"{slot}/")]:
                del live.episodes[name]
        live.slots.update(self._memory.slots)
        live.episodes.update(self._memory.episodes)
        live.applied = max(live.applied, self._memory.applied)

    def judge(self) -> Verdict:
        """The alerts of the slots and arms that were folded again, from their starts on, beside those that stand."""
        known = {i: r for i, r in self._known.items() if self._covers(r.content)}
        return compare(self._truth, known, self._folder.foldable, self._lost())

    def remember(self) -> None:
        """Keep the states of a heavy subject as they were by the hour, but none that may lack what is missing."""
        if self._read < snapshots.HEAVY:
            return
        missing = max(self._lost())
        made = {
            slot: [each for each in some if each.at - self._horizon(slot) > missing]
            for slot, some in self._made.items()
        }
        self._snapshots.renew(self.subject, {s: start.key for s, start in self._starts.items()}, made, self.through[0])

    def _lost(self) -> Missing:
        gone = [content.completed[0] for content, ids in self._named if ids & self._unmet]
        return Missing(self._expired, max(gone, default=BEGINNING))

    def _covers(self, content: Content) -> bool:
        start = self._starts.get(content.slot)
        return start is not None and content.opener >= start.arms.get(content.arm, start.key)


def compare(
    truth: Mapping[str, Content], known: Mapping[str, AlertRevision], foldable: Foldable, lost: Missing
) -> Verdict:
    """What has to be said so that the `known` revisions become the `truth`.

    Where so much is `lost` that no fold can tell, what stands stays as it is, and nothing is added to it.
    """
    standing = {i: r for i, r in known.items() if not r.withdrawn}
    fixed = {i for i, r in standing.items() if frozen(r.content, foldable, lost)}
    withdrawn = [r.content for i, r in standing.items() if i not in truth and i not in fixed]
    replaced: dict[str, list[str]] = {}
    for old in withdrawn:
        heir = _heir(old, truth)
        if heir is not None:
            replaced.setdefault(heir, []).append(old.alert_id)
    emitted = []
    for i, content in truth.items():
        if i in fixed or frozen(content, foldable, lost):
            continue
        before = known.get(i)
        replaces = tuple(sorted({*(before.replaces if before else ()), *replaced.get(i, ())}))
        if i not in standing or standing[i].content != content or standing[i].replaces != replaces:
            emitted.append((content, replaces))
    return Verdict(emitted, withdrawn)


def _heir(old: Content, truth: Mapping[str, Content]) -> str | None:
    """The alert that takes a vanished one's place: same slot and arm, its opener nearest, at most an episode away."""
    near = [
        (abs(c.opener[0] - old.opener[0]), i)
        for i, c in truth.items()
        if c.slot == old.slot and c.arm == old.arm and abs(c.opener[0] - old.opener[0]) <= EPISODE_LIMIT
    ]
    return min(near)[1] if near else None
