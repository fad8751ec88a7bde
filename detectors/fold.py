"""The plain sequential fold of one subject's activities: the truth that tests and backtests compare with. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from domain.activity import Activity

from .base import Context, Detector, Finding, S


def fold(
    detector: Detector[S], activities: Iterable[Activity], context: Context | None = None
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
