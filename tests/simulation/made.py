"""A small company, and its events judged by one sequential fold: no Kafka, no store, the same alerts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from detectors.registry import load
from domain.activity import Activity
from domain.alert import Content
from domain.judgement import DetectorFailure
from domain.subject import token_of
from engine.fold import Folder
from engine.memory import Memory
from simulation.company import Company, morning_of
from simulation.people import FEWEST
from simulation.records import Event
from simulation.scorecard import Raised
from tests.ingest.made import TOKENS, normaliser, record

SEED = 7


@cache
def company(seed: int = SEED) -> Company:
    """The smallest there is, on the morning of its seed."""
    return Company(seed, morning_of(seed), FEWEST)


@cache
def history(seed: int = SEED) -> tuple[Event, ...]:
    return tuple(company(seed).history())


def said(event: Event) -> dict[str, Any]:
    """The record of an event."""
    found: dict[str, Any] = msgspec.json.decode(event.raw)
    return found


def activities(events: Iterable[Event]) -> list[Activity]:
    """What ingest makes of the events; fails on a dead letter."""
    reader, found = normaliser(), []
    for place, event in enumerate(events):
        outcome = reader.normalise(record(event.raw, offset=place))
        assert isinstance(outcome, list), outcome
        found += outcome
    return found


def judged(events: Iterable[Activity]) -> list[Raised]:
    """Every live alert that the detectors of this checkout give, as it stands at the end."""
    registry = load({})
    folder, failures = Folder(registry), list[DetectorFailure]()
    memories: dict[str, Memory] = {}
    alerts: dict[str, Content] = {}
    names: dict[str, str] = {}
    for activity in sorted(events, key=lambda a: a.key):
        for subject in folder.subjects(activity):
            memory = memories.setdefault(subject, Memory())
            for content in folder.apply(memory, subject, [activity], failures):
                alerts[content.alert_id] = content
        names[activity.activity_id] = activity.native_id
    assert failures == []
    return [_raised(content, names) for content in alerts.values() if content.stage == "live"]


def _raised(content: Content, names: dict[str, str]) -> Raised:
    return Raised(
        alert_id=content.alert_id,
        detector=content.detector,
        severity=content.severity,
        token=token_of(content.subject),
        events=(names[content.opener[1]], names[content.completed[1]]),
        completed=content.completed[0],
        seconds=0.0,
    )


token = TOKENS
