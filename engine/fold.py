"""The fold: a subject's memory, and what one more activity does to it. Live and settle run the same code."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol

import msgspec

from detectors.base import Context, Detector, Finding, Run, Spec
from detectors.fold import run
from detectors.timeline import BEFORE_ALL, Activation
from domain.activity import Judged, Key
from domain.alert import Content, alert_id
from domain.clock import millis
from domain.judgement import DetectorFailure, StateRow
from domain.subject import Routing, router, scope_of, tenant_of
from engine.frozen import Foldable
from engine.memory import NOTHING, Memory, episode, load


class Armed(Protocol):
    """A detector with the settings and stages in force."""

    @property
    def detector(self) -> Detector[Any]: ...
    @property
    def slot(self) -> str: ...
    @property
    def settings_hash(self) -> str: ...
    @property
    def stages(self) -> Mapping[str, str]: ...


class Registry(Protocol):
    """Which detectors judge a scope, and which actions they see."""

    def routing(self) -> Routing: ...
    def for_scope(self, scope: str) -> list[Any]: ...


class _Judging(NamedTuple):
    """A detector, what it sees, and how it judges several activities; `cooldown` in ms."""

    slot: str
    actions: frozenset[str]
    run: Callable[[Any, Sequence[Judged], Context], Run[Any]]
    detector: Detector[Any]
    armed: Armed
    cooldown: int


class Start(NamedTuple):
    """From where a slot is folded again: activities from `low` (ms) on, its findings from `key` on.

    The findings of an arm in `arms` from that key on; what lies before only warms the state.
    """

    low: int
    key: Key
    arms: Mapping[str, Key]


def without_models(tenant: str, at: int) -> Context:  # noqa: ARG001 what every provider is asked
    """The context of a system without models."""
    return _CONTEXT


_Table = dict[str, list[_Judging]]  # by scope


class Folder:
    """Folds activities into memories with the detectors in effect at the activities' times."""

    def __init__(self, registry: Registry, contexts: Callable[[str, int], Context] = without_models) -> None:
        """`registry` judges for all time, until `take` says otherwise.

        `contexts` says what is in effect for a tenant at an event time (ms): pure, the same in every fold. What is the
        same object at two times is in effect all the time between them.
        """
        self._contexts = contexts
        self.routing = registry.routing()
        self.subjects = router(self.routing)
        self.take([(BEFORE_ALL, registry)])

    def take(self, segments: Sequence[tuple[int, Registry]], activations: Iterable[Activation] = ()) -> None:
        """From each segment's time on (ms) its registry judges; the first holds before all. Only the future changes."""
        decoders: dict[str, Callable[[msgspec.Raw], Any]] = {}
        made: dict[str, set[str]] = {}
        horizons: dict[str, int] = {}
        specs: dict[str, dict[str, Spec]] = {}
        tables: list[_Table] = []
        hashes: list[dict[str, str]] = []
        for _, registry in segments:
            table: _Table = {}
            tables.append(table)
            hashes.append({})
            for armed in (armed for scope in self.routing for armed in registry.for_scope(scope)):
                spec = armed.detector.spec
                decoders[armed.slot] = msgspec.json.Decoder(armed.detector.state).decode
                specs.setdefault(spec.scope, {})[armed.slot] = spec
                made.setdefault(armed.slot, set()).add(armed.settings_hash)
                hashes[-1][armed.slot] = armed.settings_hash
                horizons[armed.slot] = millis(spec.horizon)
                table.setdefault(spec.scope, []).append(
                    _Judging(
                        armed.slot, spec.actions, run(armed.detector), armed.detector, armed, millis(spec.cooldown)
                    )
                )
        self._decoders, self._tables, self._starts = decoders, tables, [start for start, _ in segments]
        self._specs, self._hashes = specs, hashes
        self._newest, self._since = tables[-1], self._starts[-1]
        self.foldable = Foldable({slot: frozenset(hashes) for slot, hashes in made.items()}, horizons)
        self._activations = tuple(activations)
        self.knows = max((each.at for each in self._activations), default=0)

    def learn(self, memory: Memory, subject: str, first: Key) -> Key | None:
        """From where a subject is to be judged again before activities from `first` on count: None for nowhere.

        That is so when a slot has come into effect that its memory did not see coming: what it must know of the past is
        in the store. Once is enough: from now on the memory knows.
        """
        scope, starts = scope_of(subject), list[int]()
        for each in self._activations:
            past = memory.applied != NOTHING or each.first  # else all there is of the subject is at hand
            if each.at > memory.knows and each.scope == scope and past and first[0] < each.at + each.horizon:
                starts.append(each.at)
        memory.knows = self.knows
        if not starts:
            return None
        start: Key = (min(starts), "")
        return start if memory.applied >= start else max(start, first)

    def specs(self, subject: str) -> Mapping[str, Spec]:
        """The detectors that judge a subject at some time, by slot."""
        return self._specs.get(scope_of(subject), {})

    def judged(self, slot: str, until: int) -> tuple[tuple[int, str], ...]:
        """From when on (ms) under which settings the slot judges, or warms up, before `until` (ms)."""
        spans = zip(self._starts, self._hashes, strict=True)
        return tuple((start, hashes.get(slot, "")) for start, hashes in spans if start < until)

    def decode(self, slot: str, state: bytes) -> Any:
        """A slot's state from JSON."""
        return self._decoders[slot](msgspec.Raw(state))

    def apply(
        self,
        memory: Memory,
        subject: str,
        activities: Sequence[Judged],
        failures: list[DetectorFailure],
        starts: Mapping[str, Start] | None = None,
    ) -> list[Content]:
        """Fold activities (key order), in place; the contents of the alerts that they open or change, in order.

        With `starts` only the slots named there, each from its start on.
        """
        found: list[Content] = []
        if not activities:
            return found
        scope, slots = scope_of(subject), memory.slots
        for table, context, some in self._alike(activities):
            kinds = {each.action for each in some}
            for judging in table.get(scope, ()):  # nobody judges a tenant as a whole yet, and it can be dirty
                start = starts.get(judging.slot) if starts is not None else _ALWAYS
                if start is None:
                    continue
                actions, low = judging.actions, start.low
                if kinds.isdisjoint(actions):
                    continue
                seen = some if kinds <= actions else [each for each in some if each.action in actions]
                if seen[0].occurred_at < low and not (seen := [each for each in seen if each.occurred_at >= low]):
                    continue
                before = slots.get(judging.slot)
                state = judging.detector.initial() if before is None else before
                try:
                    slots[judging.slot], revealed = judging.run(state, seen, context)
                except Exception:  # one of them: the others are judged without it
                    slots[judging.slot], revealed = _one_by_one(judging, state, seen, context, start, failures)
                for activity, findings in revealed:
                    for finding in findings:
                        if activity.key >= start.arms.get(finding.arm, start.key):
                            content = self._judge(memory, subject, activity, judging, finding)
                            if content is not None:
                                found.append(content)
        memory.applied = activities[-1].key
        return found

    def _alike(self, activities: Sequence[Judged]) -> Iterator[tuple[_Table, Context, Sequence[Judged]]]:
        """The activities of a subject (key order) cut where another configuration or another model is in effect."""
        tenant, contexts = activities[0].tenant, self._contexts
        for table, some in self._by_time(activities):
            context = contexts(tenant, some[0].occurred_at)
            if contexts(tenant, some[-1].occurred_at) is context:
                yield table, context, some
            else:
                for each, part in groupby(some, lambda activity: contexts(tenant, activity.occurred_at)):
                    yield table, each, list(part)

    def _by_time(self, activities: Sequence[Judged]) -> Sequence[tuple[_Table, Sequence[Judged]]]:
        """The activities (key order) cut where another configuration begins, each part with what judges it."""
        if activities[0].occurred_at >= self._since:
            return ((self._newest, activities),)
        parts, start = [], 0
        while start < len(activities):
            place = bisect_right(self._starts, activities[start].occurred_at)
            later = self._starts[place] if place < len(self._starts) else None
            end = len(activities) if later is None else bisect_left(activities, later, start, key=_at)
            parts.append((self._tables[place - 1], activities[start:end]))
            start = end
        return parts

    def _judge(
        self, memory: Memory, subject: str, activity: Judged, judging: _Judging, finding: Finding
    ) -> Content | None:
        armed = judging.armed
        stage = armed.stages.get(finding.arm, "live")
        if stage == "off":
            return None
        name = f"{armed.slot}/{finding.arm}"
        memory.episodes[name], changed = episode(memory.episodes.get(name), finding, activity.key, judging.cooldown)
        if not changed:
            return None
        now, tenant = memory.episodes[name], tenant_of(subject)
        return Content(
            alert_id=alert_id(tenant=tenant, slot=armed.slot, arm=finding.arm, subject=subject, opener=now.opener),
            tenant=tenant,
            detector=armed.detector.spec.id,
            slot=armed.slot,
            arm=finding.arm,
            stage=stage,
            subject=subject,
            opener=now.opener,
            completed=activity.key,
            severity=now.severity,
            observed=finding.observed,
            threshold=finding.threshold,
            parts=finding.parts,
            baseline=finding.baseline,
            evidence=finding.evidence,
            settings=armed.settings_hash,
            model=finding.model,
        )

    def load(self, row: StateRow) -> Memory:
        return load(row, self._decoders)


def _one_by_one(
    judging: _Judging,
    state: Any,
    activities: Sequence[Judged],
    context: Context,
    start: Start,
    failures: list[DetectorFailure],
) -> Run[Any]:
    """A run in which the detector raises on some: each of these becomes a dead letter and changes nothing."""
    found: list[tuple[Judged, tuple[Finding, ...]]] = []
    for activity in activities:
        try:
            state, revealed = judging.run(state, (activity,), context)
        except Exception as error:
            if activity.key >= start.key:  # before it, it was reported when it was judged
                failed = f"{type(error).__name__}: {error}"
                failures.append(DetectorFailure(judging.detector.spec.id, activity, failed))
        else:
            found += revealed
    return Run(state, found)


def _at(activity: Judged) -> int:
    return activity.occurred_at


_CONTEXT = Context()
_ALWAYS = Start(NOTHING[0], NOTHING, {})
