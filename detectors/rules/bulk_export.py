"""C13: somebody, or an integration, takes out far more than they ever do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

import msgspec

from detectors import exports, history, parts, taken, windows
from detectors.base import Arm, Context, Finding, Run, Spec, Step, token
from detectors.exports import Unit
from detectors.taken import LEARNING, Taken
from detectors.windows import Window
from domain.actions import API_CALLED, DATA_EXPORTED, FILE_DOWNLOADED, RECORD_READ, REPORT_VIEWED
from domain.activity import Judged
from domain.alert import Part, Severity, evidence
from domain.clock import DAY, millis
from domain.subject import ACTOR

#: An own limit is so many times the own largest hour; the slow one so many times the median week.
HOUR_TIMES, WEEK_TIMES = 3, 5
#: Exports of unknown size within the window that make it MEDIUM.
UNKNOWN_MANY = 3

_SPEC = Spec(
    id="bulk_export",
    code="C13",
    version=1,
    title="Bulk export",
    severity=Severity.MEDIUM,
    scope=ACTOR,
    actions=frozenset({DATA_EXPORTED, RECORD_READ, API_CALLED, REPORT_VIEWED, FILE_DOWNLOADED}),
    attack=("T1213.004", "T1567", "T1020"),
    horizon=timedelta(days=36),  # the slow arm's four blocks end seven days ago
    cooldown=timedelta(minutes=60),
    arms=(
        Arm(
            "rows",
            "more rows in 1 h than 10,000 and than 3 x the own largest hour of 14 d",
            "live",
            "Dataverse, Panther",
        ),
        Arm("slow", "20,000 rows or more in 7 d, and more than 5 x the median week", "shadow", "ours"),
        Arm("files", "100 files or more in 60 m, or 50 in 1 m", "live", "Box"),
    ),
    sentence="{actor} exported {rows} {object} in {span}; usual day {p50}, limit {t}",
    activation="the floors work from the first event; limits by own history, and more than MEDIUM for an integration, "
    "after 14 d",
    false_positives="a nightly job: its own largest hour raises the limit after 14 d, and the same app or report at "
    "its usual hour with its usual size is INFO after five runs; exports whose size the CRM does not tell are LOW, "
    "three in 1 h MEDIUM",
    tuning="raise `floor`, `high` and `critical` together for large data sets, `files` for teams that work with files",
)


@dataclass(frozen=True)
class BulkExport:
    floor: int = 10_000  # rows; more than this fires
    high: int = 50_000
    critical: int = 100_000
    span: timedelta = timedelta(hours=1)
    slow_floor: int = 20_000
    files: int = 100
    files_span: timedelta = timedelta(minutes=60)
    burst_files: int = 50
    burst_span: timedelta = timedelta(minutes=1)

    spec: ClassVar[Spec] = _SPEC
    state: ClassVar[type[Taken]] = Taken

    def __post_init__(self) -> None:
        name, most = self.spec.id, 1_000_000_000
        parts.check_number(name, "floor", self.floor, low=1, high=most)
        parts.check_number(name, "high", self.high, low=self.floor, high=most)
        parts.check_number(name, "critical", self.critical, low=self.high, high=most)
        parts.check_number(name, "slow_floor", self.slow_floor, low=1, high=most)
        parts.check_number(name, "files", self.files, low=2, high=1_000_000)
        parts.check_number(name, "burst_files", self.burst_files, low=2, high=taken.KEEP_FILES)
        parts.check_span(name, "span", self.span, low=timedelta(minutes=1), high=timedelta(hours=6))
        parts.check_span(name, "files_span", self.files_span, low=timedelta(minutes=1), high=timedelta(hours=6))
        parts.check_span(name, "burst_span", self.burst_span, low=timedelta(seconds=1), high=self.files_span)

    @cached_property
    def _span(self) -> int:
        return millis(self.span)

    @cached_property
    def _files_span(self) -> int:
        return millis(self.files_span)

    @cached_property
    def _burst_span(self) -> int:
        return millis(self.burst_span)

    def initial(self) -> Taken:
        return Taken()

    def step(self, state: Taken, activity: Judged, context: Context) -> Step[Taken]:  # noqa: ARG002 the contract passes it
        state = taken.advance(state, activity.occurred_at, span=self._span, files_span=self._files_span)
        if activity.action == FILE_DOWNLOADED:
            after, gained = taken.download(state, activity, files_span=self._files_span)
            after = self._kept(after, state, activity)
            return Step(after, self._files_findings(after, activity) if gained else ())
        rows = exports.rows_of(activity)
        if rows != -1:
            after, gained = taken.export(state, activity, rows, span=self._span)
            unknown = gained and after.rows.entries[-1].unknown
        elif activity.action == REPORT_VIEWED:
            after, gained = taken.view(state, activity)
            unknown = False
        else:
            return Step(state)
        after = self._kept(after, state, activity)
        return Step(after, self._findings(after, activity, unknown=unknown) if gained else ())

    def run(self, state: Taken, activities: Sequence[Judged], context: Context) -> Run[Taken]:
        """Records that somebody looks at one by one change nothing while nothing expires: most of a busy day."""
        found: list[tuple[Judged, tuple[Finding, ...]]] = []
        by_program, programs, until = exports.BY_PROGRAM, exports.PROGRAMS, state.until
        for activity in activities:
            by_hand = activity.action in by_program and activity.channel not in programs
            if by_hand and activity.occurred_at < until:
                continue
            after = self.step(state, activity, context)
            state, until = after.state, after.state.until
            if after.findings:
                found.append((activity, after.findings))
        return Run(state, found)

    def _kept(self, after: Taken, before: Taken, activity: Judged) -> Taken:
        return taken.kept(after, before, activity.occurred_at, span=self._span, files_span=self._files_span)

    def _findings(self, state: Taken, activity: Judged, *, unknown: bool) -> tuple[Finding, ...]:
        at, found = activity.occurred_at, []
        if unknown or state.rows.total > self.floor:
            limit = self._limit(state, at)
            if state.rows.total > limit:
                found.append(self._rows_finding(state, activity, limit))
            elif unknown:
                found.append(self._unknown_finding(state, activity, limit))
        week = state.rows.total + history.this_week(state.hours, at)
        if week >= self.slow_floor and taken.learned(state, at):
            usual = history.weekly_median(state.hours, at)
            if usual is not None and week > WEEK_TIMES * usual:
                found.append(self._slow_finding(state, activity, week, usual))
        return tuple(found)

    def _limit(self, state: Taken, at: int) -> int:
        if not taken.learned(state, at):
            return self.floor
        return max(self.floor, HOUR_TIMES * history.largest(state.hours, at - self._span, LEARNING))

    def _rows_finding(self, state: Taken, activity: Judged, limit: int) -> Finding:
        window, at = state.rows, activity.occurred_at
        bands = ((self.critical, Severity.CRITICAL), (self.high, Severity.HIGH), (0, Severity.MEDIUM))
        least, severity = next(band for band in bands if window.total >= band[0])
        why = f"{least:,} rows or more" if least else f"more than {limit:,} rows"
        if state.jobs.alone(at - self._span) and history.as_usual(state.jobs, at, window.total):
            severity, why = Severity.INFO, "the same app or report at its usual hour, and no more than usual"
        said: dict[str, Part] = {
            "rows": window.total,
            "object": taken.objects(window),
            "span": parts.span(at - window.since),
            "t": limit,
        }
        return self._finding("rows", state, activity, window, severity, why, said, window.total, limit)

    def _unknown_finding(self, state: Taken, activity: Judged, limit: int) -> Finding:
        window, at = state.rows, activity.occurred_at
        unknown = sum(1 for unit in window.entries if unit.unknown)
        many = unknown >= UNKNOWN_MANY
        severity = Severity.MEDIUM if many else Severity.LOW
        why = f"{unknown} exports of unknown size in the window" if many else "an export of unknown size"
        said: dict[str, Part] = {
            "rows": "an unknown number of",
            "object": taken.objects(window),
            "span": parts.span(at - window.since),
            "t": limit,
            "exports": unknown,
        }
        threshold = UNKNOWN_MANY if many else 1
        return self._finding("rows", state, activity, window, severity, why, said, unknown, threshold)

    def _slow_finding(self, state: Taken, activity: Judged, week: int, usual: float) -> Finding:
        window, limit = state.rows, max(self.slow_floor, int(WEEK_TIMES * usual))
        said: dict[str, Part] = {
            "rows": week,
            "object": taken.objects(window),
            "span": parts.span(7 * DAY),
            "t": limit,
        }
        why = f"{self.slow_floor:,} rows or more in 7 d, and more than {WEEK_TIMES} x the median week"
        finding = self._finding("slow", state, activity, window, Severity.MEDIUM, why, said, week, limit)
        return msgspec.structs.replace(
            finding,
            baseline={**finding.baseline, "weekly_median": round(usual, 1)},
            # the ids of a week are not kept: those of the last hour stand for it
            evidence=msgspec.structs.replace(finding.evidence, at_least=True),
        )

    def _files_findings(self, state: Taken, activity: Judged) -> tuple[Finding, ...]:
        window, at, limit, span = state.files, activity.occurred_at, self.files, self._files_span
        if window.total < min(limit, self.burst_files):
            return ()
        if window.total < limit:
            limit, span = self.burst_files, self._burst_span
            window, _ = windows.expire(window, at - span)
        if window.total < limit:
            return ()
        why = f"{limit:,} files or more in {parts.in_words(span)}"
        said: dict[str, Part] = {
            "rows": window.total,
            "object": "files",
            "span": parts.span(at - window.since),
            "t": limit,
        }
        return (self._finding("files", state, activity, window, Severity.MEDIUM, why, said, window.total, limit),)

    def _finding(
        self,
        arm: str,
        state: Taken,
        activity: Judged,
        window: Window[Unit],
        severity: Severity,
        why: str,
        said: dict[str, Part],
        observed: int,
        threshold: int,
    ) -> Finding:
        at, start = activity.occurred_at, activity.occurred_at - self._span
        learned = taken.learned(state, at)
        if activity.actor_kind == "integration" and severity > Severity.MEDIUM and not learned:
            severity, why = Severity.MEDIUM, f"{why}; an integration is MEDIUM at most while it is being learned"
        usual = None if arm == "files" else history.usual_day(state.hours, start, LEARNING // DAY)
        said = {"actor": token(activity.actor_token), "p50": "unknown" if usual is None else usual, **said}
        said["suppressed" if severity == Severity.INFO else "why"] = why
        return Finding(
            arm=arm,
            severity=severity,
            observed=float(observed),
            threshold=float(threshold),
            parts=said,
            baseline={
                "largest_hour": history.largest(state.hours, start, LEARNING),
                "usual_day": usual,
                "learned": "yes" if learned else "not yet",
            },
            evidence=evidence(window.ids(), count=window.count),
        )
