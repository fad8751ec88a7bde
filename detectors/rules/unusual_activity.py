"""I33: an hour of a person that is rarer than what a model of the company allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from detectors import parts
from detectors.base import Arm, Context, Finding, Run, Spec, Step
from domain.activity import Judged
from domain.alert import Evidence, Part, Severity, evidence
from domain.clock import DAY
from domain.subject import ACTOR
from models import features, memory
from models.acts import SEEN
from models.features import FEATURES
from models.memory import Recent
from models.observe import by_minute, observe

if TYPE_CHECKING:
    from models.explain import Explained
    from models.score import Model

#: Whose hours are judged; of programs F24 and F25 speak.
PEOPLE = frozenset({"human", "guest"})
#: Features that the sentence names.
TOLD = 3
#: Scores and thresholds have so many decimals.
DECIMALS = 6


@dataclass(frozen=True)
class UnusualActivity:
    learning: timedelta = timedelta(days=memory.LEARNING)
    least_days: int = memory.LEAST_DAYS
    least_actors: int = 50
    medium: float = 0.1

    spec: ClassVar[Spec] = Spec(
        id="unusual_activity",
        code="I33",
        version=1,
        title="Unusual activity",
        severity=Severity.LOW,
        scope=ACTOR,
        actions=SEEN,
        attack=("T1078",),
        horizon=timedelta(days=30),
        cooldown=timedelta(hours=24),
        arms=(
            Arm(
                "hour",
                "an hour rarer than the model's budget of 1 alert per 1,000 users and day allows",
                "live",
                "the tenant's own history",
            ),
            Arm("trial", "the same in the first 7 days of a tenant's first model", "shadow", "ours"),
        ),
        sentence="Hour rarer than {q} %: {f1} {v1} (usual {u1}), {f2}, {f3}",
        activation="a promoted model of at least 50 people; of each person 14 days in memory, 5 of them with activity",
        false_positives="a new job or a new office; INFO within 7 days of a change of roles; people who alerted are "
        "left out of training; programs are not judged",
        tuning="train with another `--budget` to move the threshold; a score more than `medium` above it is MEDIUM, "
        "else LOW; raise `learning` for a company that grows fast",
    )
    state: ClassVar[type[Recent]] = Recent

    def __post_init__(self) -> None:
        name = self.spec.id
        parts.check_span(name, "learning", self.learning, low=timedelta(days=7), high=timedelta(days=28))
        parts.check_number(name, "least_days", self.least_days, low=1, high=28)
        parts.check_number(name, "least_actors", self.least_actors, low=10, high=1_000_000)
        parts.check_number(name, "medium", self.medium, low=0, high=1)

    def initial(self) -> Recent:
        return Recent()

    def step(self, state: Recent, activity: Judged, context: Context) -> Step[Recent]:
        state, found = self.run(state, (activity,), context)
        return Step(state, found[0][1] if found else ())

    def run(self, state: Recent, activities: Sequence[Judged], context: Context) -> Run[Recent]:
        """Whatever happens within a minute is observed at once; the first of it is scored when there is a model."""
        found: list[tuple[Judged, tuple[Finding, ...]]] = []
        for minute in by_minute([each for each in activities if each.actor_kind in PEOPLE]):
            if context.model is not None and memory.new_minute(state, minute[0].occurred_at):
                state = observe(state, minute[:1])
                finding = self._judge(state, minute[0], context.model)
                if finding is not None:
                    found.append((minute[0], (finding,)))
                minute = minute[1:]
            if minute:
                state = observe(state, minute)
        return Run(state, found)

    def _judge(self, state: Recent, activity: Judged, model: Model) -> Finding | None:
        if not self._ready(state, model):
            return None
        row = features.vector(state)
        score = model.score(row)
        if score <= model.manifest.threshold:
            return None
        return self._finding(state, activity, model, row, score)

    def _ready(self, state: Recent, model: Model) -> bool:
        since, active = memory.known_for(state)
        known = since * DAY >= self.learning / timedelta(milliseconds=1) and active >= self.least_days
        return known and model.manifest.actors >= self.least_actors

    def _finding(self, state: Recent, activity: Judged, model: Model, row: tuple[float, ...], score: float) -> Finding:
        manifest = model.manifest
        severity, said = self._severity(state, manifest.threshold, score)
        early = manifest.live_from is not None and activity.occurred_at < manifest.live_from
        explained = model.explain(row)
        said |= _sentence(model, row, score, explained)
        return Finding(
            arm="trial" if early else "hour",
            severity=severity,
            observed=score,
            threshold=manifest.threshold,
            parts=said,
            baseline=_baseline(model, row, explained),
            evidence=_evidence(state),
            model=model.hash,
        )

    def _severity(self, state: Recent, threshold: float, score: float) -> tuple[Severity, dict[str, Part]]:
        if memory.new_role(state):
            return Severity.INFO, {"suppressed": "the roles of this person changed within the last 7 days"}
        if score > round(threshold + self.medium, DECIMALS):
            return Severity.MEDIUM, {"why": f"the score is more than {self.medium:g} above the threshold"}
        return Severity.LOW, {"why": "the score is above the threshold"}


def _sentence(model: Model, row: tuple[float, ...], score: float, explained: Explained) -> dict[str, Part]:
    """How rare, and the three features that contribute most."""
    ranked = sorted(range(len(row)), key=lambda n: (-explained.contributions[n], n))[:TOLD]
    first, second, third = ((FEATURES[n], features.shown(FEATURES[n], row[n])) for n in ranked)
    return {
        "q": model.rarer_than(score),
        "f1": first[0].words,
        "v1": first[1],
        "u1": features.shown(first[0], model.usual(first[0].name)),
        "f2": f"{second[0].words} {second[1]}",
        "f3": f"{third[0].words} {third[1]}",
    }


def _baseline(model: Model, row: tuple[float, ...], explained: Explained) -> dict[str, Part]:
    """`base` and the contributions add up to the score; beside each the feature's value and what is usual."""
    found: dict[str, Part] = {"base": explained.base}
    for feature, value, contribution in zip(FEATURES, row, explained.contributions, strict=True):
        found[f"contribution.{feature.name}"] = contribution
        found[f"value.{feature.name}"] = features.shown(feature, value)
        found[f"usual.{feature.name}"] = features.shown(feature, model.usual(feature.name))
    return found


def _evidence(state: Recent) -> Evidence:
    """The activities of the hour. Of a busy minute only the first are named; the count is exact all the same."""
    named = evidence(memory.ids(state))
    return Evidence(named.first, named.last, memory.events(state), named.digest)
