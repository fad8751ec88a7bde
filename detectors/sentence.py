"""An alert in words: the sentence of its detector filled from the parts that the alert stores. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from domain.alert import Content, Part, Severity
from domain.subject import token_of

from . import parts
from .registry import specs

_PLACE = re.compile(r"\{(\w+)(?::([^|{}]*)\|([^{}]*))?\}")


@cache
def _templates() -> dict[str, str]:
    return {spec.slot: spec.sentence for spec in specs()}


def sentence(content: Content, names: Mapping[str, str]) -> str:
    """What happened, in one sentence.

    `names` holds the values of the tokens that the reader may know; another token is shown by its first 8 digits. The
    observed number is `at least` when the detector's memory was full. A detector that is no longer there still gives a
    sentence, of the parts it stored.
    """
    template = _templates().get(content.slot)
    if template is None:
        told = ", ".join(f"{name} {shown(part, names)}" for name, part in sorted(content.parts.items()))
        return f"{content.detector}: {told}" if told else f"{content.detector} found {number(content.observed)}"
    bounded = content.evidence.at_least

    def fill(place: re.Match[str]) -> str:
        nonlocal bounded
        part = content.parts.get(place[1])
        text = shown(part, names)
        if place[2] is not None:
            text = f"{text} {place[2] if part == 1 else place[3]}"
        if bounded and isinstance(part, int | float) and part == content.observed:
            bounded, text = False, f"at least {text}"
        return text

    return _PLACE.sub(fill, template)


def headed(content: Content, names: Mapping[str, str]) -> str:
    """The sentence, with who it is about before it where it does not say so: for lists, in which nothing else does."""
    said, name = sentence(content, names), names.get(token_of(content.subject), "")
    return said if name in said else f"{name}: {said}"


def explanation(content: Content, names: Mapping[str, str]) -> dict[str, Any]:
    """Why the alert is there, for the API: observed, threshold, baseline, severity and why, and what was suppressed."""
    return {
        "observed": content.observed,
        "at_least": content.evidence.at_least,
        "threshold": content.threshold,
        "baseline": {name: _plain(part, names) for name, part in sorted(content.baseline.items())},
        "severity": Severity(content.severity).name,
        "why": _plain(content.parts.get("why", ""), names),
        "suppressed": _plain(content.parts.get("suppressed", ""), names),
        "arm": content.arm,
        "stage": content.stage,
    }


def plain_sentence(template: str) -> str:
    """A detector's sentence for people who read about it: placeholders without their grammar."""
    return _PLACE.sub(lambda place: f"{{{place[1]}}}" + (f" {place[3]}" if place[2] is not None else ""), template)


def shown(part: Part, names: Mapping[str, str]) -> str:
    """One part in words."""
    plain = _plain(part, names)
    if plain is None:
        return "unknown"
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        return str(plain)
    return number(plain)


def number(value: float) -> str:
    """`118,400`, `12.5`."""
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def _plain(part: Part, names: Mapping[str, str]) -> str | int | float | None:
    if not isinstance(part, dict):
        return part
    if "token" in part:
        token = part["token"]
        return names.get(token) or token[:8] or "unknown"
    if "span_ms" in part:
        return parts.in_words(int(part["span_ms"]))
    return ", ".join(f"{name} {value}" for name, value in sorted(part.items()))
