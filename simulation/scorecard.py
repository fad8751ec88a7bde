"""The scorecard: which attacks of a morning were found, what alerted without need, and how long it took. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from domain.alert import Severity
from domain.clock import HOUR
from simulation.labels import ATTACK, HARMLESS, Scenario

#: An alert on a subject of an attack that comes so long after the attack's last event is still about it. ms.
AFTERMATH = HOUR


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """One live alert that stands. `events` are the records' own ids of its opener and of what completed it."""

    alert_id: str
    detector: str
    arm: str = ""  # where it is not the detector's first
    severity: int
    token: str  # of its subject
    events: tuple[str, ...]
    completed: int  # ms
    seconds: float  # from the arrival of the event that opened it to the first time it was stored
    sentence: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One attack: what found it, the strongest first; () when nothing did."""

    name: str
    title: str
    actor: str
    detector: str  # the one that is made for it
    by: tuple[Raised, ...]

    @property
    def seconds(self) -> float | None:
        """To the first alert about it."""
        return min((alert.seconds for alert in self.by), default=None)


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """A morning, judged. Only alerts above INFO count."""

    attacks: tuple[Found, ...]
    harmless: tuple[Found, ...]  # what looks like an attack; `by` is what should not be there
    false: tuple[Raised, ...]  # every alert about no attack
    learning: int  # alerts about the history, before the morning
    median: float | None  # seconds from event to alert
    worst: float | None

    @property
    def missed(self) -> tuple[Found, ...]:
        return tuple(attack for attack in self.attacks if not attack.by)

    @property
    def clean(self) -> bool:
        """Every attack was found and nothing else alerted."""
        return not self.missed and not self.false


def score(
    scenarios: Sequence[Scenario], alerts: Sequence[Raised], token: Callable[[str], str], *, start: int
) -> Scorecard:
    """Judge the alerts of a morning that began at `start` (ms); `token` turns a scenario's values into subjects.

    An alert is about an attack when one of its events belongs to the attack, or when its subject does and it was
    completed within the attack or an hour after it.
    """
    loud = [alert for alert in alerts if alert.severity > Severity.INFO]
    live = [alert for alert in loud if alert.completed >= start]
    subjects = {s.name: frozenset(map(token, s.values)) for s in scenarios}
    events = {s.name: frozenset(s.events) for s in scenarios}

    def about(alert: Raised, scenario: Scenario) -> bool:
        if not events[scenario.name].isdisjoint(alert.events):
            return True
        during = scenario.first <= alert.completed <= scenario.last + AFTERMATH
        return during and alert.token in subjects[scenario.name]

    attacks = [s for s in scenarios if s.kind == ATTACK]
    false = [alert for alert in live if not any(about(alert, attack) for attack in attacks)]
    seconds = [alert.seconds for alert in live]
    return Scorecard(
        attacks=tuple(_found(s, [alert for alert in live if about(alert, s)]) for s in attacks),
        harmless=tuple(_found(s, [a for a in false if about(a, s)]) for s in scenarios if s.kind == HARMLESS),
        false=tuple(sorted(false, key=_order)),
        learning=len(loud) - len(live),
        median=round(median(seconds), 3) if seconds else None,
        worst=round(max(seconds), 3) if seconds else None,
    )


def _found(scenario: Scenario, by: Sequence[Raised]) -> Found:
    return Found(
        name=scenario.name,
        title=scenario.title,
        actor=scenario.actor,
        detector=scenario.detector,
        by=tuple(sorted(by, key=_order)),
    )


def _order(alert: Raised) -> tuple[int, int, str]:
    return (-alert.severity, alert.completed, alert.alert_id)
