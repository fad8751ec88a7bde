"""The one place that reads a clock. Everything else takes the time as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import NewType

#: Milliseconds since 1970-01-01 UTC: exact, sortable, the same in Python, msgpack and ClickHouse.
Millis = NewType("Millis", int)

BEGINNING = Millis(-(2**53))
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def now() -> Millis:
    """The wall clock, UTC."""
    return Millis(time.time_ns() // 1_000_000)


def millis(value: timedelta | datetime) -> Millis:
    """A span or an aware moment in whole milliseconds."""
    if isinstance(value, timedelta):
        return Millis(value // timedelta(milliseconds=1))
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no UTC offset")
    return Millis((value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def moment(at: int) -> datetime:
    """The aware UTC datetime of `at` milliseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


def rfc3339(at: int) -> str:
    """`2026-11-24T09:00:00.000Z`."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
