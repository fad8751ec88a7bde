"""Sliding windows over what happened: exact rings of bounded size, and memories of ids already counted. Pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

import msgspec

from domain.clock import SECOND

#: A full ring counts on in slots of a 600th of its span, and never in less than a second.
SLOTS_PER_SPAN = 600


class Happened(Protocol):
    """What a window holds: when (ms), how much, and the activity's id."""

    @property
    def at(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=Happened)


class Slot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How many entries, and how much in them, began within one slot of time: what no longer fits into the ring."""

    at: int
    amount: int
    count: int


class Window(msgspec.Struct, Generic[E], frozen=True, array_like=True, gc=False):
    """What happened within (t − span, t], oldest first.

    The newest `keep` entries are exact. Older ones of a flood live on in `slots`, which leave the window when their
    first millisecond does, so that `total` and `count` are then lower bounds and `full` says so. Bound: `keep` entries
    and 601 slots.
    """

    entries: tuple[E, ...] = ()
    slots: tuple[Slot, ...] = ()
    total: int = 0
    count: int = 0

    @property
    def full(self) -> bool:
        return bool(self.slots)

    @property
    def since(self) -> int:
        """When the oldest of it happened (ms); the window must not be empty."""
        return self.slots[0].at if self.slots else self.entries[0].at

    def ids(self) -> list[str]:
        return [entry.id for entry in self.entries]


def expire(window: Window[E], before: int) -> tuple[Window[E], tuple[tuple[int, int], ...]]:
    """The window without what happened at or before `before` (ms), and what left it as (at, amount), oldest first."""
    entries, slots = window.entries, window.slots
    if not entries or window.since > before:
        return window, ()
    left, total, count, old = [], window.total, window.count, 0
    for slot in slots:
        if slot.at > before:
            break
        left.append((slot.at, slot.amount))
        total, count, old = total - slot.amount, count - slot.count, old + 1
    gone = 0
    for entry in entries:
        if entry.at > before:
            break
        left.append((entry.at, entry.amount))
        total, gone = total - entry.amount, gone + 1
    return Window(entries[gone:], slots[old:], total, count - gone), tuple(left)


def add(window: Window[E], entry: E, *, span: int, keep: int) -> Window[E]:
    """The window with one more entry, which is the newest; `span` in ms."""
    entries, slots = window.entries, window.slots
    if len(entries) >= keep:
        slots, entries = _merge(slots, entries[0], span), entries[1:]
    return Window((*entries, entry), slots, window.total + entry.amount, window.count + 1)


def _merge(slots: tuple[Slot, ...], entry: Happened, span: int) -> tuple[Slot, ...]:
    width = max(SECOND, span // SLOTS_PER_SPAN)
    start = entry.at // width * width
    if slots and slots[-1].at == start:
        last = slots[-1]
        return (*slots[:-1], Slot(start, last.amount + entry.amount, last.count + 1))
    return (*slots, Slot(start, entry.amount, 1))


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Keys seen lately, least recently seen first, each with the largest amount it came with. Bound: what `see` keeps.

    Seeing a key again keeps it alive, counted or not: whether something is a repetition depends on the span before it
    alone, never on how an older repetition was taken.
    """

    keys: tuple[int, ...] = ()
    at: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()


def see(seen: Seen, key: int, at: int, *, amount: int = 0, keep: int) -> tuple[Seen, int | None]:
    """The memory after `key` came at `at` (ms), and the largest amount it came with before; None when it is new."""
    keys, times, amounts, before = seen.keys, seen.at, seen.amounts, None
    if key in keys:
        place = keys.index(key)
        before = amounts[place]
        keys = keys[:place] + keys[place + 1 :]
        times = times[:place] + times[place + 1 :]
        amounts = amounts[:place] + amounts[place + 1 :]
        amount = max(amount, before)
    elif len(keys) >= keep:
        keys, times, amounts = keys[1:], times[1:], amounts[1:]
    return Seen((*keys, key), (*times, at), (*amounts, amount)), before


def forget(seen: Seen, before: int) -> Seen:
    """The memory without what was last seen at or before `before` (ms)."""
    if not seen.at or seen.at[0] > before:
        return seen
    old = bisect_right(seen.at, before)
    return Seen(seen.keys[old:], seen.at[old:], seen.amounts[old:])


@lru_cache(maxsize=10_000)
def named(*words: str) -> int:
    """The fingerprint of words that come again and again: an app, a report, a device."""
    return fingerprint(*words)


def fingerprint(*words: str) -> int:
    """48 bits that stand for `words` in a state: short, the same on every machine, and nothing to read."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(words).encode("utf-8", "surrogatepass"), digest_size=6).digest())
