"""What detectors build findings from, beside plain numbers and words, and how they refuse settings. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from domain.errors import SettingsInvalid

#: Words from outside (an object type) are cut to this length in states and parts.
WORD = 64


def span(ms: int) -> dict[str, str]:
    """A part of a sentence that is a length of time, shown like `9 m 59 s`."""
    return {"span_ms": str(ms)}


def in_words(ms: int) -> str:
    """`9 m 59 s`, `1 h`, `3 d 4 h`: the two largest units, rounded down; `under 1 s` below a second."""
    seconds = ms // 1000
    if seconds < 1:
        return "under 1 s"
    amounts = ((seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    first = next(place for place, (amount, _) in enumerate(amounts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in amounts[first : first + 2] if amount)


def refuse(detector: str, setting: str, value: object, must: str) -> NoReturn:
    """Raise SettingsInvalid, naming the setting, its value and what it must be."""
    shown = in_words(value // timedelta(milliseconds=1)) if isinstance(value, timedelta) else value
    raise SettingsInvalid(f"{detector}: {setting} is {shown}; it must be {must}")


def check_number(detector: str, setting: str, value: float, *, low: float, high: float) -> None:
    """Refuse a number that is none, or outside [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        refuse(detector, setting, value, f"from {low:,} to {high:,}")


def check_span(detector: str, setting: str, value: timedelta, *, low: timedelta, high: timedelta) -> None:
    """Refuse a length of time outside [low, high]."""
    if not low <= value <= high:
        shown = [in_words(bound // timedelta(milliseconds=1)) for bound in (low, high)]
        refuse(detector, setting, value, f"from {shown[0]} to {shown[1]}")
