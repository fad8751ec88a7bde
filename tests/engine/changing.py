"""A world in which settings, stages and versions of detectors change while it runs, and a plain oracle for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from detectors.base import Context, Step
from detectors.registry import Armed
from detectors.timeline import timeline
from domain.activity import Activity
from domain.alert import Content, canonical, settings_hash, settings_json
from domain.configuration import Configuration
from domain.subject import ACTOR, LOGIN, Routing
from engine.fold import Folder
from engine.memory import Memory
from tests.engine.memory import MemoryStore
from tests.engine.toys import ACTIONS, MEMORY, SECOND, WINDOW, Burst, Novel, Pair, Ring, finding, spec
from tests.engine.world import World

#: How far ahead a change lies, ms: no judge of the world is further behind with reading than that.
MARGIN = 5 * SECOND


@dataclass(frozen=True)
class Least(Burst):
    """So many in six seconds."""

    spec = spec("least", ACTOR, 7)
    least: int = 3

    def step(self, state: Ring, activity: Activity, context: Context) -> Step[Ring]:
        floor = activity.occurred_at - WINDOW * SECOND
        keys = (*(k for k in state.keys if k[0] > floor), activity.key)
        if len(keys) < self.least:
            return Step(Ring(keys))
        return Step(Ring(keys), finding(1 if len(keys) < 5 else 2, len(keys), {}, [k[1] for k in keys]))


class Sometimes(Novel):
    spec = spec("sometimes", LOGIN, 4)


class First(Pair):
    spec = spec("pair", LOGIN, 0)


class Second(Pair):
    """The same, told apart by its slot."""

    spec = msgspec.structs.replace(First.spec, version=2)


class Lost(Pair):
    """A version that no program has any more."""

    spec = msgspec.structs.replace(First.spec, version=3)


KINDS: Mapping[str, Any] = {kind.spec.slot: kind for kind in (Least, Sometimes, First, Second)}


def configuration(detector: Any, stage: str = "live", at: int = 0) -> Configuration:
    fields = {"least": detector.least} if isinstance(detector, Least) else {}
    slot = detector.spec.slot
    return Configuration(
        detector.spec.id, slot, settings_json(fields), {"a": stage}, settings_hash({slot: fields}), at, at
    )


def rearm(each: Configuration) -> Armed | None:
    kind = KINDS.get(each.slot)
    if kind is None:
        return None
    return Armed(msgspec.json.decode(each.settings, type=kind), each.hash, dict(each.stages))


@dataclass(frozen=True)
class Given:
    """A registry of what it is given."""

    armed: Sequence[Armed] = ()

    def routing(self) -> Routing:
        return ACTIONS

    def for_scope(self, scope: str) -> list[Armed]:
        return [each for each in self.armed if each.detector.spec.scope == scope]


def in_effect(history: Sequence[Configuration], at: int) -> list[Armed]:
    """Who judges at `at`, or warms up then, by looking at every configuration anew."""
    found: list[Armed] = []
    for name in sorted({each.detector for each in history}):
        rows = {each.effective_from: each for each in history if each.detector == name}
        times = sorted(rows)
        slots: dict[str, Armed] = {}
        for time in times:  # who comes on within the horizon after `at` warms up, the nearest of a slot
            armed, before = _on(rows[time]), [each for each in times if each < time]
            known = _on(rows[before[-1]]) if before else None
            soon = at < time <= at + MEMORY * SECOND
            if armed and soon and before and (known is None or known.slot != armed.slot):
                slots.setdefault(armed.slot, armed.warm())
        past = [each for each in times if each <= at]
        armed = _on(rows[past[-1]]) if past else None
        if armed:
            slots[armed.slot] = armed
        found += slots.values()
    return found


def _on(each: Configuration) -> Armed | None:
    armed = rearm(each)
    return armed if armed and armed.on else None


class Changing(World):
    """`change` puts something else in effect; `check_alerts` asks the oracle as well as the folder."""

    def __init__(self, seed: int, *, partitions: int = 1, lanes: int = 2) -> None:
        self.history = [configuration(each) for each in (Least(), Sometimes(), First())]
        super().__init__(seed, partitions=partitions, lanes=lanes, folder=Folder(Given()))
        self.take()

    def take(self) -> None:
        found = timeline(self.history, rearm)
        self.folder.take(found.segments, found.activations)

    def change(self, *made: Configuration) -> None:
        at = self.now + MARGIN
        self.history += [msgspec.structs.replace(each, effective_from=at, made_at=self.now) for each in made]
        self.take()

    def step(self) -> None:
        if self.rng.random() < 0.01:
            least = Least(self.rng.choice((2, 3, 4)))
            other = self.rng.choice((Sometimes(), First(), Second(), Lost()))
            self.change(configuration(least), configuration(other, self.rng.choice(("live", "live", "shadow", "off"))))
        super().step()

    def drain(self, *, restart: bool = False) -> None:
        self.now = max([self.now, *(each.effective_from for each in self.history)])  # what is to come has come
        super().drain(restart=restart)

    def check_memories(self) -> None:
        """Of slots that are not in effect any more nobody asks."""

    def oracle(self) -> dict[str, bytes]:
        return truth(self.store, self.history, self.folder)

    def check_alerts(self) -> None:
        super().check_alerts()
        standing = {i: canonical(r.content) for i, r in self.store.alerts.items() if not r.withdrawn}
        assert standing == self.oracle()


def truth(store: MemoryStore, history: Sequence[Configuration], folder: Folder) -> dict[str, bytes]:
    """Each activity folded by itself with who judges at its time."""
    found: dict[str, Content] = {}
    for subject in {s for a in store.events.values() for s in folder.subjects(a)}:
        memory = Memory()
        for each in store.stored(subject, folder.routing):
            alone = Folder(Given(in_effect(history, each.occurred_at)))
            found.update((c.alert_id, c) for c in alone.apply(memory, subject, [each], []))
    return {i: canonical(c) for i, c in found.items()}
