"""The detectors as people read about them: the README's table and the API's catalogue, both from the specs. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.alert import Severity

from . import parts
from .base import Spec
from .registry import Registry, specs
from .sentence import plain_sentence

_HEAD = ("Detector", "Judges", "Fires on", "Severity", "Cooldown", "Needs", "Known false positives", "ATT&CK")


def table(of: tuple[Spec, ...] | None = None) -> str:
    """The README's detector table, in Markdown."""
    lines = [_row(_HEAD), _row(tuple("---" for _ in _HEAD))]
    return "\n".join([*lines, *(_row(_cells(spec)) for spec in (specs() if of is None else of))]) + "\n"


def entries(registry: Registry) -> list[dict[str, Any]]:
    """The API's catalogue: the contract of each detector, with the settings and stages in force."""
    found = []
    for armed in sorted(registry.all, key=lambda each: specs().index(each.detector.spec)):
        spec = armed.detector.spec
        found.append(
            {
                "id": spec.id,
                "code": spec.code,
                "version": spec.version,
                "title": spec.title,
                "severity": Severity(spec.severity).name,
                "scope": spec.scope,
                "actions": sorted(spec.actions),
                "attack": list(spec.attack),
                "horizon": _length(spec.horizon),
                "cooldown": _length(spec.cooldown),
                "arms": [
                    {"name": arm.name, "fires": arm.fires, "stage": armed.stages[arm.name], "source": arm.source}
                    for arm in spec.arms
                ],
                "sentence": plain_sentence(spec.sentence),
                "activation": spec.activation,
                "false_positives": spec.false_positives,
                "tuning": spec.tuning,
                "settings": {
                    name: _length(value) if isinstance(value, timedelta) else value
                    for name, value in armed.settings.items()
                },
                "settings_hash": armed.settings_hash,
            }
        )
    return found


def _cells(spec: Spec) -> tuple[str, ...]:
    fires = "; ".join(
        f"{arm.fires}{'' if arm.stage == 'live' else f' ({arm.stage})'} [{arm.source}]" for arm in spec.arms
    )
    return (
        f"**{spec.code}** `{spec.id}`",
        spec.scope,
        fires,
        Severity(spec.severity).name,
        _length(spec.cooldown),
        spec.activation,
        spec.false_positives,
        ", ".join(spec.attack),
    )


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _length(value: timedelta) -> str:
    return parts.in_words(value // timedelta(milliseconds=1)) if value else "none"
