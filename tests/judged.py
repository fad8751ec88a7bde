"""Activities as judges get them: cut from what is stored, as bundles have them."""

from __future__ import annotations

from collections.abc import Iterable

from domain.activity import Activity, Judged
from domain.wire import activities_of, bodies, judged


def as_judged(activities: Iterable[Activity]) -> list[Judged]:
    """What is judged of each."""
    return activities_of(b"[" + b",".join(map(judged, bodies(list(activities)))) + b"]")
