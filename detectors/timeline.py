"""What judges when: the configurations there ever were, cut into spans of event time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from domain.clock import millis
from domain.configuration import ALWAYS, Configuration, by_detector

from .registry import Armed, Registry, rearm

#: Before and after every time, ms.
BEFORE_ALL: Final = -(2**62)
AFTER_ALL: Final = 2**62
Rearm = Callable[[Configuration], Armed | None]


class Activation(msgspec.Struct, frozen=True):
    """From `at` on (ms) a slot judges that did not just before; `horizon` (ms) of the past is what it must know.

    `first` says that it never judged before, so that nobody may have seen to it that its activities are sent.
    """

    at: int
    scope: str
    horizon: int
    first: bool


class _Span(NamedTuple):
    start: int
    end: int
    armed: Armed


@dataclass(frozen=True, slots=True)
class Timeline:
    """`segments`: from when on (ms) which detectors judge, or warm up; the first holds before all."""

    segments: tuple[tuple[int, Registry], ...]
    activations: tuple[Activation, ...] = ()
    #: The newest configurations that this program cannot judge by: it must not judge what comes.
    beyond: tuple[Configuration, ...] = ()


def timeline(history: Iterable[Configuration], rearm: Rearm = rearm) -> Timeline:
    """The timeline of all configurations that were ever made, in the order they were made.

    A slot that comes into effect warms up for its horizon before, finding nothing. What this program cannot judge any
    more (an older version, a setting that is gone) is a hole: nothing is found there, and nothing else takes its place.
    """
    spans: list[_Span] = []
    activations: list[Activation] = []
    beyond: list[Configuration] = []
    for rows in by_detector(history).values():
        judged = _judged(rows, rearm)
        for span in judged:
            earlier = [each for each in judged if each.armed.slot == span.armed.slot and each.end <= span.start]
            if span.start == BEFORE_ALL or any(each.end == span.start for each in earlier):
                continue
            spec = span.armed.detector.spec
            horizon = millis(spec.horizon)
            activations.append(Activation(span.start, spec.scope, horizon, first=not earlier))
            warm = max(span.start - horizon, *(each.end for each in earlier), BEFORE_ALL)
            spans.append(_Span(warm, span.start, span.armed.warm()))
        spans += judged
        if not rows[-1].gone and rearm(rows[-1]) is None:
            beyond.append(rows[-1])
    return Timeline(_segments(spans), tuple(sorted(activations, key=lambda each: each.at)), tuple(beyond))


def _judged(rows: Sequence[Configuration], rearm: Rearm) -> list[_Span]:
    """When a detector judged, under what."""
    ends = [*(each.effective_from for each in rows[1:]), AFTER_ALL]
    found = []
    for row, end in zip(rows, ends, strict=True):
        armed = rearm(row)
        if armed is not None and armed.on:
            found.append(_Span(BEFORE_ALL if row.effective_from <= ALWAYS else row.effective_from, end, armed))
    return found


def _segments(spans: Sequence[_Span]) -> tuple[tuple[int, Registry], ...]:
    cuts = sorted({BEFORE_ALL, *(span.start for span in spans), *(span.end for span in spans)} - {AFTER_ALL})
    return tuple(
        (cut, Registry(tuple(span.armed for span in sorted(spans, key=_slot) if span.start <= cut < span.end)))
        for cut in cuts
    )


def _slot(span: _Span) -> str:
    return span.armed.slot
