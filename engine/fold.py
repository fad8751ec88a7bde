"""The fold: a subject's memory, and what one more activity does to it. Live and settle run the same code."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from detectors.base import Context, Detector, Finding, Spec
from detectors.timeline import BEFORE_ALL, Activation
from domain.activity import Activity, Key
from domain.alert import Content, alert_id
from domain.clock import DAY, millis
from domain.judgement import DetectorFailure, StateRow
from domain.subject import Routing, router, scope_of, tenant_of
from engine.frozen import Foldable

#: An episode never lasts longer than this after its opener.
EPISODE_LIMIT = DAY
#: Below every key.
NOTHING: Key = (-(2**62), "")


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
    """A detector where an activity is dispatched to it; `cooldown` in ms."""

    slot: str
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


class Episode(msgspec.Struct, frozen=True, array_like=True):
    """The open alert of one arm: its opener, the last finding (ms), and what a revision must exceed."""

    opener: Key
    last: int
    severity: int
    value: float


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A state as stored, JSON. Slots of versions that this program has not are not read."""

    seen: int
    applied: Key
    slots: dict[str, msgspec.Raw]
    episodes: dict[str, Episode]
    knows: int = 0


@dataclass(slots=True)
class Memory:
    """What is known of a subject: its detectors' states by slot, open episodes by slot and arm, how far it is.

    `knows` is the time (ms) of the last activation of a slot that its states have seen coming.
    """

    seen: int = 0  # below every position
    applied: Key = NOTHING
    slots: dict[str, Any] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    position: int = -1
    knows: int = 0


def episode(now: Episode | None, finding: Finding, key: Key, cooldown: int) -> tuple[Episode, bool]:
    """The episode after a finding at `key`, and whether the alert changes: a new one, a rise, or a doubled value."""
    if cooldown and now and key[0] - now.last <= cooldown and key[0] - now.opener[0] <= EPISODE_LIMIT:
        if finding.severity > now.severity or finding.observed >= 2 * now.value > 0:
            severity = max(now.severity, int(finding.severity))
            return Episode(now.opener, key[0], severity, max(now.value, finding.observed)), True
        return Episode(now.opener, key[0], now.severity, now.value), False
    return Episode(key, key[0], int(finding.severity), finding.observed), True


def without_models(tenant: str, at: int) -> Context:  # noqa: ARG001 what every provider is asked
    """The context of a system without models."""
    return _CONTEXT


_Table = dict[str, dict[str, list[_Judging]]]  # by scope and action


class Folder:
    """Folds activities into memories with the detectors in effect at the activities' times."""

    def __init__(self, registry: Registry, contexts: Callable[[str, int], Context] = without_models) -> None:
        """`registry` judges for all time, until `take` says otherwise.

        `contexts` says what is in effect for a tenant at an event time (ms): pure, the same in every fold.
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
        for _, registry in segments:
            table: _Table = {}
            tables.append(table)
            for armed in (armed for scope in self.routing for armed in registry.for_scope(scope)):
                spec = armed.detector.spec
                decoders[armed.slot] = msgspec.json.Decoder(armed.detector.state).decode
                specs.setdefault(spec.scope, {})[armed.slot] = spec
                made.setdefault(armed.slot, set()).add(armed.settings_hash)
                horizons[armed.slot] = millis(spec.horizon)
                judging = _Judging(armed.slot, armed.detector, armed, millis(spec.cooldown))
                for action in spec.actions:
                    table.setdefault(spec.scope, {}).setdefault(action, []).append(judging)
        self._decoders, self._tables, self._starts = decoders, tables, [start for start, _ in segments]
        self._specs = specs
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

    def apply(
        self,
        memory: Memory,
        subject: str,
        activities: Sequence[Activity],
        failures: list[DetectorFailure],
        starts: Mapping[str, Start] | None = None,
    ) -> list[Content]:
        """Fold activities (key order), in place; the contents of the alerts that they open or change, in order.

        With `starts` only the slots named there, each from its start on.
        """
        found: list[Content] = []
        if not activities:
            return found
        scope, contexts, slots = scope_of(subject), self._contexts, memory.slots
        for table, some in self._by_time(activities):
            by = table.get(scope, {})  # nobody judges a tenant as a whole yet, and it can be dirty
            for activity in some:
                context = contexts(activity.tenant, activity.occurred_at)
                for slot, detector, armed, cooldown in by.get(activity.action, ()):
                    start = starts.get(slot) if starts is not None else _ALWAYS
                    if start is None or activity.occurred_at < start.low:
                        continue
                    state = slots.get(slot)
                    try:
                        step = detector.step(detector.initial() if state is None else state, activity, context)
                    except Exception as error:  # its fault must not stop the others; it becomes a dead letter
                        if activity.key >= start.key:  # before it, it was reported when it was judged
                            failed = f"{type(error).__name__}: {error}"
                            failures.append(DetectorFailure(detector.spec.id, activity, failed))
                        continue
                    slots[slot] = step.state
                    for finding in step.findings:
                        if activity.key < start.arms.get(finding.arm, start.key):
                            continue
                        content = self._judge(memory, subject, activity, armed, cooldown, finding)
                        if content is not None:
                            found.append(content)
        memory.applied = activities[-1].key
        return found

    def _by_time(self, activities: Sequence[Activity]) -> Sequence[tuple[_Table, Sequence[Activity]]]:
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
        self, memory: Memory, subject: str, activity: Activity, armed: Armed, cooldown: int, finding: Finding
    ) -> Content | None:
        stage = armed.stages.get(finding.arm, "live")
        if stage == "off":
            return None
        name = f"{armed.slot}/{finding.arm}"
        memory.episodes[name], changed = episode(memory.episodes.get(name), finding, activity.key, cooldown)
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
        body = _decode_body(row.body)
        slots = {slot: self._decoders[slot](raw) for slot, raw in body.slots.items() if slot in self._decoders}
        return Memory(row.seen, body.applied, slots, dict(body.episodes), row.position, body.knows)

    @staticmethod
    def dump(subject: str, memory: Memory) -> StateRow:
        slots = {slot: msgspec.Raw(_encode(state)) for slot, state in memory.slots.items()}
        body = _encode(_Body(memory.seen, memory.applied, slots, memory.episodes, memory.knows)).decode()
        return StateRow(subject, memory.position, memory.seen, body)


def _at(activity: Activity) -> int:
    return activity.occurred_at


_CONTEXT = Context()
_ALWAYS = Start(NOTHING[0], NOTHING, {})
_encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(_Body).decode
