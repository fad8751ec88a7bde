"""Words on a page: people by pseudonym or by name, short headlines, and nothing longer than it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from detectors.sentence import shown
from domain.alert import Content, Part
from domain.subject import CLIENT, SOURCE, TENANT, scope_of, token_of

_PLACE = re.compile(r"\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}")
_KINDS = {SOURCE: "address", CLIENT: "app", TENANT: "tenant"}
_PART_SCOPES = {"ip": SOURCE, "address": SOURCE, "app": CLIENT}


def tokens(content: Content, addresses: Iterable[str] = ()) -> dict[str, str]:
    """Every token that a page about this alert could show, with the scope it belongs to."""
    found = {address: SOURCE for address in addresses if address}
    for name, part in (*content.parts.items(), *content.baseline.items()):
        if isinstance(part, dict) and part.get("token"):
            found[part["token"]] = _PART_SCOPES.get(name, "")
    found[token_of(content.subject)] = scope_of(content.subject)
    return found


def naming(scopes: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What each token is called: its name where the channel may know it, else a pseudonym that stays the same."""
    return {token: known.get(token) or pseudonym(token, scope) for token, scope in scopes.items()}


def pseudonym(token: str, scope: str = "") -> str:
    """`person-1f0c2d3e`, `address-…` or `app-…`."""
    return f"{_KINDS.get(scope, 'person')}-{token[:8]}"


def fill(template: str, parts: Mapping[str, Part], names: Mapping[str, str]) -> str:
    """The template with its {part} and {part:one|many} filled in; "" when a part is missing or nothing is left."""

    def one(place: re.Match[str]) -> str:
        part = parts[place[1]]
        text = shown(part, names)
        return text if place[2] is None else f"{text} {place[2] if part == 1 else place[3]}"

    try:
        return _PLACE.sub(one, template)
    except KeyError:
        return ""


def clip(text: str, at_most: int) -> str:
    """One printable line of at most so many characters."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= at_most else line[: at_most - 1].rstrip() + "…"
