"""How many events a key may send: a bucket per key that refills all the time, told in the RateLimit headers."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

import msgspec

from api.problems import Problem
from domain import clock

#: Seconds of the rate that a bucket holds.
_HELD: Final = 10
_KEYS: Final = 10_000


class Room(msgspec.Struct, frozen=True):
    """What is left in a bucket of `size` events, and in how many seconds it is full again."""

    size: int
    left: int
    full_in: int

    @property
    def headers(self) -> dict[str, str]:
        """As "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers) names them."""
        return {
            "RateLimit-Policy": f'"events";q={self.size};w={_HELD}',
            "RateLimit": f'"events";r={self.left};t={self.full_in}',
        }


class Rates:
    """Buckets of this process; `per_second` events for each key, 0 for no limit. A bucket holds at least `least`."""

    def __init__(self, per_second: int, *, least: int) -> None:
        self._rate, self._size = per_second, max(per_second * _HELD, least)
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, key: str, events: int, *, at: int) -> Room | None:
        """Takes the events out of the key's bucket at `at` (ms); None without a limit. Problem 429 takes nothing."""
        if not self._rate:
            return None
        left, since = self._left.get(key, (float(self._size), at))
        left = min(float(self._size), left + max(0, at - since) / clock.SECOND * self._rate)
        if events > left:
            self._put(key, left, at)
            wait = math.ceil((events - left) / self._rate)
            raise Problem(
                429,
                "too_many_events",
                f"this key may send {self._rate} events a second; send these {events} again in {wait} s",
                headers={"Retry-After": str(wait), **self._room(left).headers},
            )
        self._put(key, left - events, at)
        return self._room(left - events)

    def _put(self, key: str, left: float, at: int) -> None:
        self._left[key] = (left, at)
        self._left.move_to_end(key)
        if len(self._left) > _KEYS:
            self._left.popitem(last=False)

    def _room(self, left: float) -> Room:
        return Room(self._size, int(left), math.ceil((self._size - left) / self._rate))
