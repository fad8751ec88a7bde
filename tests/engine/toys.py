"""Toy detectors that show any loss, surplus or swap of activities, and a registry of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from detectors.base import Arm, Context, Finding, Spec, Step
from domain.activity import Activity
from domain.alert import Severity, evidence
from domain.subject import ACTOR, LOGIN, Routing

ACTIONS = {
    ACTOR: frozenset({"record.read", "auth.login.succeeded"}),
    LOGIN: frozenset({"auth.login.succeeded", "auth.login.failed"}),
}
WINDOW, MEMORY, SECOND, HOUR = 6, 12, 1000, 3_600


def spec(id: str, scope: str, cooldown: int, *, actions: frozenset[str] = frozenset(), horizon: int = MEMORY) -> Spec:
    return Spec(
        id=id, code="X", version=1, title=id, severity=Severity.LOW, scope=scope, actions=actions or ACTIONS[scope],
        attack=(), horizon=timedelta(seconds=horizon), cooldown=timedelta(seconds=cooldown),
        arms=(Arm("a", ""), Arm("b", "")), sentence="", activation="", false_positives="", tuning="",
    )  # fmt: skip


def finding(
    severity: int, observed: float, parts: dict[str, Any], ids: list[str], arm: str = "a"
) -> tuple[Finding, ...]:
    return (Finding(arm, Severity(severity), observed, 1.0, parts, {}, evidence(ids)),)


class Last(msgspec.Struct, frozen=True):
    key: tuple[int, str] | None = None


class Ring(msgspec.Struct, frozen=True):
    keys: tuple[tuple[int, str], ...] = ()


class Known(msgspec.Struct, frozen=True):
    values: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Pair:
    """Fires on every activity and names its predecessor."""

    spec: ClassVar[Spec]
    state: ClassVar[type[Last]] = Last

    def initial(self) -> Last:
        return Last()

    def step(self, state: Last, activity: Activity, context: Context) -> Step[Last]:
        before = state.key if state.key and activity.occurred_at - state.key[0] < MEMORY * SECOND else None
        parts: dict[str, Any] = {"before": before[1] if before else "", "value": activity.count}
        return Step(Last(activity.key), finding(1, 0, parts, [activity.activity_id]))


@dataclass(frozen=True)
class Burst:
    """Three in six seconds, five are worse; one episode while it goes on."""

    spec: ClassVar[Spec]
    state: ClassVar[type[Ring]] = Ring

    def initial(self) -> Ring:
        return Ring()

    def step(self, state: Ring, activity: Activity, context: Context) -> Step[Ring]:
        floor = activity.occurred_at - WINDOW * SECOND
        keys = (*(k for k in state.keys if k[0] > floor), activity.key)
        if len(keys) < 3:
            return Step(Ring(keys))
        return Step(Ring(keys), finding(1 if len(keys) < 5 else 2, len(keys), {}, [k[1] for k in keys]))


@dataclass(frozen=True)
class Novel:
    """A value not seen in the last twelve seconds, once anything was."""

    spec: ClassVar[Spec]
    state: ClassVar[type[Known]] = Known

    def initial(self) -> Known:
        return Known()

    def step(self, state: Known, activity: Activity, context: Context) -> Step[Known]:
        value, at = activity.count or 0, activity.occurred_at
        known = {v: t for v, t in state.values if t > at - MEMORY * SECOND}
        new = bool(known) and value not in known
        after = Known(tuple(sorted({**known, value: at}.items())))
        return Step(after, finding(1, len(known), {"value": value}, [activity.activity_id]) if new else ())


@dataclass(frozen=True)
class Slow:
    """Two in two hours, and in an arm of its own whatever has the value 2: episodes that last for a day."""

    spec: ClassVar[Spec]
    state: ClassVar[type[Ring]] = Ring

    def initial(self) -> Ring:
        return Ring()

    def step(self, state: Ring, activity: Activity, context: Context) -> Step[Ring]:
        floor = activity.occurred_at - 2 * HOUR * SECOND
        keys = (*(k for k in state.keys if k[0] > floor), activity.key)
        ids = [k[1] for k in keys]
        many = finding(1 if len(keys) < 8 else 2, len(keys), {}, ids) if len(keys) > 1 else ()
        two = finding(1, len(keys), {}, ids, "b") if activity.count == 2 else ()
        return Step(Ring(keys), (*many, *two))


class PairA(Pair):
    spec = spec("pair_a", ACTOR, 0)


class PairL(Pair):
    spec = spec("pair_l", LOGIN, 0)


class PairS(Pair):
    spec = spec("pair_s", ACTOR, 0, actions=frozenset({"auth.login.succeeded"}))


class SlowA(Slow):
    spec = spec("slow_a", ACTOR, 10 * HOUR, actions=frozenset({"record.read"}), horizon=2 * HOUR)


class BurstA(Burst):
    spec = spec("burst_a", ACTOR, 7)


class NovelL(Novel):
    spec = spec("novel_l", LOGIN, 4)


@dataclass(frozen=True)
class Armed:
    detector: Any
    settings_hash: str = "toy"

    @property
    def slot(self) -> str:
        return str(self.detector.spec.slot)

    @property
    def stages(self) -> Mapping[str, str]:
        return {"a": "live", "b": "live"}


class Toys:
    """The registry of the toys."""

    def routing(self) -> Routing:
        return ACTIONS

    def for_scope(self, scope: str) -> list[Armed]:
        return [Armed(d()) for d in (PairA, PairS, PairL, BurstA, SlowA, NovelL) if d.spec.scope == scope]
