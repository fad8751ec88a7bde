"""A2: somebody got in right after many failed sign-ins to the same login."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

import msgspec

from detectors import failures, parts, windows
from detectors.base import Arm, Context, Finding, Spec, Step, token
from detectors.failures import Failure, SignIns
from detectors.windows import Window
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.activity import Judged
from domain.alert import Severity, evidence
from domain.clock import millis
from domain.subject import LOGIN


class Guesses(msgspec.Struct, frozen=True, gc=False):
    """The failures of one login since its last success. Bound: that of SignIns."""

    signins: SignIns = SignIns()


@dataclass(frozen=True)
class LoginAfterFailures:
    threshold: int = 10
    low: int = 5
    span: timedelta = timedelta(minutes=20)  # ends at the last failure
    within: timedelta = timedelta(minutes=15)  # from the last failure to the success

    spec: ClassVar[Spec] = Spec(
        id="login_after_failures",
        code="A2",
        version=1,
        title="Sign-in after many failures",
        severity=Severity.HIGH,
        scope=LOGIN,
        actions=frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED}),
        attack=("T1110", "T1078.004"),
        horizon=timedelta(days=30),
        cooldown=timedelta(minutes=60),
        arms=(
            Arm("guessed", "a success 15 m or less after 5 or more failures within 20 m", "live", "Sentinel, Datadog"),
        ),
        sentence="{actor} got in from {ip} {gap} after {n:failure|failures}",
        activation="none: works from the first event",
        false_positives="somebody who forgot their password: INFO when everything came from one usual device and "
        "place; an expired password that was renewed: INFO",
        tuning="raise `low` where people mistype often; `within` and `span` widen the net for slow guessing",
    )
    state: ClassVar[type[Guesses]] = Guesses

    def __post_init__(self) -> None:
        name = self.spec.id
        parts.check_number(name, "low", self.low, low=2, high=10_000)
        parts.check_number(name, "threshold", self.threshold, low=self.low, high=max(10_000, self.low))
        parts.check_span(name, "span", self.span, low=timedelta(seconds=10), high=timedelta(hours=6))
        parts.check_span(name, "within", self.within, low=timedelta(seconds=1), high=timedelta(hours=6))

    @cached_property
    def _span(self) -> int:
        return millis(self.span)

    @cached_property
    def _within(self) -> int:
        return millis(self.within)

    def initial(self) -> Guesses:
        return Guesses()

    def step(self, state: Guesses, activity: Judged, context: Context) -> Step[Guesses]:  # noqa: ARG002 the contract passes it
        reach = self._span + self._within
        signins = failures.advance(state.signins, activity.occurred_at, reach)
        if activity.action == LOGIN_FAILED:
            signins, _ = failures.fail(signins, activity, reach)
            return Step(state if signins is state.signins else Guesses(signins))
        finding = self._finding(signins, activity)
        if signins.window.count:
            signins = SignIns(Window(), signins.seen, signins.usual, None)
        signins = failures.succeed(signins, activity)
        after = state if signins is state.signins else Guesses(signins)
        return Step(after, () if finding is None else (finding,))

    def _finding(self, signins: SignIns, activity: Judged) -> Finding | None:
        entries = signins.window.entries
        if signins.window.count < self.low or activity.occurred_at - entries[-1].at > self._within:
            return None
        last = entries[-1].at
        window, _ = windows.expire(signins.window, last - self._span)
        if window.count < self.low:
            return None
        severity, why = self._severity(signins, window, activity)
        return Finding(
            arm="guessed",
            severity=severity,
            observed=float(window.count),
            threshold=float(self.threshold if window.count >= self.threshold else self.low),
            parts={
                "actor": token(activity.login_token or activity.actor_token),
                "ip": token(activity.ip_token) if activity.ip_token else "an unknown address",
                "gap": parts.span(activity.occurred_at - last),
                "n": window.count,
                "k": failures.addresses(window),
                "span": parts.span(last - window.since),
                "suppressed" if severity == Severity.INFO else "why": why,
            },
            baseline={"usual_places": len(signins.usual.values)},
            evidence=evidence([*window.ids(), activity.activity_id], count=window.count + 1),
        )

    def _severity(self, signins: SignIns, window: Window[Failure], activity: Judged) -> tuple[Severity, str]:
        if failures.only_expired(signins, window.entries[-1].at - self._span):
            return Severity.INFO, "every failure says that the password has expired"
        if failures.from_own_device(signins, window, activity):
            return Severity.INFO, "all of it came from one usual device and place of this login"
        many = window.count >= self.threshold
        why = f"{self.threshold} failures or more" if many else f"{self.low} to {self.threshold - 1} failures"
        severity = Severity.HIGH if many else Severity.MEDIUM
        if activity.privileged and any(failure.address == activity.ip_token != "" for failure in window.entries):
            return Severity(severity + 1), f"{why}, and a privileged login got in from an address that had failed"
        return severity, why
