"""What is in effect at an event time: a tenant's models, each from its `effective_from` until the next one's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from detectors.base import Context
from models.score import Model

_NOTHING = Context()


class Contexts:
    """Answers for every time, however long ago, with what was in effect then. `take` only ever adds to the future."""

    def __init__(self) -> None:
        self._of: Mapping[str, tuple[list[int], list[Context]]] = {}

    def __call__(self, tenant: str, at: int) -> Context:
        """What is in effect for `tenant` at `at` (ms)."""
        known = self._of.get(tenant)
        if known is None:
            return _NOTHING
        place = bisect_right(known[0], at)
        return known[1][place - 1] if place else _NOTHING

    def take(self, effects: Iterable[tuple[str, int, Model | None]]) -> None:
        """All promotions there ever were, as (tenant, effective_from in ms, model), in the order they were made.

        Of two that take effect at the same millisecond the later one counts; None is no model from then on.
        """
        of: dict[str, dict[int, Context]] = {}
        for tenant, start, model in effects:
            of.setdefault(tenant, {})[start] = Context(model=model)  # never one that was in effect before
        self._of = {
            tenant: (sorted(starts), [starts[start] for start in sorted(starts)]) for tenant, starts in of.items()
        }
