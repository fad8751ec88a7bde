"""Fragments of SQL and rows that several stores share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

#: Ids per query.
TOGETHER = 500


class Text(msgspec.Struct, array_like=True):
    value: str


class Number(msgspec.Struct, array_like=True):
    value: float


class Pair(msgspec.Struct, array_like=True):
    first: str
    second: str


def ms(column: str) -> str:
    return f"toUnixTimestamp64Milli({column})"


def moment(parameter: str = "at") -> str:
    """The moment of a parameter in ms."""
    return f"fromUnixTimestamp64Milli({{{parameter}:Int64}}, 'UTC')"


def slices(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER))
