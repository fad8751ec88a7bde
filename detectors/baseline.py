"""What is usual for a subject: values met on several days, and the largest count of each day. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from domain.activity import Judged
from domain.clock import DAY

from .windows import named

#: How long a value or a day is remembered. A detector's horizon is a day longer, so that a day is whole or not there.
MEMORY = 29 * DAY
#: A new value waits this long, and must be met on this many days, before it is usual.
WAIT, DAYS_MET = 3 * DAY, 2
#: A subject has at most this many values in memory; the least recently met makes room.
VALUES = 16
#: What came through one of these never becomes usual by itself.
ANONYMISING = frozenset({"vpn", "tor", "relay", "hosting"})


class Value(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One value, and when it was first met on each UTC day (ms). Bound: 30 days."""

    key: int
    met: tuple[int, ...]


class Usual(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The values of the last 29 days, least recently met first. Bound: 16 values."""

    values: tuple[Value, ...] = ()


def meet(usual: Usual, key: int, at: int) -> Usual:
    """The memory after `key` was met at `at` (ms)."""
    values = usual.values
    for known in values:
        if known.key == key:
            break
    else:
        return Usual((*values, Value(key, (at,)))[-VALUES:])
    if known.met[-1] // DAY == at // DAY:
        if values[-1] is known:
            return usual
        met = known.met
    else:
        met = (*known.met, at)
    return Usual((*(value for value in values if value is not known), Value(key, met)))


def expire(usual: Usual, at: int) -> Usual:
    """The memory as it is at `at` (ms): nothing in it is 29 days old."""
    before = at - MEMORY
    for value in usual.values:
        if value.met[0] <= before:
            break
    else:
        return usual
    kept = [(value.key, value.met[bisect_right(value.met, before) :]) for value in usual.values]
    return Usual(tuple(Value(key, met) for key, met in kept if met))


def is_usual(usual: Usual, key: int, at: int) -> bool:
    """Whether `key` was first met three days or more before `at`, and on two days or more."""
    for value in usual.values:
        if value.key == key:
            return len(value.met) >= DAYS_MET and value.met[0] <= at - WAIT
    return False


def whereabouts(activity: Judged) -> int:
    """One key for place and device together; 0 when either is unknown or the network hides the place.

    Place is the country or, where that is unknown, the network (IPv4 /24, IPv6 /48). Device is the device id or, where
    there is none, the family of the user agent.
    """
    place = activity.country or activity.net_token
    device = activity.device_id or activity.agent_family
    if not place or not device or activity.network in ANONYMISING:
        return 0
    return named(place, device)


class Peaks(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The largest count of each UTC day, days in order. Bound: 30 days."""

    days: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()


def raise_peak(peaks: Peaks, at: int, count: int) -> Peaks:
    """The memory after a count was `count` at `at` (ms)."""
    day = at // DAY
    if not peaks.days or peaks.days[-1] != day:
        return Peaks((*peaks.days, day), (*peaks.counts, count))
    if peaks.counts[-1] >= count:
        return peaks
    return Peaks(peaks.days, (*peaks.counts[:-1], count))


def expire_peaks(peaks: Peaks, at: int) -> Peaks:
    """The memory as it is at `at` (ms): every day in it began within the last 29 days."""
    if not peaks.days or peaks.days[0] * DAY > at - MEMORY:
        return peaks
    old = bisect_right(peaks.days, (at - MEMORY) // DAY)
    return Peaks(peaks.days[old:], peaks.counts[old:])


def earlier_days(peaks: Peaks, at: int) -> tuple[int, ...]:
    """The counts of the days before the one of `at`."""
    return peaks.counts[:-1] if peaks.days and peaks.days[-1] == at // DAY else peaks.counts


def percentile(values: Sequence[int], percent: int) -> int:
    """The nearest-rank percentile; 0 of nothing."""
    return sorted(values)[-(-len(values) * percent // 100) - 1] if values else 0


def median(values: Sequence[int]) -> float:
    """The middle value, or the mean of the two middle ones; 0 of nothing."""
    if not values:
        return 0
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
