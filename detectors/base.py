"""What a detector is. A detector's author needs this module, `domain` and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import msgspec

from domain.activity import Judged
from domain.alert import Evidence, Part, Severity

if TYPE_CHECKING:
    from models.score import Model

S = TypeVar("S", bound=msgspec.Struct)


class Arm(msgspec.Struct, frozen=True):
    """One way of firing. `stage` is live where the threshold is published, shadow until ours is measured."""

    name: str
    fires: str  # one sentence for the catalogue
    stage: str = "live"  # off | shadow | live
    source: str = ""  # where the threshold comes from


class Spec(msgspec.Struct, frozen=True):
    """The published contract of a detector; the README table and the API's catalogue are made of it."""

    id: str
    code: str  # the catalogue's short name, such as A1
    version: int
    title: str
    severity: Severity  # the usual one
    scope: str  # domain.subject scope
    actions: frozenset[str]
    attack: tuple[str, ...]  # ATT&CK technique ids
    horizon: timedelta  # fold(last horizon) == fold(all)
    cooldown: timedelta  # an episode ends after this long without a finding; 0: each finding is its own
    arms: tuple[Arm, ...]
    sentence: str  # with {part} placeholders
    activation: str  # the history it needs
    false_positives: str
    tuning: str

    @property
    def slot(self) -> str:
        return f"{self.id}.v{self.version}"


class Finding(msgspec.Struct, frozen=True):
    """What one activity revealed. Numbers are rounded by the detector, sets are sorted, people appear as tokens."""

    arm: str
    severity: Severity
    observed: float
    threshold: float
    parts: dict[str, Part]
    baseline: dict[str, Part]
    evidence: Evidence
    model: str = ""  # hash of the model that was asked, if one was


class Step(msgspec.Struct, Generic[S], frozen=True, gc=False):
    """The state after an activity, and at most one finding per arm."""

    state: S
    findings: tuple[Finding, ...] = ()


class Run(NamedTuple, Generic[S]):
    """The state after several activities, and of each that revealed something its findings, in order."""

    state: S
    found: Sequence[tuple[Judged, tuple[Finding, ...]]] = ()


class Context(msgspec.Struct, frozen=True):
    """What was in effect at the activity's time. Facts and profile join it as they are built."""

    model: Model | None = None  # of the activity's tenant


class Detector(Protocol[S]):
    """A frozen dataclass whose fields are its settings with production defaults.

    `step` is pure: the same state and activity give the same step, it never looks at its own findings, and it forgets
    what lies `spec.horizon` back, so that an expired state equals `initial()`.
    """

    spec: ClassVar[Spec]
    state: ClassVar[type[Any]]  # the frozen Struct that `initial` and `step` return

    def initial(self) -> S: ...

    def step(self, state: S, activity: Judged, context: Context) -> Step[S]: ...


@runtime_checkable
class Runs(Protocol[S]):
    """A detector that takes the activities of a busy subject together, because it is quicker so.

    They are of one subject, in key order, at least one. Nothing else differs from `step` after `step`: the conformance
    suite cuts its stories into runs at random.
    """

    def run(self, state: S, activities: Sequence[Judged], context: Context) -> Run[S]: ...


def token(value: str) -> dict[str, str]:
    """A part of a sentence that is rendered as a name when the alert is read."""
    return {"token": value}
