"""The configurations that were ever in effect, as people read about them: what changed, and from when on. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from domain.clock import rfc3339
from domain.configuration import ALWAYS, Configuration, by_detector

from . import parts
from .registry import rearm


class Changed(msgspec.Struct, frozen=True):
    """One thing that is otherwise than before; None is one that there was not, or is not any more."""

    what: str  # a setting's name, `version`, or `stage of ARM`
    before: Any
    after: Any


class Change(msgspec.Struct, frozen=True):
    """A configuration, and what it changed. `effective_from` is None for one that holds always."""

    detector: str
    slot: str
    effective_from: str | None
    made_at: str
    settings_hash: str | None
    settings: dict[str, Any]
    stages: dict[str, str]
    changed: tuple[Changed, ...] = ()


def changes(history: Iterable[Configuration]) -> list[Change]:
    """All of them in the order of their times, each beside the one before it of the same detector."""
    found: list[tuple[int, Change]] = []
    for rows in by_detector(history).values():
        for before, each in zip((None, *rows), rows, strict=False):
            found.append((each.effective_from, _change(before, each)))
    return [change for _, change in sorted(found, key=lambda pair: (pair[0], pair[1].detector))]


def _change(before: Configuration | None, after: Configuration) -> Change:
    settings = _settings(after)
    changed = list[Changed]()
    if before is not None:
        if before.version != after.version:
            changed.append(Changed("version", before.version, after.version))
        changed += _differences("", {} if before.gone else _settings(before), settings)
        changed += _differences("stage of ", dict(before.stages), dict(after.stages))
    return Change(
        detector=after.detector,
        slot=after.slot,
        effective_from=rfc3339(after.effective_from) if after.effective_from > ALWAYS else None,
        made_at=rfc3339(after.made_at),
        settings_hash=after.hash or None,
        settings=settings,
        stages=dict(after.stages),
        changed=tuple(changed),
    )


def _differences(prefix: str, before: dict[str, Any], after: dict[str, Any]) -> list[Changed]:
    return [
        Changed(f"{prefix}{name}", before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _settings(each: Configuration) -> dict[str, Any]:
    """With spans in words, where this program knows which of them are spans."""
    armed = rearm(each)
    if armed is None:
        return msgspec.json.decode(each.settings, type=dict[str, Any])
    return {
        name: parts.in_words(value // timedelta(milliseconds=1)) if isinstance(value, timedelta) else value
        for name, value in armed.settings.items()
    }
