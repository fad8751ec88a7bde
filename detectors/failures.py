"""What A1 and A2 share, and A3 in part: which failed sign-ins count, and where a login usually signs in from. Pure."""

from __future__ import annotations

import msgspec

from domain.activity import Judged
from domain.clock import SECOND

from . import baseline, windows
from .baseline import Usual
from .windows import Seen, Window

#: Failures that say nothing about guessing: the account is already locked, or the service was down.
UNCOUNTED = frozenset({"locked", "outage"})
#: The newest failures that are remembered one by one, and the keys by which repetitions are known.
KEEP, KEEP_SEEN = 128, 128


class Failure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One counted failure."""

    at: int
    id: str
    address: str  # token, "" when unknown: all of those are one bucket
    whereabouts: int  # baseline.whereabouts
    expired: bool

    @property
    def amount(self) -> int:
        return 1


class SignIns(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The failures of a login's window, and its usual whereabouts by successes of the last 29 days.

    Bound: 128 failures, 601 slots, 128 keys, 16 values of 30 days each: 60 kB as JSON.
    """

    window: Window[Failure] = Window()
    seen: Seen = Seen()
    usual: Usual = Usual()
    unexpired_at: int | None = None  # the last failure with another reason than an expired password


def advance(signins: SignIns, at: int, span: int) -> SignIns:
    """What is left of the memory at `at`, with failures of the last `span` ms."""
    window, _ = windows.expire(signins.window, at - span)
    seen = windows.forget(signins.seen, at - span)
    usual = baseline.expire(signins.usual, at)
    other = signins.unexpired_at
    if other is not None and other <= at - span:
        other = None
    if window is signins.window and seen is signins.seen and usual is signins.usual and other is signins.unexpired_at:
        return signins
    return SignIns(window, seen, usual, other)


def fail(signins: SignIns, activity: Judged, span: int) -> tuple[SignIns, bool]:
    """The memory after a failure, and whether it counts.

    With a request id it counts once per request. Without one, at most one counts per address and second where the
    source tells seconds; where it tells only minutes or hours, each counts.
    """
    if activity.reason in UNCOUNTED:
        return signins, False
    seen, first = once(signins.seen, activity, activity.ip_token)
    if not first:
        return SignIns(signins.window, seen, signins.usual, signins.unexpired_at), False
    at = activity.occurred_at
    expired = activity.reason == "expired"
    failure = Failure(at, activity.activity_id, activity.ip_token, baseline.whereabouts(activity), expired)
    window = windows.add(signins.window, failure, span=span, keep=KEEP)
    return SignIns(window, seen, signins.usual, signins.unexpired_at if expired else at), True


def once(seen: Seen, activity: Judged, where: str) -> tuple[Seen, bool]:
    """The keys after a failure, and whether it is the first of its request or, without one, of `where` and its second.

    Where the source tells only minutes or hours, each failure without a request is one of its own.
    """
    if activity.request_id:
        key = windows.fingerprint("request", activity.request_id)
    elif activity.time_precision in ("ms", "s"):
        key = windows.fingerprint("second", where, str(activity.occurred_at // SECOND))
    else:
        return seen, True
    seen, before = windows.see(seen, key, activity.occurred_at, keep=KEEP_SEEN)
    return seen, before is None


def succeed(signins: SignIns, activity: Judged) -> SignIns:
    """The memory after a success: its whereabouts were met once more."""
    where = baseline.whereabouts(activity)
    if not where:
        return signins
    usual = baseline.meet(signins.usual, where, activity.occurred_at)
    if usual is signins.usual:
        return signins
    return SignIns(signins.window, signins.seen, usual, signins.unexpired_at)


def only_expired(signins: SignIns, since: int) -> bool:
    """Whether every counted failure after `since` (ms) says that the password has expired."""
    return signins.unexpired_at is None or signins.unexpired_at <= since


def from_own_device(signins: SignIns, window: Window[Failure], activity: Judged) -> bool:
    """Whether `activity` and all failures of `window` came from one usual device and place; never in a flood."""
    where = baseline.whereabouts(activity)
    return (
        bool(where)
        and not window.full
        and all(failure.whereabouts == where for failure in window.entries)
        and baseline.is_usual(signins.usual, where, activity.occurred_at)
    )


def addresses(window: Window[Failure]) -> int:
    """How many addresses the failures came from; those without one count as one."""
    return len({failure.address for failure in window.entries})
