"""What `vedette sources list`, `coverage` and `try` print."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from domain import clock
from domain.activity import FIELDS, Activity
from domain.sources import GENERIC
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.files import rows
from ingest.normalise import Normaliser
from ingest.record import Record, Skip
from ingest.settings import IngestSettings
from ingest.sources.mapping import Mapping
from ingest.sources.registry import ADAPTERS
from transport.topics import RAW, RAW_IMPORT
from vedette.commands.sources import table
from vedette.coverage import BLIND, SEES, Sight, sights

_HIDDEN = frozenset(
    {"tenant", "activity_id", "source", "feed", "record_digest", "epoch", "lane", "offset", "index", "received_at"}
)


def listed() -> str:
    """The sources, where their records go, and what they do not tell."""
    known = [
        (name, RAW if name == GENERIC else f"{RAW}.{name}", f"{len(adapter.yields)} of 29", adapter.blind)
        for name, adapter in ADAPTERS.items()
    ]
    told = f"on {RAW} and in `vedette import` without --source a record's source is told by its fields"
    return table([("SOURCE", "TOPIC", "ACTIONS", "NOT TOLD"), *known]) + f"\n\n{told}"


def coverage() -> str:
    """Detector by source, and beneath it what each misses."""
    found = sights(ADAPTERS)
    by_detector: dict[str, list[Sight]] = {}
    for each in found:
        by_detector.setdefault(f"{each.code} {each.detector}", []).append(each)
    grid = [(name, *(each.level for each in sees)) for name, sees in by_detector.items()]
    spots = [
        f"  {each.code} {each.level.lower()} on {each.source}: {_missing(each)}" for each in found if each.level != SEES
    ]
    return "\n".join((table([("DETECTOR", *ADAPTERS), *grid]), "", "What is missing:", *spots))


def _missing(sight: Sight) -> str:
    parts = [f"no {', '.join(sight.actions)}"] if sight.actions else []
    if sight.fields:
        parts.append(f"{'it needs' if sight.level == BLIND else 'never filled:'} {', '.join(sight.fields)}")
    return "; ".join(parts)


def tried(mapping: Path, file: Path) -> int:
    """What the mapping makes of each row, and the counts; 1 when a row was refused. Nothing is stored."""
    source = Mapping(mapping).source
    tokens = Tokeniser(bytes(32))  # no key of a tenant is made or read: nothing of this is kept
    settings = IngestSettings(mappings=(str(mapping),), default_tenant="try")
    normalise = Normaliser(settings, lambda _: tokens).normalise
    counts: Counter[str] = Counter()
    for line, raw in rows(file, source):
        outcome = normalise(Record(RAW_IMPORT, 0, line, 0, clock.now(), (("source", source.encode()),), raw))
        if isinstance(outcome, DeadLetter):
            counts["refused"] += 1
            print(f"{file.name}:{line}: refused, {outcome.code}: {outcome.reason}")
        elif isinstance(outcome, Skip):
            counts["skipped"] += 1
            print(f"{file.name}:{line}: skipped, {outcome.kind}")
        else:
            counts["understood"] += 1
            print(f"{file.name}:{line}: {_told(outcome[0])}")
    words = ", ".join(f"{counts[name]} {name}" for name in ("understood", "skipped", "refused"))
    print(f"{counts.total()} rows: {words}", file=sys.stderr)
    return 1 if counts["refused"] else 0


def _told(activity: Activity) -> str:
    """The fields that are filled, the time for people."""
    blank = Activity(tenant="", activity_id="", occurred_at=0, action="", source="", feed="", native_id="")
    said = [
        f"{name}={clock.rfc3339(clock.Millis(value)) if name == 'occurred_at' else value}"
        for name in FIELDS
        if name not in _HIDDEN
        and not name.endswith("_token")
        and (value := getattr(activity, name)) != getattr(blank, name)
    ]
    return " ".join(said)
