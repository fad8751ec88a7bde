"""What must hold in a world: alerts and memories are those of one sequential fold, nothing is committed too early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from domain.activity import Activity, Judged
from domain.alert import Content, canonical
from domain.clock import millis
from domain.subject import bucket, scope_of
from domain.wire import Bundle, activities_of, decode
from engine.fold import Folder, without_models
from engine.memory import EPISODE_LIMIT, Episode, Memory
from tests.engine.memory import MemoryStore
from tests.engine.toys import Toys

if TYPE_CHECKING:
    from tests.engine.world import World

_raw = msgspec.msgpack.Decoder(Activity).decode


def truth(store: MemoryStore, folder: Folder) -> tuple[dict[str, bytes], dict[str, Memory]]:
    """What one sequential fold of everything stored gives: alerts by id, memories by subject."""
    found: dict[str, Content] = {}
    memories: dict[str, Memory] = {}
    for subject in {s for a in store.events.values() for s in folder.subjects(a)}:
        memories[subject] = Memory()
        stored = store.stored(subject, folder.routing)
        found.update((c.alert_id, c) for c in folder.apply(memories[subject], subject, stored, []))
    return {i: canonical(c) for i, c in found.items()}, memories


def foretold(subject: str, memory: Memory, last: Activity) -> dict[tuple[str, str], Any]:
    """All that a memory decides: what each detector makes of one more activity, and the episodes that are open."""
    found: dict[tuple[str, str], Any] = {}
    for armed in Toys().for_scope(scope_of(subject)):
        spec, detector = armed.detector.spec, armed.detector
        for value, action in enumerate(sorted(spec.actions)):
            probe = msgspec.structs.replace(
                last, activity_id="~", occurred_at=last.occurred_at + 1, action=action, count=value
            )
            state = memory.slots.get(armed.slot, detector.initial())
            found[armed.slot, action] = detector.step(state, probe, without_models("", 0))
        for arm in "ab":
            now: Episode | None = memory.episodes.get(f"{armed.slot}/{arm}")
            at = last.occurred_at + 1
            if now and at - now.last <= millis(spec.cooldown) and at - now.opener[0] <= EPISODE_LIMIT:
                found[armed.slot, arm] = now
    return found


def check_commits(world: World) -> None:
    """Nothing is bundled or committed that is not stored, or committed that is not judged and not durably dirty."""
    store, folder = world.store, world.folder
    for log in world.log:
        for _, a in _bundled(log):
            assert (a.tenant, *a.key) in store.events, f"{a.activity_id} bundled, not stored"
    for lane, end in world.raw_committed.items():
        for record in world.raw[lane][:end]:
            a = _raw(record.value)
            assert (a.tenant, *a.key) in store.events, f"{lane}@{record.offset} committed, not stored"
    marked: dict[str, tuple[int, str]] = {}
    for mark in store.marks.values():
        if mark.mark_id not in store.gone:
            marked[mark.subject] = min(mark.start, marked.get(mark.subject, mark.start))
    for p, end in enumerate(world.committed):
        for s, a in _bundled(world.log[p][:end]):
            assert s in folder.subjects(a)
            assert bucket(s) % world.partitions == p
            row = store.rows.get(s)
            judged = row is not None and a.key <= folder.load(row).applied
            assert judged or (s in marked and marked[s] <= a.key), f"{s} {a.activity_id} not judged"


def _bundled(log: Iterable[bytes]) -> Iterator[tuple[str, Judged]]:
    """Each activity of a log with the subject that it was sent to."""
    for message in map(decode, log):
        for group in message.groups if isinstance(message, Bundle) else ():
            for activity in activities_of(group.activities):
                yield group.subject, activity


def check_alerts(world: World) -> None:
    standing = {i: canonical(r.content) for i, r in world.store.alerts.items() if not r.withdrawn}
    assert standing == truth(world.store, world.folder)[0]


def check_memories(world: World) -> None:
    """What is durable is what a fold would remember."""
    store, folder = world.store, world.folder
    for subject, memory in truth(store, folder)[1].items():
        last = store.stored(subject)[-1]
        kept = folder.load(store.rows[subject])
        assert foretold(subject, kept, last) == foretold(subject, memory, last), subject
