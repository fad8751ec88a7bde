"""Settle: a subject's alerts, refolded from its stored activities, compared with those that stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.activity import Activity
from domain.alert import Content
from domain.judgement import AlertRevision, DetectorFailure
from engine.fold import EPISODE_LIMIT, Folder, Memory
from engine.frozen import Missing, frozen


@dataclass(frozen=True, slots=True)
class Refolded:
    """The memory after the fold, alerts that are new or differ (with the ids they replace), and those truth lacks."""

    memory: Memory
    emitted: list[tuple[Content, tuple[str, ...]]]
    withdrawn: list[Content]


def refold(
    folder: Folder,
    subject: str,
    rows: list[Activity],
    known: Mapping[str, AlertRevision],
    failures: list[DetectorFailure],
    lost: Missing = Missing(),  # noqa: B008 a value
) -> Refolded:
    """Fold `rows` (key order) from nothing and compare with the `known` revisions of the subject's alerts.

    Where so much is `lost` that no fold can tell, what stands stays as it is, and nothing is added to it.
    """
    memory = Memory()
    truth: dict[str, Content] = {}
    for content in folder.apply(memory, subject, rows, failures):
        truth[content.alert_id] = content
    standing = {i: r for i, r in known.items() if not r.withdrawn}
    fixed = {i for i, r in standing.items() if frozen(r.content, folder.foldable, lost)}
    withdrawn = [r.content for i, r in standing.items() if i not in truth and i not in fixed]
    replaced: dict[str, list[str]] = {}
    for old in withdrawn:
        heir = _heir(old, truth)
        if heir is not None:
            replaced.setdefault(heir, []).append(old.alert_id)
    emitted = []
    for i, content in truth.items():
        if i in fixed or frozen(content, folder.foldable, lost):
            continue
        before = known.get(i)
        replaces = tuple(sorted({*(before.replaces if before else ()), *replaced.get(i, ())}))
        if i not in standing or standing[i].content != content or standing[i].replaces != replaces:
            emitted.append((content, replaces))
    return Refolded(memory, emitted, withdrawn)


def _heir(old: Content, truth: Mapping[str, Content]) -> str | None:
    """The alert that takes a vanished one's place: same slot and arm, its opener nearest, at most an episode away."""
    near = [
        (abs(c.opener[0] - old.opener[0]), i)
        for i, c in truth.items()
        if c.slot == old.slot and c.arm == old.arm and abs(c.opener[0] - old.opener[0]) <= EPISODE_LIMIT
    ]
    return min(near)[1] if near else None
