"""A3: one address tries many accounts, a few times each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from msgspec.structs import replace

from detectors import failures, parts, spraying
from detectors.base import Arm, Context, Finding, Spec, Step, token
from detectors.spraying import Address, Count, Reach, Way
from detectors.windows import named
from domain.actions import LOGIN_FAILED, LOGIN_SUCCEEDED
from domain.activity import Judged
from domain.alert import Severity, evidence
from domain.clock import DAY, MINUTE, millis
from domain.subject import SOURCE

#: A success so long after a spray, or before it came to the threshold, is the spray's. ms.
WITHIN = 60 * MINUTE


@dataclass(frozen=True)
class PasswordSpray:
    users: int = 10
    span: timedelta = timedelta(minutes=5)
    each: int = 6  # accounts with more failures are left out
    stuffing_users: int = 15
    stuffing_tries: int = 25
    stuffing_span: timedelta = timedelta(minutes=15)
    slow_users: int = 15
    slow_span: timedelta = timedelta(hours=24)
    slow_each: int = 3
    egress_users: int = 20
    egress_days: int = 5

    spec: ClassVar[Spec] = Spec(
        id="password_spray",
        code="A3",
        version=2,
        title="Password spray",
        severity=Severity.HIGH,
        scope=SOURCE,
        actions=frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED}),
        attack=("T1110.003", "T1110.004"),
        # what is known of an address is 7 days old at most, and what it meant for an arm lasts two hours more
        horizon=timedelta(days=8),
        cooldown=timedelta(minutes=60),
        arms=(
            Arm(
                "spray",
                "10 or more accounts fail from one address within 5 m, at most 6 times each",
                "live",
                "Splunk, Sentinel",
            ),
            Arm(
                "stuffing",
                "15 or more accounts fail 25 times or more within 15 m, 80 % of them at most twice",
                "live",
                "Elastic",
            ),
            Arm("slow", "15 or more accounts fail within 24 h, at most 3 times each: MEDIUM", "shadow", "ours"),
        ),
        sentence="{ip} tried {u:account|accounts} {n:time|times} in {span}; {s} succeeded",
        activation="none: works from the first event; an office's address is learned in 5 days",
        false_positives="an office behind one address: once 20 people signed in from it on 5 days of 7, or the company "
        "stated it as its egress (a fact egress_range, or an override with network corporate), thresholds are 3 x as "
        "high and 60 % of all sign-ins must fail; before that, slow is LOW on a day with 20 people; failures because "
        "the account is locked or the service was down are not counted; expired passwords alone stay INFO",
        tuning="raise `users` and `slow_users` for large sites whose addresses change, lower `egress_users` for small "
        "ones",
    )
    state: ClassVar[type[Address]] = Address

    def __post_init__(self) -> None:
        name = self.spec.id
        for setting in ("users", "stuffing_users", "stuffing_tries", "slow_users"):
            parts.check_number(name, setting, getattr(self, setting), low=2, high=spraying.KEEP // spraying.FACTOR)
        for setting in ("each", "slow_each"):
            parts.check_number(name, setting, getattr(self, setting), low=1, high=50)
        parts.check_number(name, "egress_users", self.egress_users, low=2, high=spraying.KEEP_USERS)
        parts.check_number(name, "egress_days", self.egress_days, low=1, high=7)
        for setting in ("span", "stuffing_span", "slow_span"):
            parts.check_span(name, setting, getattr(self, setting), low=timedelta(seconds=10), high=timedelta(hours=48))

    @cached_property
    def _ways(self) -> tuple[Way, ...]:
        return (
            Way("spray", millis(self.span), self.users, 0, self.each),
            Way("stuffing", millis(self.stuffing_span), self.stuffing_users, self.stuffing_tries, None),
            Way("slow", millis(self.slow_span), self.slow_users, 0, self.slow_each),
        )

    @cached_property
    def _longest(self) -> int:
        return max(way.span for way in self._ways)

    @cached_property
    def _most(self) -> int:
        """Tries of one account that are remembered: enough to leave it out, or to meet the number of tries alone."""
        return max(self.each + 1, self.slow_each + 1, spraying.FACTOR * self.stuffing_tries)

    def initial(self) -> Address:
        return Address()

    def step(self, state: Address, activity: Judged, context: Context) -> Step[Address]:  # noqa: ARG002 the contract passes it
        at = activity.occurred_at
        state = spraying.advance(state, at, self._longest, WITHIN)
        account = activity.login_token or activity.actor_token
        if not account:
            return Step(state)
        if activity.action == LOGIN_SUCCEEDED:
            state, hit = spraying.succeed(state, at, named(account), activity.activity_id, few=self.egress_users)
            return Step(state, tuple(self._got_in(state, reach, activity) for reach in state.reached) if hit else ())
        if activity.reason in failures.UNCOUNTED:
            return Step(state)
        seen, first = failures.once(state.seen, activity, account)
        if not first:
            return Step(replace(state, seen=seen))
        tries = spraying.add(state.tries, at, named(account), activity.activity_id, most=self._most)
        unexpired = state.unexpired_at if activity.reason == "expired" else at
        state = replace(state, tries=tries, seen=seen, unexpired_at=unexpired)
        return self._fired(state, activity)

    def _fired(self, state: Address, activity: Judged) -> Step[Address]:
        """The step of a counted failure: what each arm counts, and findings of those that reach their thresholds."""
        at = activity.occurred_at
        stated = self._stated(activity)
        learned = stated or (len(state.users.keys) >= self.egress_users and len(state.days) >= self.egress_days)
        factor = spraying.FACTOR if learned else 1
        fired: dict[str, tuple[Reach, Count]] = {}
        for way in self._ways:
            counted = spraying.count(way, state.tries, at, factor)
            if counted is None:
                continue
            if learned and not spraying.mostly_failed(state, at, way.span, len(counted.at)):
                continue
            severity, why = self._severity(state, way, at, factor, stated=stated)
            reach = Reach(way.arm, at, counted.at[0], counted.users, len(counted.at), factor * way.users, severity, why)
            fired[way.arm] = reach, counted
        if not fired:
            return Step(state)
        reaches = {**{reach.arm: reach for reach in state.reached}, **{arm: reach for arm, (reach, _) in fired.items()}}
        state = replace(state, reached=tuple(reaches[way.arm] for way in self._ways if way.arm in reaches))
        return Step(state, tuple(self._finding(state, reach, activity, counted) for reach, counted in fired.values()))

    def _stated(self, activity: Judged) -> bool:
        return spraying.stated_egress(activity)

    def _severity(self, state: Address, way: Way, at: int, factor: int, *, stated: bool) -> tuple[Severity, str]:
        """The severity of an arm that fires, before any success, and why."""
        if state.unexpired_at is None or state.unexpired_at <= at - way.span:
            return Severity.INFO, "every failure says that the password has expired"
        why = f"{factor * way.users} accounts or more failed"
        if way.tries:
            why = f"{why}, {factor * way.tries} times or more"
        if factor > 1:
            where = "an egress of the company" if stated else "an address where many people sign in"
            why = f"{why}, {spraying.SHARE} % of all sign-ins or more, at {where}"
        if way.arm != "slow":
            return Severity.HIGH, why
        if factor == 1 and spraying.users_since(state, at - DAY) >= self.egress_users:
            return Severity.LOW, f"{why}, and {self.egress_users} people or more signed in from there within a day"
        return Severity.MEDIUM, why

    def _got_in(self, state: Address, reach: Reach, activity: Judged) -> Finding:
        """What an arm that has fired says about a success that followed."""
        way = next(way for way in self._ways if way.arm == reach.arm)
        counted = spraying.count(way, state.tries, reach.at, reach.threshold // way.users)
        return self._finding(state, reach, activity, counted)

    def _finding(self, state: Address, reach: Reach, activity: Judged, counted: Count | None) -> Finding:
        way = next(way for way in self._ways if way.arm == reach.arm)
        hits = spraying.hits_of(state, reach, WITHIN)
        severity, why = Severity(reach.severity), reach.why
        if hits and severity >= Severity.MEDIUM:
            severity, why = Severity.CRITICAL, f"{why}, and one of them got in from there within an hour"
        ids = counted.ids if counted else ()
        if hits:
            told = [*zip(counted.at if counted else (), ids, strict=True), *((hit.at, hit.id) for hit in hits)]
            ids = tuple(name for _, name in sorted(told))
        behind = evidence(ids, count=max(len(ids), reach.tries + len(hits)))
        dropped = state.tries.dropped_at
        return Finding(
            arm=reach.arm,
            severity=severity,
            observed=float(reach.users),
            threshold=float(reach.threshold),
            parts={
                "ip": token(activity.ip_token),
                "u": reach.users,
                "n": reach.tries,
                "span": parts.span(reach.at - reach.since),
                "s": len({hit.account for hit in hits}),
                "suppressed" if severity == Severity.INFO else "why": why,
            },
            baseline={"users": len(state.users.keys), "days": len(state.days)},
            evidence=replace(
                behind, at_least=behind.at_least or (dropped is not None and dropped > reach.at - way.span)
            ),
        )


@dataclass(frozen=True)
class PasswordSprayBefore(PasswordSpray):
    """Version 1: an office's address is only learned, for a release."""

    spec: ClassVar[Spec] = replace(
        PasswordSpray.spec,
        version=1,
        false_positives=PasswordSpray.spec.false_positives.replace(
            ", or the company stated it as its egress (a fact egress_range, or an override with network corporate)", ""
        ),
    )

    def _stated(self, activity: Judged) -> bool:  # noqa: ARG002 the version after looks at it
        return False
