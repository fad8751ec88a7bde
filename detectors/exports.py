"""What C13 counts: how many rows an activity took out, and how a report tells an export its size. Pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from domain.actions import API_CALLED, DATA_EXPORTED, FILE_DOWNLOADED, RECORD_READ, REPORT_VIEWED
from domain.activity import Judged
from domain.clock import MINUTE

from . import parts, windows
from .windows import Seen, Window, fingerprint

#: The newest units remembered one by one; the keys by which repetitions are known.
KEEP, KEEP_SEEN = 256, 256
#: A report tells its size to an export at most this far away.
JOIN = 10 * MINUTE
#: Reports and exports of unknown size are remembered this long (a report may be claimed by an export that has left
#: the window), and this many of each; of one report, the newest 32 of each take part.
JOIN_MEMORY, KEEP_JOINS, KEEP_PAIRED = 90 * MINUTE, 256, 32
#: What takes rows out only when a program does it.
BY_PROGRAM, PROGRAMS = frozenset({RECORD_READ, API_CALLED}), frozenset({"api", "bulk"})


class Unit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that took rows out. An export of unknown size has amount 0 until a report tells."""

    at: int
    id: str
    amount: int
    kind: str  # object type
    unknown: bool = False


class Wanted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An export that came without its size."""

    at: int
    id: str
    report: int  # fingerprint of the report's id


class Viewed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A report that ran and told its rows; `counted` when it was itself counted as an export."""

    at: int
    id: str
    report: int
    rows: int
    counted: bool


J = TypeVar("J", Wanted, Viewed)


class Joins(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Exports that came without their size, and reports that could tell it. Bound: 256 of each."""

    wanted: tuple[Wanted, ...] = ()
    viewed: tuple[Viewed, ...] = ()


def rows_of(activity: Judged) -> int | None:
    """How many rows the activity took out; None when it took out some but does not say how many; -1 when it is none.

    A record read through the API is a row even when no count says so. A call that tells no count is not judged here.
    """
    action = activity.action
    if activity.outcome in ("failure", "denied"):
        return -1
    if action == DATA_EXPORTED or (action == REPORT_VIEWED and activity.exported):
        return None if activity.count is None else max(0, activity.count)
    if action in BY_PROGRAM and activity.channel in PROGRAMS:
        if activity.count is not None:
            return max(0, activity.count)
        if action == RECORD_READ and (activity.object_ids or activity.object_id):
            return len(activity.object_ids) or 1
    return -1


def files_of(activity: Judged) -> int:
    """How many files the activity took out: one unless it says more."""
    if activity.action != FILE_DOWNLOADED or activity.outcome in ("failure", "denied"):
        return 0
    return 1 if activity.count is None else max(0, activity.count)


def once(seen: Seen, activity: Judged, amount: int) -> tuple[Seen, int | None]:
    """The memory after the activity, and how much of `amount` is new; None for a repetition that adds nothing.

    One execution (and one part of it) or one request counts once, with the largest amount it was told with. Single
    records and files are told apart within one request, for each of them is a row.
    """
    if activity.execution_id:
        words = ("execution", activity.execution_id, str(activity.sequence))
    elif activity.request_id:
        words = ("request", activity.request_id, "")
    else:
        return seen, amount
    single = activity.count is None and activity.action in (RECORD_READ, FILE_DOWNLOADED)
    key = fingerprint(*words, activity.object_id if single else "")
    seen, before = windows.see(seen, key, activity.occurred_at, amount=amount, keep=KEEP_SEEN)
    if before is None:
        return seen, amount
    return seen, amount - before if amount > before else None


def viewed_first(seen: Seen, activity: Judged) -> tuple[Seen, bool]:
    """The memory after a report was viewed, and whether this execution of it is met for the first time."""
    name = activity.execution_id or activity.request_id
    if not name:
        return seen, True
    key = fingerprint("report", name, str(activity.sequence))
    seen, before = windows.see(seen, key, activity.occurred_at, keep=KEEP_SEEN)
    return seen, before is None


def expire(joins: Joins, at: int) -> Joins:
    """The joins as they are at `at` (ms)."""
    before = at - JOIN_MEMORY
    wanted, viewed = joins.wanted, joins.viewed
    if (not wanted or wanted[0].at > before) and (not viewed or viewed[0].at > before):
        return joins
    return Joins(_after(wanted, before), _after(viewed, before))


def _after(found: tuple[J, ...], before: int) -> tuple[J, ...]:
    gone = 0
    while gone < len(found) and found[gone].at <= before:
        gone += 1
    return found[gone:]


def want(joins: Joins, activity: Judged) -> Joins:
    """The joins with one more export that came without its size."""
    export = Wanted(activity.occurred_at, activity.activity_id, windows.named(activity.object_id))
    return Joins((*joins.wanted, export)[-KEEP_JOINS:], joins.viewed)


def view(joins: Joins, activity: Judged, rows: int) -> Joins:
    """The joins with one more report that told its rows."""
    report = windows.named(activity.object_id)
    viewed = Viewed(activity.occurred_at, activity.activity_id, report, rows, bool(activity.exported))
    return Joins(joins.wanted, (*joins.viewed, viewed)[-KEEP_JOINS:])


def sizes(joins: Joins, report: int) -> dict[str, int | None]:
    """By export id, the rows that a report told; None for an export that found no report.

    The nearest pair joins first, the earlier one when two are as near; each report and each export is used once. An
    export whose report was counted itself adds nothing to it.
    """
    exports = [w for w in joins.wanted if w.report == report][-KEEP_PAIRED:]
    reports = [v for v in joins.viewed if v.report == report][-KEEP_PAIRED:]
    pairs = sorted(
        (abs(v.at - w.at), place, other)
        for place, w in enumerate(exports)
        for other, v in enumerate(reports)
        if abs(v.at - w.at) <= JOIN
    )
    told: dict[str, int | None] = {w.id: None for w in exports}
    used: set[int] = set()
    for _, place, other in pairs:
        if told[exports[place].id] is None and other not in used:
            used.add(other)
            told[exports[place].id] = 0 if reports[other].counted else reports[other].rows
    return told


def resize(window: Window[Unit], told: dict[str, int | None]) -> Window[Unit]:
    """The window with the sizes that reports told."""
    if not told:
        return window
    entries = tuple(
        Unit(e.at, e.id, told[e.id] or 0, e.kind, told[e.id] is None) if e.id in told else e for e in window.entries
    )
    grown = sum(e.amount for e in entries) - sum(e.amount for e in window.entries)
    return window if entries == window.entries else Window(entries, window.slots, window.total + grown, window.count)


def unit(activity: Judged, amount: int, *, unknown: bool = False) -> Unit:
    return Unit(activity.occurred_at, activity.activity_id, amount, activity.object_type[: parts.WORD], unknown)
