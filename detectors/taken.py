"""What one actor has taken out: C13's facts, and how each activity adds to them. Pure; judges nothing."""

from __future__ import annotations

import msgspec

from domain.actions import DATA_EXPORTED, REPORT_VIEWED
from domain.activity import Judged
from domain.clock import DAY, HOUR

from . import exports, history, windows
from .exports import Joins, Unit
from .history import Hours, Jobs
from .windows import Seen, Window

#: An actor's own limit is learned from so much history, and holds once there is so much of it.
LEARNING = 14 * DAY
#: The newest files remembered one by one.
KEEP_FILES = 128


class Taken(msgspec.Struct, frozen=True, gc=False):
    """Bound: 256 units and 128 files with 601 slots each, 256 keys, 512 joins, 840 hours, 8 jobs of 6 days: 130 kB."""

    rows: Window[Unit] = Window()
    files: Window[Unit] = Window()
    seen: Seen = Seen()
    joins: Joins = Joins()
    hours: Hours = Hours()
    jobs: Jobs = Jobs()
    until: int = 0  # before this moment (ms) nothing of it expires; it may be earlier than need be

    @property
    def gained(self) -> bool:
        """Whether the newest unit, just admitted, took out rows or took out an unknown number of them."""
        newest = self.rows.entries[-1]
        return newest.unknown or newest.amount > 0


def advance(taken: Taken, at: int, *, span: int, files_span: int) -> Taken:
    """The facts as they are at `at`, for windows of so many ms."""
    if at < taken.until:
        return taken
    rows, left = windows.expire(taken.rows, at - span)
    files, _ = windows.expire(taken.files, at - files_span)
    seen = windows.forget(taken.seen, at - max(span, files_span))
    joins = exports.expire(taken.joins, at)
    hours = history.expire_hours(history.record(taken.hours, left) if left else taken.hours, at)
    jobs = history.expire_jobs(taken.jobs, at, span)
    return dated(Taken(rows, files, seen, joins, hours, jobs), span=span, files_span=files_span)


def dated(taken: Taken, *, span: int, files_span: int) -> Taken:
    """The facts with the moment when the first of them expires, windows being of so many ms."""
    rows, files, seen, joins, hours, jobs = (
        taken.rows, taken.files, taken.seen, taken.joins, taken.hours, taken.jobs,
    )  # fmt: skip
    until = min(history.hours_until(hours), history.jobs_until(jobs, span))
    if rows.entries and (end := rows.since + span) < until:
        until = end
    if files.entries and (end := files.since + files_span) < until:
        until = end
    if seen.at and (end := seen.at[0] + max(span, files_span)) < until:
        until = end
    if joins.wanted and (end := joins.wanted[0].at + exports.JOIN_MEMORY) < until:
        until = end
    if joins.viewed and (end := joins.viewed[0].at + exports.JOIN_MEMORY) < until:
        until = end
    return Taken(rows, files, seen, joins, hours, jobs, until)


def kept(taken: Taken, before: Taken, at: int, *, span: int, files_span: int) -> Taken:
    """The facts after what happened at `at` was added to those `before`, with a moment before which none expires.

    What was added stays for the shortest of the spans. Only the slots of a flood begin before what is in them.
    """
    if taken.rows.slots is not before.rows.slots or taken.files.slots is not before.files.slots:
        return dated(taken, span=span, files_span=files_span)
    until = min(before.until, at + min(span, files_span, exports.JOIN_MEMORY))
    return Taken(taken.rows, taken.files, taken.seen, taken.joins, taken.hours, taken.jobs, until)


def download(taken: Taken, activity: Judged, *, files_span: int) -> tuple[Taken, bool]:
    """The facts after a download, and whether it adds to them."""
    seen, amount = exports.once(taken.seen, activity, exports.files_of(activity))
    files = taken.files
    if amount:
        files = windows.add(files, exports.unit(activity, amount), span=files_span, keep=KEEP_FILES)
    return Taken(taken.rows, files, seen, taken.joins, taken.hours, taken.jobs), bool(amount)


def export(taken: Taken, activity: Judged, told: int | None, *, span: int) -> tuple[Taken, bool]:
    """The facts after rows were taken out, and whether it adds to them; `told` is None when how many is unknown."""
    seen, amount = exports.once(taken.seen, activity, told or 0)
    if amount is None:
        return Taken(taken.rows, taken.files, seen, taken.joins, taken.hours, taken.jobs), False
    unit = exports.unit(activity, amount, unknown=told is None)
    rows, joins = windows.add(taken.rows, unit, span=span, keep=exports.KEEP), taken.joins
    if activity.object_id and activity.action == DATA_EXPORTED and told is None:
        joins = exports.want(joins, activity)
        rows = _joined(rows, joins, activity)
    elif activity.object_id and activity.action == REPORT_VIEWED and told is not None:
        joins = exports.view(joins, activity, told)
        rows = _joined(rows, joins, activity)
    jobs = history.use(taken.jobs, _through(activity), activity.occurred_at)
    if jobs.alone(activity.occurred_at - span):
        jobs = history.ran(jobs, activity.occurred_at, rows.total)
    after = Taken(rows, taken.files, seen, joins, taken.hours, jobs)
    return after, after.gained


def view(taken: Taken, activity: Judged) -> tuple[Taken, bool]:
    """The facts after a report ran that was not itself exported, and whether it told an export that it was larger."""
    if activity.count is None or not activity.object_id:
        return taken, False
    seen, first = exports.viewed_first(taken.seen, activity)
    if not first:
        return Taken(taken.rows, taken.files, seen, taken.joins, taken.hours, taken.jobs), False
    joins = exports.view(taken.joins, activity, max(0, activity.count))
    rows = _joined(taken.rows, joins, activity)
    return Taken(rows, taken.files, seen, joins, taken.hours, taken.jobs), rows.total > taken.rows.total


def learned(taken: Taken, at: int) -> bool:
    """Whether the actor has been known, to the clock hour, for the learning period."""
    return bool(taken.hours.hours) and taken.hours.hours[0] * HOUR <= at - LEARNING


def objects(window: Window[Unit]) -> str:
    """What the rows of a window were: `contact records` when they were of one type."""
    kinds = {unit.kind for unit in window.entries if unit.amount or unit.unknown}
    return f"{kinds.pop()} records" if len(kinds) == 1 and "" not in kinds else "records"


def _joined(rows: Window[Unit], joins: Joins, activity: Judged) -> Window[Unit]:
    """The window with the sizes that reports of the activity's id tell."""
    report = windows.named(activity.object_id)
    if not joins.viewed or not any(wanted.report == report for wanted in joins.wanted):
        return rows
    return exports.resize(rows, exports.sizes(joins, report))


def _through(activity: Judged) -> int:
    """What the rows went through: the app or, without one, the report; 0 when neither has a name."""
    if activity.app_id:
        return windows.named("app", activity.app_id)
    if activity.object_id and activity.action in (DATA_EXPORTED, REPORT_VIEWED):
        return windows.named("report", activity.object_id)
    return 0
