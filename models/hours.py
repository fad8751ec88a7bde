"""The training set: the hours of people's history as rows of features, through the code that detection runs."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from . import features, memory
from .acts import SEEN, Observed
from .memory import Recent
from .observe import by_minute, observe

if TYPE_CHECKING:
    import pandas as pd


class Hours:
    """Collects one row per event-minute of each actor that would have been scored."""

    def __init__(self, *, learning: int = memory.LEARNING, least_days: int = memory.LEAST_DAYS) -> None:
        """`learning` in days: rows begin when an actor was known for so long and active on `least_days` days."""
        self._learning, self._least_days = learning, least_days
        self._rows, self._times = array("f"), array("q")
        self._actors: list[str] = []
        self._lengths: list[int] = []
        self.activities = 0

    def add(self, actor: str, activities: Iterable[Observed]) -> None:
        """All activities of one actor, oldest first; those that the features do not see are passed over."""
        state, before = Recent(), len(self._times)
        seen = [activity for activity in activities if activity.action in SEEN]
        self.activities += len(seen)
        for minute in by_minute(seen):
            state = observe(state, minute[:1])
            if self._ready(state):
                self._rows.extend(features.vector(state))
                self._times.append(minute[0].occurred_at)
            if len(minute) > 1:
                state = observe(state, minute[1:])
        self._actors.append(actor)
        self._lengths.append(len(self._times) - before)

    def _ready(self, state: Recent) -> bool:
        since, active = memory.known_for(state)
        return since >= self._learning and active >= self._least_days

    def __len__(self) -> int:
        return len(self._times)

    def frame(self) -> pd.DataFrame:
        """The rows so far: `actor` (categorical), `at` (ms) and a float32 column per feature."""
        import pandas as pd

        rows = np.frombuffer(self._rows, dtype=np.float32).reshape(-1, len(features.NAMES))
        made = pd.DataFrame(rows, columns=list(features.NAMES))
        codes = np.repeat(np.arange(len(self._actors)), self._lengths)
        made.insert(0, "actor", pd.Categorical.from_codes(codes, categories=self._actors))
        made.insert(1, "at", np.array(self._times, dtype=np.int64))
        return made
