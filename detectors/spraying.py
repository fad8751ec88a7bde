"""What A3 remembers of an address: who failed and who got in there, within fixed bounds. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from domain.activity import Judged
from domain.clock import DAY, HOUR

from . import windows
from .windows import Seen

T = TypeVar("T")

#: Tries that are remembered one by one, and successes: more of these cannot change what share of it all failed.
KEEP = 512
#: Successful accounts in memory, for how long, and those that got in after a try. Twice the hour that a success and
#: a spray may lie apart.
KEEP_USERS, MEMORY = 128, 7 * DAY
KEEP_HITS, HITS_MEMORY = 32, 2 * HOUR
#: Where failures are stuffing, so many percent of the accounts have so few of them at most.
MOST, FEW = 80, 2
#: At a learned egress every threshold is so many times as high, and so many percent of all sign-ins must have failed.
FACTOR, SHARE = 3, 60
#: How private addresses begin (RFC 1918, unique local), as they are kept.
_PRIVATE = ("10.", "192.168.", *(f"172.{n}." for n in range(16, 32)), "fc", "fd")


class Tries(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Counted failures, oldest first, as columns. Bound: 512."""

    at: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    dropped_at: int | None = None  # the newest that had to make room: a count that reaches back to it is a lower bound


def expire(tries: Tries, before: int) -> Tries:
    """The tries without those at or before `before` (ms)."""
    dropped = tries.dropped_at
    if dropped is not None and dropped <= before:
        dropped = None
    old = bisect_right(tries.at, before)
    if not old and dropped == tries.dropped_at:
        return tries
    return Tries(tries.at[old:], tries.accounts[old:], tries.ids[old:], dropped)


def add(tries: Tries, at: int, account: int, name: str, *, most: int) -> Tries:
    """The tries with one more, the newest. An account with `most` of them makes room itself, so that one device with
    an old password never hides the other accounts."""
    dropped, place = tries.dropped_at, None
    if len(tries.at) >= most and tries.accounts.count(account) >= most:
        place = tries.accounts.index(account)
    elif len(tries.at) >= KEEP:
        place = 0
    if place is not None:
        gone = tries.at[place]
        dropped = gone if dropped is None else max(dropped, gone)
    return Tries(
        _push(tries.at, at, place), _push(tries.accounts, account, place), _push(tries.ids, name, place), dropped
    )


def _push(column: tuple[T, ...], value: T, place: int | None) -> tuple[T, ...]:
    """The column with one more value, and without the one at `place`."""
    return (*column, value) if place is None else (*column[:place], *column[place + 1 :], value)


class Hit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A success of an account that had failed here, or that came here for the first time."""

    at: int
    account: int
    id: str
    tried_at: int  # its last failure; of one that came for the first time, the success itself


class Reach(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When an arm last fired, and what it counted."""

    arm: str
    at: int
    since: int  # the first try that counts
    users: int
    tries: int
    threshold: int
    severity: int  # without a success
    why: str


class Address(msgspec.Struct, frozen=True, gc=False):
    """Facts of one address. Bound: 512 tries and successes, 128 keys and users, 8 days, 32 hits, 3 arms: 60 kB."""

    tries: Tries = Tries()
    seen: Seen = Seen()
    unexpired_at: int | None = None  # the last failure with another reason than an expired password
    successes: tuple[int, ...] = ()  # ms
    users: Seen = Seen()  # accounts that got in, and when they last did
    days: tuple[int, ...] = ()  # the last success of each UTC day, ms
    hits: tuple[Hit, ...] = ()
    reached: tuple[Reach, ...] = ()


def advance(known: Address, at: int, span: int, within: int) -> Address:
    """What is left of the memory at `at`, with arms of at most `span` ms and successes up to `within` ms after them."""
    unexpired, successes, days, hits, reached = (
        known.unexpired_at, known.successes, known.days, known.hits, known.reached,
    )  # fmt: skip
    if unexpired is not None and unexpired <= at - span:
        unexpired = None
    if successes and successes[0] <= at - span:
        successes = successes[bisect_right(successes, at - span) :]
    if days and days[0] <= at - MEMORY:
        days = days[bisect_right(days, at - MEMORY) :]
    if hits and hits[0].at < at - HITS_MEMORY:
        hits = tuple(hit for hit in hits if hit.at >= at - HITS_MEMORY)
    if reached and any(reach.at < at - within for reach in reached):
        reached = tuple(reach for reach in reached if reach.at >= at - within)
    tries, seen = expire(known.tries, at - span - within), windows.forget(known.seen, at - span)
    users = windows.forget(known.users, at - MEMORY)
    return Address(tries, seen, unexpired, successes, users, days, hits, reached)


