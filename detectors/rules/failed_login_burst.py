"""A1: many failed sign-ins to one login within minutes, whatever their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

import msgspec

from detectors import baseline, failures, parts
from detectors.base import Arm, Context, Finding, Spec, Step, token
from detectors.baseline import Peaks
from detectors.failures import SignIns
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.activity import Judged
from domain.alert import Part, Severity, evidence
from domain.clock import DAY, millis
from domain.subject import LOGIN

COOLDOWN = timedelta(minutes=60)
_COOLDOWN = millis(COOLDOWN)


class Try(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One counted failure of the last 24 hours: below the threshold (0), the first at it (1), or a later one (2).

    It is a later one when another reached the threshold within the cooldown before it.
    """

    at: int
    reached: int


class Burst(msgspec.Struct, frozen=True, gc=False):
    """Facts of one login. Bound: that of SignIns, `high` tries (at most 1 000) and 30 daily peaks."""

    signins: SignIns = SignIns()
    tries: tuple[Try, ...] = ()
    reached_at: int | None = None  # when the threshold was last reached
    peaks: Peaks = Peaks()  # the largest count of a window that ended on each day
    privileged: bool = False  # what the last success of the last 29 days said
    succeeded_at: int | None = None


@dataclass(frozen=True)
class FailedLoginBurst:
    threshold: int = 10
    span: timedelta = timedelta(minutes=10)
    high: int = 50

    spec: ClassVar[Spec] = Spec(
        id="failed_login_burst",
        code="A1",
        version=1,
        title="Burst of failed sign-ins",
        severity=Severity.MEDIUM,
        scope=LOGIN,
        actions=frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED}),
        attack=("T1110.001",),
        horizon=timedelta(days=30),
        cooldown=COOLDOWN,
        arms=(Arm("count", "10 or more failures to one login within 10 m", "live", "Entra, Azure"),),
        sentence="{n:failed sign-in|failed sign-ins} for {actor} in {span} from {k:address|addresses}; "
        "usual at most {p99}",
        activation="none: works from the first event",
        false_positives="a device that retries an old password: INFO when it is the login's own; failures because the "
        "account is locked or the service was down are not counted; expired passwords alone stay INFO",
        tuning="raise `threshold` for logins shared by many people, `span` for slow guessing; `high` moves HIGH",
    )
    state: ClassVar[type[Burst]] = Burst

    def __post_init__(self) -> None:
        name = self.spec.id
        parts.check_number(name, "threshold", self.threshold, low=2, high=10_000)
        parts.check_number(name, "high", self.high, low=self.threshold, high=max(1_000, self.threshold))
        parts.check_span(name, "span", self.span, low=timedelta(seconds=10), high=timedelta(hours=6))

    @cached_property
    def _span(self) -> int:
        return millis(self.span)

    def initial(self) -> Burst:
        return Burst()

    def step(self, state: Burst, activity: Judged, context: Context) -> Step[Burst]:  # noqa: ARG002 the contract passes it
        at = activity.occurred_at
        state = self._advance(state, at)
        if activity.action == LOGIN_SUCCEEDED:
            signins = failures.succeed(state.signins, activity)
            return Step(
                Burst(signins, state.tries, state.reached_at, state.peaks, activity.privileged, at),
            )
        signins, counted = failures.fail(state.signins, activity, self._span)
        if not counted:
            return Step(_with(state, signins))
        count = signins.window.count
        reached = 0 if count < self.threshold else 1 if state.reached_at is None else 2
        state = Burst(
            signins,
            (*state.tries, Try(at, reached))[-self.high :],
            at if reached else state.reached_at,
            baseline.raise_peak(state.peaks, at, count),
            state.privileged,
            state.succeeded_at,
        )
        return Step(state, (self._finding(state, activity),) if reached else ())

    def _advance(self, state: Burst, at: int) -> Burst:
        signins = failures.advance(state.signins, at, self._span)
        tries, reached, said = state.tries, state.reached_at, state.succeeded_at
        if tries and tries[0].at <= at - DAY:
            tries = tuple(each for each in tries if each.at > at - DAY)
        if reached is not None and at - reached > _COOLDOWN:
            reached = None
        peaks = baseline.expire_peaks(state.peaks, at)
        forgotten = said is not None and said <= at - baseline.MEMORY
        return Burst(signins, tries, reached, peaks, state.privileged and not forgotten, None if forgotten else said)

    def _finding(self, state: Burst, activity: Judged) -> Finding:
        window, at = state.signins.window, activity.occurred_at
        usual = baseline.percentile(baseline.earlier_days(state.peaks, at), 99)
        severity, why = self._severity(state, activity)
        said: dict[str, Part] = {
            "n": window.count,
            "actor": token(activity.login_token or activity.actor_token),
            "span": parts.span(at - window.since),
            "k": failures.addresses(window),
            "p99": usual,
            "suppressed" if severity == Severity.INFO else "why": why,
        }
        return Finding(
            arm="count",
            severity=severity,
            observed=float(window.count),
            threshold=float(self.threshold),
            parts=said,
            baseline={"daily_peak_p99": usual, "days": len(baseline.earlier_days(state.peaks, at))},
            evidence=evidence(window.ids(), count=window.count),
        )

    def _severity(self, state: Burst, activity: Judged) -> tuple[Severity, str]:
        window = state.signins.window
        if failures.only_expired(state.signins, activity.occurred_at - self._span):
            return Severity.INFO, "every failure says that the password has expired"
        # An agent family alone does not make a device one's own: half the world has the same browser.
        certain = bool(activity.device_id) or any(failure.expired for failure in window.entries)
        if certain and failures.from_own_device(state.signins, window, activity):
            return Severity.INFO, "every failure came from the usual device and place of this login"
        if window.count >= self.high:
            return Severity.HIGH, f"{self.high} failures or more in the window"
        if self._episode(state.tries) >= self.high:
            return Severity.HIGH, f"{self.high} failures or more in the episode"
        if state.privileged:
            return Severity.HIGH, "the login is privileged, by what its last success said"
        return Severity.MEDIUM, f"{self.threshold} failures or more in the window"

    def _episode(self, tries: tuple[Try, ...]) -> int:
        """How many of `tries` belong to the episode that the last one is in, at most 24 hours of it."""
        for each in reversed(tries):
            if each.reached == 1:
                return sum(1 for other in tries if other.at > each.at - self._span)
        return len(tries)


def _with(state: Burst, signins: SignIns) -> Burst:
    if signins is state.signins:
        return state
    return Burst(signins, state.tries, state.reached_at, state.peaks, state.privileged, state.succeeded_at)
