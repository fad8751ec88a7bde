"""The demo in words: an alert, and the scorecard for people and for programs. Pure but for the colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from domain.alert import Severity
from domain.clock import rfc3339
from simulation.scorecard import Found, Raised

if TYPE_CHECKING:
    from vedette.demo.plan import Plan
    from vedette.demo.play import Verdict

_COLOURS = {"LOW": 36, "MEDIUM": 33, "HIGH": 31, "CRITICAL": 41}


def alert_line(alert: Raised, seconds: float) -> str:
    """` 00:06 HIGH      login_after_failures   j.doe got in …`."""
    minutes, rest = divmod(int(seconds), 60)
    what = f"{alert.detector}/{alert.arm}" if alert.arm else alert.detector
    return f" {minutes:02}:{rest:02} {_coloured(Severity(alert.severity).name)} {what:23} {alert.sentence}"


def _coloured(name: str) -> str:
    padded = f"{name:8}"
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or name not in _COLOURS:
        return padded
    return f"\x1b[{_COLOURS[name]}m{padded}\x1b[0m"


def scorecard(verdict: Verdict, built: Collection[str]) -> Iterator[str]:
    """For people; `built` has the ids of the detectors that there are."""
    card = verdict.card
    yield f" {len(card.attacks)} attacks were hidden in it:"
    for attack in card.attacks:
        yield f"  {'found ' if attack.by else 'MISSED'}  {_what(attack)}: {_how(attack, built)}"
    yield f" {len(card.harmless)} harmless things looked like one:"
    for each in card.harmless:
        yield f"  {'ALARM ' if each.by else 'silent'}  {_what(each)}"
    found = len(card.attacks) - len(card.missed)
    yield (
        f" Scorecard: {found} of {len(card.attacks)} attacks found, {len(card.false)} false alerts above INFO"
        + ("" if card.median is None else f"; event to alert: median {card.median:.1f} s, worst {card.worst:.1f} s")
    )
    for alert in card.false:
        yield f"  false   {Severity(alert.severity).name} {alert.detector}: {alert.sentence}"


def _what(of: Found) -> str:
    return f"{of.title} ({of.actor.partition('@')[0]})"


def _how(attack: Found, built: Collection[str]) -> str:
    if attack.by:
        strongest, more = attack.by[0], len(attack.by) - 1
        said = f"{strongest.detector} {Severity(strongest.severity).name} after {attack.seconds:.1f} s"
        return f"{said}, and {more} more" if more else said
    if attack.detector not in built:
        return f"{attack.detector} is not built yet"
    return f"{attack.detector} did not see it"


def as_json(plan: Plan, verdict: Verdict) -> dict[str, Any]:
    """For programs: one object. Seconds and rates are of this run, all else is the same for the same plan."""
    card, history, morning = verdict.card, verdict.history, verdict.morning
    return {
        "seed": plan.seed,
        "start": rfc3339(plan.start),
        "people": plan.people,
        "attacks_planted": len(card.attacks),
        "attacks_found": len(card.attacks) - len(card.missed),
        "attacks_missed": [attack.name for attack in card.missed],
        "attacks": {attack.name: _attack(attack) for attack in card.attacks},
        "false_alerts": len(card.false),
        "false": [_alert(alert) for alert in card.false],
        "lookalikes_planted": len(card.harmless),
        "lookalikes_alerted": [each.name for each in card.harmless if each.by],
        "alerts_while_learning": card.learning,
        "median_seconds": card.median,
        "worst_seconds": card.worst,
        "events": {"history": history.events, "morning": morning.events},
        "seconds": {"history": round(history.seconds, 2), "morning": round(morning.seconds, 2)},
        "events_per_second": round(history.events / history.seconds, 1),
        "alerts_digest": verdict.digest,
    }


def _attack(attack: Found) -> dict[str, Any]:
    return {
        "made_for": attack.detector,
        "seconds": None if attack.seconds is None else round(attack.seconds, 3),
        "found_by": [_alert(alert) for alert in attack.by],
    }


def _alert(alert: Raised) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "detector": alert.detector,
        "severity": Severity(alert.severity).name,
        "sentence": alert.sentence,
    }
