"""Words on a page: parts of an alert as text, people by pseudonym or by name, and nothing longer than it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detectors.parts import in_words
from domain.alert import Content, Part
from domain.subject import CLIENT, SOURCE, TENANT, token_of

_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}")
_KINDS = {SOURCE: "address", CLIENT: "app", TENANT: "tenant"}
_PART_SCOPES = {"ip": SOURCE, "address": SOURCE, "app": CLIENT}


@dataclass(frozen=True)
class Naming:
    """Turns tokens into what a channel may read: the name where one is given, else a pseudonym that stays the same."""

    names: Mapping[str, str]

    def __call__(self, token: str, scope: str = "") -> str:
        return self.names.get(token) or f"{_KINDS.get(scope, 'person')}-{token[:8]}"


def tokens(content: Content, others: Iterable[str] = ()) -> set[str]:
    """Every token that a page about this alert could name."""
    said = (*content.parts.values(), *content.baseline.values())
    return {part["token"] for part in said if isinstance(part, dict) and "token" in part} | {
        token for token in (token_of(content.subject), *others) if token
    }


def word(part: Part, naming: Naming, scope: str = "") -> str:
    """One part as text: numbers grouped, spans as `9 m 59 s`, tokens by `naming`, the unknown as such."""
    if part is None:
        return "unknown"
    if isinstance(part, dict):
        if "token" in part:
            return naming(part["token"], scope)
        return in_words(int(part["span_ms"])) if "span_ms" in part else ", ".join(part.values())
    if isinstance(part, float):
        return f"{part:,.2f}".rstrip("0").rstrip(".")
    return f"{part:,}" if isinstance(part, int) else part


def fill(template: str, parts: Mapping[str, Part], naming: Naming) -> str:
    """The template with its {part} and {part:one|many} filled in; "" when a part is missing."""

    def one(match: re.Match[str]) -> str:
        name, singular, plural = match.groups()
        part = parts[name]
        text = word(part, naming, _PART_SCOPES.get(name, ""))
        return text if singular is None else f"{text} {singular if part == 1 else plural}"

    try:
        return _PLACEHOLDER.sub(one, template)
    except KeyError:
        return ""


def clip(text: str, at_most: int) -> str:
    """One printable line of at most so many characters."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= at_most else line[: at_most - 1].rstrip() + "…"
