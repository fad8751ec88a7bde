"""Salesforce ids: 15 characters that tell case apart, or 18 that do not need it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SHORT: Final = re.compile(r"[A-Za-z0-9]{15}")
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@lru_cache(maxsize=100_000)
def long_id(value: str) -> str:
    """The 18 characters of a 15-character id; anything else as it is.

    Each of the three letters added says which of five characters are capital, so 18 characters may be compared without
    case, and two ids that differ by case alone stay two.
    """
    if not _SHORT.fullmatch(value):
        return value
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, letter in enumerate(value[start : start + 5]) if "A" <= letter <= "Z")
        suffix += _SUFFIX[bits]
    return value + suffix
