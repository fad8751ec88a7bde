"""How a field refuses its record: one stable code and one sentence that names the field and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

#: Characters of a value that a sentence repeats.
_SHOWN = 40


class Refused(Exception):
    """Raised while one record is read; `Normaliser` turns it into a dead letter."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def shown(value: Any) -> str:
    """A value fit for a sentence: quoted, at most 40 characters, control characters escaped."""
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
        return repr(short.encode("utf-8", "backslashreplace").decode())
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:_SHOWN]


def missing(field: str, remedy: str) -> Refused:
    return Refused("field_missing", f"{field} is missing; {remedy}")


def wrong_type(field: str, wanted: str, value: Any) -> Refused:
    return Refused("wrong_type", f"{field} is {shown(value)}; send {wanted}")


def unknown_value(field: str, value: str, valid: Iterable[str], *, code: str = "unknown_value") -> Refused:
    """Lists what is valid, the nearest spelling first."""
    return Refused(code, f"{field} {shown(value)} is unknown; use one of {', '.join(nearest_first(value, valid))}")


def nearest_first(value: str, valid: Iterable[str]) -> list[str]:
    names = list(valid)
    near = difflib.get_close_matches(value[:100], names, n=3, cutoff=0.5)
    return near + [name for name in names if name not in near]
