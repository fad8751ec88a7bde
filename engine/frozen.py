"""Frozen alerts: those that no fold can give again, so that none may revise, withdraw or replace them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domain.alert import Content
from domain.clock import BEGINNING

#: Why an alert is frozen, by the reason's short name.
REASONS: Final[Mapping[str, str]] = {
    "settings": "it was made by a version or under settings that this program cannot judge by any more",
    "erased": "events that it, or a later alert of the same subject, was made of are no longer stored",
    "expired": "events that it was made of were received so long ago that they have expired, or soon will",
}


class Foldable(NamedTuple):
    """By slot, the hashes of the settings that this program can fold with, and how far back a fold looks (ms)."""

    made: Mapping[str, frozenset[str]]
    horizons: Mapping[str, int]


class Missing(NamedTuple):
    """What happened up to these times (ms) may be missing in the store: for its age, and because it was erased."""

    expired: int = BEGINNING
    erased: int = BEGINNING


def missing(standing: Sequence[Content], stored: Iterable[str], *, until: int, expired: int = BEGINNING) -> Missing:
    """What is missing of a subject of which `stored` are the ids of all activities before `until` (ms).

    `standing` are its alerts: an activity is stored before it is judged, so one that an alert names was there once.
    """
    asked = {c.alert_id: named(c) for c in standing if c.completed[0] < until}
    if not asked:
        return Missing(expired)
    kept = set().union(*asked.values()).intersection(stored)
    gone = [c.completed[0] for c in standing if c.alert_id in asked and not asked[c.alert_id] <= kept]
    return Missing(expired, max(gone, default=BEGINNING))


def named(content: Content) -> set[str]:
    """The activities that an alert names."""
    return {content.opener[1], content.completed[1], *content.evidence.first, *content.evidence.last}


def frozen(content: Content, foldable: Foldable, lost: Missing) -> str:
    """Why the alert is frozen, a name of REASONS; "" when it is not.

    A fold gives it only if all is stored from a horizon before its opener on.
    """
    if content.settings not in foldable.made.get(content.slot, ()):
        return "settings"
    first = content.opener[0] - foldable.horizons.get(content.slot, 0)
    if first <= lost.erased:
        return "erased"
    return "expired" if first <= lost.expired else ""