def succeed(known: Address, at: int, account: int, name: str, *, few: int) -> tuple[Address, bool]:
    """The memory after a success, and whether it is a hit: of an account that had failed, or that is new to an address
    from which fewer than `few` people sign in."""
    accounts, hits, tried = known.tries.accounts, known.hits, None
    if len(known.users.keys) < few and account not in known.users.keys:
        tried = at
    elif account in accounts:
        tried = known.tries.at[len(accounts) - 1 - accounts[::-1].index(account)]
    if tried is not None:
        hits = (*hits, Hit(at, account, name, tried))[-KEEP_HITS:]
    users, _ = windows.see(known.users, account, at, keep=KEEP_USERS)
    same = known.days and known.days[-1] // DAY == at // DAY
    days = (*(known.days[:-1] if same else known.days), at)
    successes = (*known.successes[1 - KEEP :], at)
    state = Address(known.tries, known.seen, known.unexpired_at, successes, users, days, hits, known.reached)
    return state, tried is not None


@dataclass(frozen=True)
class Way:
    """The numbers of one arm; `span` in ms. Accounts with more than `each` tries are left out; without it, of all
    accounts 80 % must have two tries at most."""

    arm: str
    span: int
    users: int
    tries: int
    each: int | None


@dataclass(frozen=True)
class Count:
    """What an arm counts: accounts, and their tries, oldest first, by when (ms) and what each was."""

    users: int
    at: tuple[int, ...]
    ids: tuple[str, ...]


def count(way: Way, tries: Tries, at: int, factor: int) -> Count | None:
    """What `way` counts within its span that ends at `at`, thresholds times `factor`; None below them."""
    start, end = bisect_right(tries.at, at - way.span), bisect_right(tries.at, at)
    if end - start < factor * max(way.users, way.tries):
        return None
    accounts = tries.accounts[start:end]
    per = Counter(accounts)
    if len(per) < factor * way.users:
        return None
    loudest, kept = max(per.values()), None
    if way.each is None:
        few = len(per) if loudest <= FEW else sum(1 for times in per.values() if times <= FEW)
        if 100 * few < MOST * len(per):
            return None
    elif loudest > way.each:
        kept = [place for place, account in enumerate(accounts, start) if per[account] <= way.each]
    if kept is None:
        return Count(len(per), tries.at[start:end], tries.ids[start:end])
    users = len({tries.accounts[place] for place in kept})
    if users < factor * way.users:
        return None
    return Count(users, tuple(tries.at[place] for place in kept), tuple(tries.ids[place] for place in kept))


def mostly_failed(known: Address, at: int, span: int, tries: int) -> bool:
    """Whether `tries` are 60 % or more of all sign-ins of the last `span` ms."""
    succeeded = len(known.successes) - bisect_right(known.successes, at - span)
    return tries * (100 - SHARE) >= SHARE * succeeded


def users_since(known: Address, before: int) -> int:
    """How many accounts got in after `before` (ms)."""
    return len(known.users.at) - bisect_right(known.users.at, before)


def hits_of(known: Address, reach: Reach, within: int) -> list[Hit]:
    """The hits that belong to what an arm counted: tried since its first try, and at most `within` ms from its last."""
    return [hit for hit in known.hits if hit.tried_at >= reach.since and hit.at >= reach.at - within]


def stated_egress(activity: Judged) -> bool:
    """Whether the company said that it leaves through this address, by an `egress_range` fact or an override.

    Its own private ranges are no egress: behind such an address stands one machine, not a company.
    """
    return activity.network == "corporate" and not activity.ip.startswith(_PRIVATE)
