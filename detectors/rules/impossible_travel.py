"""B8: two sign-ins of one person, farther apart than anybody travels in the time between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors import geometry, parts, travels
from detectors.base import Arm, Context, Finding, Spec, Step, token
from detectors.travels import Fix, Travels
from domain.actions import LOGIN_SUCCEEDED
from domain.activity import Judged
from domain.alert import Part, Severity, evidence
from domain.clock import HOUR, MINUTE, SECOND
from domain.subject import ACTOR

#: Sign-ins of programs say nothing about where a person is.
_PEOPLE, _INTERACTIVE = frozenset({"human", "guest"}), frozenset({"", "ui", "mobile"})
#: A source that tells minutes or hours may have cut off so much of the time (ms).
_CUT_OFF = {"min": MINUTE, "h": HOUR}
_MASKS = {
    "vpn": "a VPN",
    "tor": "Tor",
    "relay": "a private relay",
    "hosting": "a hosting network",
    "satellite": "a satellite link",
}

_SPEC = Spec(
    id="impossible_travel",
    code="B8",
    version=1,
    title="Impossible travel",
    severity=Severity.MEDIUM,
    scope=ACTOR,
    actions=frozenset({LOGIN_SUCCEEDED}),
    attack=("T1078.004",),
    horizon=timedelta(days=31),  # transitions of 30 days, each of which began up to a day earlier
    cooldown=timedelta(minutes=60),
    arms=(
        Arm(
            "travel",
            "an interactive sign-in at least 500 km from the last one of 24 h, at more than 900 km/h",
            "live",
            "Panther, Datadog, Elastic",
        ),
        Arm("masked", "the same through a VPN, Tor, relay, hosting or satellite network: INFO", "live", "Panther"),
    ),
    sentence="{actor}: {a} to {b}, at least {km} km {took}",
    activation="none: works from the second sign-in whose place is known; a new country and device raise it to HIGH "
    "once some are usual, after 3 d",
    false_positives="silent: one address; one network operator, first by IPv4 and then by IPv6; an unknown city in the "
    "same or a bordering country; two corporate networks; two places between which the person went 3 times in 30 d; "
    "a phone that leaves its carrier's network in another country alerts until then",
    tuning="raise `least_km` where addresses are placed badly, `fastest_kmh` hardly ever; lower `habit` for people "
    "whose traffic leaves a company network in several places",
)


@dataclass(frozen=True)
class ImpossibleTravel:
    """`least_km` is the distance that is left after both radii of uncertainty; km and km/h are whole numbers."""

    least_km: int = 500
    fastest_kmh: int = 900
    habit: int = 3  # transitions of 30 days between two places that make another one no surprise

    spec: ClassVar[Spec] = _SPEC
    state: ClassVar[type[Travels]] = Travels

    def __post_init__(self) -> None:
        name = self.spec.id
        parts.check_number(name, "least_km", self.least_km, low=travels.NEAR, high=20_000)
        parts.check_number(name, "fastest_kmh", self.fastest_kmh, low=100, high=100_000)
        parts.check_number(name, "habit", self.habit, low=1, high=travels.TIMES)

    def initial(self) -> Travels:
        return Travels()

    def step(self, state: Travels, activity: Judged, context: Context) -> Step[Travels]:  # noqa: ARG002 the contract passes it
        state = travels.expire(state, activity.occurred_at)
        if not _interactive(activity):
            return Step(state)
        here, last, least = travels.fix_of(activity), state.fix, 0
        finding = None
        if here is not None and last is not None:
            far, least = travels.apart(last, here)
            if least >= self.least_km:
                finding = self._finding(state, activity, last, here, far, least)
        after = travels.arrive(state, activity, here, least)
        return Step(after, () if finding is None else (finding,))

    def _finding(self, state: Travels, activity: Judged, last: Fix, here: Fix, far: int, least: int) -> Finding | None:
        between, cut = here.at - last.at, _CUT_OFF.get(activity.time_precision, 0)
        # Nobody knows times below a second well enough to divide by them: over a whole one, the speed is a lower bound.
        speed = least * HOUR // max(between + cut, SECOND)
        if speed <= self.fastest_kmh:
            return None
        seen = travels.times(state, last, here)
        if _alike(last, here) or seen >= self.habit:
            return None
        masked = here.network in travels.PLACELESS
        severity, why = self._severity(state, activity, here)
        a, b = _name(last), _name(here)
        if a == b:
            a, b = f"{a} near {_coordinates(last)}", f"{b} near {_coordinates(here)}"
        said: dict[str, Part] = {
            "actor": token(activity.actor_token),
            "a": a,
            "b": b,
            "km": least,
            "dt": parts.span(between),
            "speed": speed,
            "took": _took(between, cut, speed),
            "suppressed" if severity == Severity.INFO else "why": why,
        }
        return Finding(
            arm="masked" if masked else "travel",
            severity=severity,
            observed=float(speed),
            threshold=float(self.fastest_kmh),
            parts=said,
            baseline=self._baseline(state, activity, last, here, far, seen),
            evidence=evidence([last.id, here.id]),
        )

    def _severity(self, state: Travels, activity: Judged, here: Fix) -> tuple[Severity, str]:
        if here.network in travels.PLACELESS:
            return Severity.INFO, f"{_MASKS[here.network]} hides where the person is"
        if activity.privileged:
            return Severity.HIGH, "the account is privileged"
        if _new_country(state, activity) and _new_device(state, activity):
            return Severity.HIGH, "neither the country nor the device is usual for this person"
        return Severity.MEDIUM, f"at least {self.least_km:,} km at more than {self.fastest_kmh:,} km/h"

    def _baseline(self, state: Travels, activity: Judged, last: Fix, here: Fix, far: int, seen: int) -> dict[str, Part]:
        new = _new_device(state, activity)
        return {
            "distance_km": far,
            "radius_a_km": round(last.radius),
            "radius_b_km": round(here.radius),
            "network_a": last.network,
            "network_b": here.network,
            "usual_countries": ", ".join(travels.usual_countries(state, here.at)) or "none yet",
            "usual_device": "unknown" if new is None else "no" if new else "yes",
            "transitions": seen,
            "not_suppressed": _not_suppressed(last, here, seen),
        }


def _interactive(activity: Judged) -> bool:
    """Whether the person signed in themselves: not a program, and nobody in their name."""
    return activity.actor_kind in _PEOPLE and activity.channel in _INTERACTIVE and not activity.impersonator


def _new_country(state: Travels, activity: Judged) -> bool | None:
    return travels.is_new(state.countries, travels.country_key(activity), activity.occurred_at)


def _new_device(state: Travels, activity: Judged) -> bool | None:
    return travels.is_new(state.devices, travels.device_key(activity), activity.occurred_at)


def _alike(last: Fix, here: Fix) -> bool:
    """Whether the distance may be one between the data's places only, while the person did not move."""
    return (
        last.address == here.address != ""
        or _switched(last, here)
        or (not (last.city and here.city) and geometry.touch(last.country, here.country))
        or last.network == here.network == "corporate"
    )


