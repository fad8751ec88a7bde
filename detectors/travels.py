"""What is remembered of a person's sign-ins by place: the last one that can be trusted, and what is usual. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.activity import Judged
from domain.clock import DAY

from . import baseline, geometry
from .baseline import Usual
from .parts import WORD
from .windows import named

#: How long the last trusted sign-in can be compared with, and how long a transition is remembered (ms).
LAST_FIX: Final = DAY
MEMORY: Final = 30 * DAY
#: Places nearer than this many km make no transition; no setting lets a detector fire on less.
NEAR: Final = 100
#: A person has at most so many pairs of places in memory, of each the newest so many transitions.
PAIRS, TIMES = 16, 10
#: Networks whose address says nothing about where the person is.
PLACELESS: Final = baseline.ANONYMISING | {"satellite"}
#: How far from its coordinates a place may be, in km, where the data does not say: by what is known of its name.
#: Two databases of one month differ by up to 160 km in 75 of 100 cities, and by 1,000 where only the country is known.
BY_CITY, BY_REGION, BY_COUNTRY = 150, 300, 1000


class Fix(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One sign-in with coordinates."""

    at: int
    id: str
    lat: float
    lon: float
    radius: float  # km
    place: int  # what a transition is known by
    name: str  # city, else region; "" when only the country is known
    city: bool  # whether `name` is a city
    country: str
    address: str  # token
    asn: int | None
    v6: bool | None
    network: str


class Transition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Two places, either way, and when somebody went between them (ms). Bound: 10 times."""

    places: int
    seen: tuple[int, ...]


class Travels(msgspec.Struct, frozen=True, gc=False):
    """Facts of one actor. Bound: 16 pairs of places of 10 times each, 16 countries and 16 devices of 30 days each."""

    fix: Fix | None = None  # the last trusted one, at most 24 hours old
    transitions: tuple[Transition, ...] = ()  # of the last 30 days, least recently seen first
    countries: Usual = Usual()
    devices: Usual = Usual()


def expire(travels: Travels, at: int) -> Travels:
    """What is left of the memory at `at` (ms)."""
    fix, transitions = travels.fix, travels.transitions
    if fix is not None and at - fix.at > LAST_FIX:
        fix = None
    before = at - MEMORY
    for transition in transitions:
        if transition.seen[0] <= before:
            left = [(each.places, tuple(when for when in each.seen if when > before)) for each in transitions]
            transitions = tuple(Transition(places, seen) for places, seen in left if seen)
            break
    countries, devices = baseline.expire(travels.countries, at), baseline.expire(travels.devices, at)
    if (
        fix is travels.fix
        and transitions is travels.transitions
        and countries is travels.countries
        and devices is travels.devices
    ):
        return travels
    return Travels(fix, transitions, countries, devices)


def fix_of(activity: Judged) -> Fix | None:
    """Where a sign-in came from, trusted or not; None without coordinates."""
    lat, lon, country = activity.lat, activity.lon, activity.country
    if lat is None or lon is None:
        return None
    city, region, radius = activity.city, activity.region, activity.radius_km
    if radius is None:
        radius = BY_CITY if city else BY_REGION if region else BY_COUNTRY
    named_place = bool(city or region or country)
    return Fix(
        activity.occurred_at,
        activity.activity_id,
        lat,
        lon,
        radius,
        named(country, region, city) if named_place else named(f"{lat:.1f}", f"{lon:.1f}"),
        (city or region)[:WORD],
        bool(city),
        country,
        activity.ip_token,
        activity.asn,
        ":" in activity.ip if activity.ip else None,
        activity.network,
    )


def apart(fix: Fix, other: Fix) -> tuple[int, int]:
    """The great circle between two fixes, and the least distance that their radii allow; whole km, rounded down."""
    far = geometry.great_circle(fix.lat, fix.lon, other.lat, other.lon)
    return int(far), max(0, int(far - fix.radius - other.radius))


def arrive(travels: Travels, activity: Judged, here: Fix | None, least: int) -> Travels:
    """The memory after a sign-in, `here` from where and `least` km from the last fix.

    What came through a network without a place changes nothing. A sign-in without coordinates is no fix, but its
    country and its device were met.
    """
    if activity.network in PLACELESS:
        return travels
    at, fix, transitions = activity.occurred_at, travels.fix, travels.transitions
    countries, devices = travels.countries, travels.devices
    if key := country_key(activity):
        countries = baseline.meet(countries, key, at)
    if key := device_key(activity):
        devices = baseline.meet(devices, key, at)
    if here is not None:
        if fix is not None and least >= NEAR:
            transitions = _go(transitions, pair(fix, here), at)
        fix = here
    return Travels(fix, transitions, countries, devices)


def _go(transitions: tuple[Transition, ...], places: int, at: int) -> tuple[Transition, ...]:
    seen = next((each.seen for each in transitions if each.places == places), ())
    others = tuple(each for each in transitions if each.places != places)
    return (*others[-(PAIRS - 1) :], Transition(places, (*seen, at)[-TIMES:]))


def pair(fix: Fix, other: Fix) -> int:
    """What stands for two places in memory, whichever came first."""
    return named(str(min(fix.place, other.place)), str(max(fix.place, other.place)))


def times(travels: Travels, fix: Fix, other: Fix) -> int:
    """How often somebody went between the places of two fixes in the last 30 days; 10 means 10 or more."""
    places = pair(fix, other)
    return next((len(each.seen) for each in travels.transitions if each.places == places), 0)


def country_key(activity: Judged) -> int:
    """What stands for the country in memory, readable again by `usual_countries`; 0 when it is unknown."""
    return int.from_bytes(activity.country.encode()[:4])


def device_key(activity: Judged) -> int:
    """What stands for the device, or for the family of the user agent where there is none; 0 when both are unknown."""
    device = activity.device_id or activity.agent_family
    return named(device) if device else 0


def usual_countries(travels: Travels, at: int) -> list[str]:
    """The codes of the usual countries, in order."""
    keys = [value.key for value in travels.countries.values if baseline.is_usual(travels.countries, value.key, at)]
    return sorted(key.to_bytes(4).lstrip(b"\0").decode(errors="replace") for key in keys)


def is_new(usual: Usual, key: int, at: int) -> bool | None:
    """Whether a value is not usual; None when it is unknown, or when nothing is usual yet to compare it with."""
    if not key or not any(baseline.is_usual(usual, value.key, at) for value in usual.values):
        return None
    return not baseline.is_usual(usual, key, at)
