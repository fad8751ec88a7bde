"""A detector's configuration: which version of it judges, under which settings, from when on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

#: The `effective_from` of what was there before anything was judged: it holds for all of the past.
ALWAYS = 0


class Configuration(msgspec.Struct, frozen=True):
    """From `effective_from` on (event time, ms) activities are judged by `slot` under `settings`.

    A detector whose every stage is `off` judges nothing, and neither does one that is gone: it has no stages.
    """

    detector: str
    slot: str  # detector.vVERSION
    settings: str  # JSON, keys sorted
    stages: Mapping[str, str]  # by arm
    hash: str  # of the settings, as alerts name it
    effective_from: int = ALWAYS
    made_at: int = 0

    @property
    def content(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What must differ from the one before for there to be a change."""
        return self.slot, self.settings, tuple(sorted(self.stages.items()))

    @property
    def gone(self) -> bool:
        """No program that ran then had this detector any more."""
        return not self.stages

    @property
    def version(self) -> int:
        return int(self.slot.rpartition(".v")[2])


def by_detector(history: Iterable[Configuration]) -> dict[str, list[Configuration]]:
    """Each detector's configurations in the order of their times, none the same as the one before it.

    `history` is in the order in which they were made; of two that take effect at the same millisecond the later counts.
    """
    times: dict[str, dict[int, Configuration]] = {}
    for each in history:
        times.setdefault(each.detector, {})[each.effective_from] = each
    found: dict[str, list[Configuration]] = {}
    for name, of in sorted(times.items()):
        rows = found[name] = []
        for at in sorted(of):
            if not rows or rows[-1].content != of[at].content:
                rows.append(of[at])
    return found


def changes(history: Iterable[Configuration], wanted: Iterable[Configuration]) -> list[Configuration]:
    """What must be put in effect so that `wanted` is: the detectors that are new, differ or are gone."""
    newest = {name: rows[-1] for name, rows in by_detector(history).items()}
    asked = {each.detector: each for each in wanted}
    new = [each for name, each in asked.items() if name not in newest or newest[name].content != each.content]
    gone = [
        msgspec.structs.replace(each, settings="{}", stages={}, hash="")
        for name, each in newest.items()
        if name not in asked and not each.gone
    ]
    return [*new, *gone]
