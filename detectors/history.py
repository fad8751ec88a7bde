"""How much a subject usually moves: rows per clock hour of five weeks, and the runs of each app or report. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import msgspec

from domain.clock import DAY, HOUR

from . import baseline

#: The current 168 clock hours and four blocks of as many before them.
WEEK_HOURS = 168
HOURS_KEPT = 5 * WEEK_HOURS
#: A recurring job is known by its last five days with a run, of which so many must resemble the current one.
RUNS, RUNS_ALIKE = 5, 4
#: After every moment (ms).
NEVER = 2**62
#: Apps and reports in memory; the least recently used makes room.
JOBS = 8
#: How long a run is remembered: five weekly ones.
RUNS_MEMORY = 35 * DAY


class Hours(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Rows by UTC clock hour (hours since 1970), hours with nothing left out. Bound: 840 hours."""

    hours: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()


def record(hours: Hours, left: tuple[tuple[int, int], ...]) -> Hours:
    """The hours with what left the window, as (at in ms, rows), oldest first."""
    sums: dict[int, int] = {}
    for at, amount in left:
        hour = at // HOUR
        sums[hour] = sums.get(hour, 0) + amount
    names, rows = hours.hours, hours.rows
    if names and names[-1] in sums:
        rows = (*rows[:-1], rows[-1] + sums.pop(names[-1]))
    return Hours((*names, *sums), (*rows, *sums.values())) if sums else Hours(names, rows)


def expire_hours(hours: Hours, at: int) -> Hours:
    """The hours as they are at `at` (ms): the current one and 839 before it."""
    oldest = at // HOUR - HOURS_KEPT + 1
    if not hours.hours or hours.hours[0] >= oldest:
        return hours
    old = bisect_left(hours.hours, oldest)
    return Hours(hours.hours[old:], hours.rows[old:])


def hours_until(hours: Hours) -> int:
    """When the first of the hours expires (ms)."""
    return (hours.hours[0] + HOURS_KEPT) * HOUR if hours.hours else NEVER


def largest(hours: Hours, start: int, span: int) -> int:
    """The most rows of one clock hour that began within `span` ms before `start`."""
    return max(hours.rows[bisect_left(hours.hours, -(-(start - span) // HOUR)) :], default=0)


def usual_day(hours: Hours, start: int, days: int) -> int | None:
    """The median rows of the UTC days before the one of `start`, at most `days` of them; None without such a day.

    Empty days count, days before the first sight do not.
    """
    today = start // DAY
    if not hours.hours or hours.hours[0] // 24 >= today:
        return None
    first = max(hours.hours[0] // 24, today - days)
    sums = dict.fromkeys(range(first, today), 0)
    for hour, amount in zip(hours.hours, hours.rows, strict=True):
        if hour // 24 in sums:
            sums[hour // 24] += amount
    return int(baseline.median(tuple(sums.values())))


def this_week(hours: Hours, at: int) -> int:
    """The rows of the current clock hour and the 167 before it, as far as they have left the window."""
    return sum(hours.rows[bisect_right(hours.hours, at // HOUR - WEEK_HOURS) :])


def weekly_median(hours: Hours, at: int) -> float | None:
    """The median of the four blocks of 168 clock hours before this week's; None when none has been seen whole."""
    if not hours.hours:
        return None
    end, blocks = at // HOUR - WEEK_HOURS, []
    for block in range(4):
        last = end - block * WEEK_HOURS
        if hours.hours[0] > last:
            break
        start, stop = bisect_right(hours.hours, last - WEEK_HOURS), bisect_right(hours.hours, last)
        blocks.append(sum(hours.rows[start:stop]))
    return baseline.median(blocks) if blocks else None


class Run(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One UTC day of one app or report: the hours it was at work (bit n: hour n), and the most it moved in a window."""

    day: int
    hours: int
    rows: int


class Job(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An app or report and its last days with a run. Bound: today and five before."""

    key: int
    runs: tuple[Run, ...]


class Jobs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the subject's rows went through, least recently used first, and whether it is alone in the window.

    Bound: 8 jobs.
    """

    jobs: tuple[Job, ...] = ()
    current: int = 0
    current_at: int | None = None  # when the current one last moved something
    other_at: int | None = None  # when another one last did

    def alone(self, since: int) -> bool:
        """Whether everything after `since` (ms) went through the current app or report."""
        return self.current != 0 and (self.other_at is None or self.other_at <= since)


def use(jobs: Jobs, key: int, at: int) -> Jobs:
    """The jobs after something went through `key` (0: through nothing that has a name)."""
    other = jobs.other_at if key == jobs.current else jobs.current_at
    return Jobs(jobs.jobs, key, at, other)


def ran(jobs: Jobs, at: int, rows: int) -> Jobs:
    """The jobs after the current one, alone in the window, has moved `rows` in it."""
    key, day, bit = jobs.current, at // DAY, 1 << at // HOUR % 24
    known = next((job for job in jobs.jobs if job.key == key), None)
    runs = known.runs if known else ()
    if runs and runs[-1].day == day:
        last = runs[-1]
        if last.hours & bit and last.rows >= rows and jobs.jobs[-1] is known:
            return jobs
        runs = (*runs[:-1], Run(day, last.hours | bit, max(last.rows, rows)))
    else:
        runs = (*runs, Run(day, bit, rows))[-RUNS - 1 :]
    others = tuple(job for job in jobs.jobs if job is not known)
    return Jobs((*others, Job(key, runs))[-JOBS:], jobs.current, jobs.current_at, jobs.other_at)


def expire_jobs(jobs: Jobs, at: int, span: int) -> Jobs:
    """The jobs as they are at `at` (ms), for a window of `span` ms."""
    found, current_at, other_at, current = jobs.jobs, jobs.current_at, jobs.other_at, jobs.current
    oldest = (at - RUNS_MEMORY) // DAY
    if any(job.runs[0].day <= oldest for job in found):
        kept = ((job.key, tuple(run for run in job.runs if run.day > oldest)) for job in found)
        found = tuple(Job(key, runs) for key, runs in kept if runs)
    if current_at is not None and current_at <= at - span:
        current, current_at = 0, None
    if other_at is not None and other_at <= at - span:
        other_at = None
    if found is jobs.jobs and current_at is jobs.current_at and other_at is jobs.other_at:
        return jobs
    return Jobs(found, current, current_at, other_at)


def jobs_until(jobs: Jobs, span: int) -> int:
    """When the first of what is known of the jobs expires (ms), for a window of `span` ms."""
    until = NEVER
    for job in jobs.jobs:
        if (end := job.runs[0].day * DAY + RUNS_MEMORY) < until:
            until = end
    for at in (jobs.current_at, jobs.other_at):
        if at is not None and at + span < until:
            until = at + span
    return until


def as_usual(jobs: Jobs, at: int, rows: int) -> bool:
    """Whether the current app or report runs at its usual hour and moves what it usually does.

    Of its last five days with a run before today, four had it at work within an hour of this hour of the day, and
    `rows` is at most one and a half times the 95th percentile of what it moved in a window on those five.
    """
    job = next((job for job in jobs.jobs if job.key == jobs.current), None)
    earlier = tuple(run for run in job.runs if run.day < at // DAY)[-RUNS:] if job else ()
    if len(earlier) < RUNS:
        return False
    hour = at // HOUR % 24
    near = 1 << hour | 1 << (hour + 1) % 24 | 1 << (hour - 1) % 24
    alike = sum(1 for run in earlier if run.hours & near)
    return alike >= RUNS_ALIKE and 2 * rows <= 3 * baseline.percentile([run.rows for run in earlier], 95)