def _switched(last: Fix, here: Fix) -> bool:
    """Whether one network operator was met by IPv4 and by IPv6, whose places are often told apart by error."""
    return last.asn is not None and last.asn == here.asn and {last.v6, here.v6} == {True, False}


def _not_suppressed(last: Fix, here: Fix, seen: int) -> str:
    """Why none of the reasons to stay silent held."""
    operator = "operator unknown"
    if last.asn is not None and here.asn is not None:
        operator = "another operator" if last.asn != here.asn else "no v4/v6 switch"
    reasons = (
        "another address" if last.address and here.address else "address unknown",
        operator,
        "both cities known" if last.city and here.city else "countries not bordering",
        "not both corporate",
        f"way gone {seen} {'time' if seen == 1 else 'times'} in 30 d",
    )
    return "; ".join(reasons)


def _name(fix: Fix) -> str:
    """`London (GB)`, `somewhere in NG`, or coordinates when nothing has a name."""
    if fix.name:
        return f"{fix.name} ({fix.country})" if fix.country else fix.name
    return f"somewhere in {fix.country}" if fix.country else _coordinates(fix)


def _coordinates(fix: Fix) -> str:
    north, east = "N" if fix.lat >= 0 else "S", "E" if fix.lon >= 0 else "W"
    return f"{abs(fix.lat):.1f}°{north} {abs(fix.lon):.1f}°{east}"


def _took(between: int, cut: int, speed: int) -> str:
    """`in 31 m (9,331 km/h)`; at the same moment no speed would do, so none is told."""
    if cut:
        return f"in at most {parts.in_words(between + cut)} ({speed:,} km/h)"
    return f"in {parts.in_words(between)} ({speed:,} km/h)" if between else "at the same moment"
