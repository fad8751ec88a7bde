"""The plain sequential fold of one subject's activities: the truth that tests and backtests compare with. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from domain.activity import Judged

from .base import Context, Detector, Finding, Run, Runs, S


def fold(
    detector: Detector[S], activities: Iterable[Judged], context: Context | None = None
) -> tuple[S, list[tuple[Finding, ...]]]:
    """The state after all activities in (occurred_at, activity_id) order, and the findings of each in that order.

    Activities whose action the detector does not see change nothing and find nothing, as in the engine.
    """
    context = Context() if context is None else context
    state = detector.initial()
    found: list[tuple[Finding, ...]] = []
    for activity in sorted(activities, key=lambda each: each.key):
        if activity.action not in detector.spec.actions:
            found.append(())
            continue
        step = detector.step(state, activity, context)
        state = step.state
        found.append(step.findings)
    return state, found


def run(detector: Detector[S]) -> Callable[[S, Sequence[Judged], Context], Run[S]]:
    """How a detector judges several activities of a subject, in key order: its own `run`, or `step` after `step`."""
    if isinstance(detector, Runs):
        return detector.run
    step = detector.step

    def each(state: S, activities: Sequence[Judged], context: Context) -> Run[S]:
        found = []
        for activity in activities:
            after = step(state, activity, context)
            state = after.state
            if after.findings:
                found.append((activity, after.findings))
        return Run(state, found)

    return each
