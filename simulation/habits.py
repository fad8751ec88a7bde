"""Ordinary days: when people sign in, from where, and what they then do."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from domain import actions
from domain.clock import HOUR, MINUTE
from simulation.people import PHONE, Person
from simulation.places import VPN, Spot, local, located, origin
from simulation.records import Event, Pen, rng_of

#: Of a hundred working days so many are worked, and of a hundred weekend days.
PRESENT, WEEKEND = 93, 3
_WORDS = ("renewal", "invoice", "Q3 forecast", "escalation", "new contact", "password reset", "contract", "demo")
#: What an ordinary hour holds, in parts of a hundred.
_MIX = (
    (actions.RECORD_READ, 55),
    (actions.RECORD_UPDATED, 15),
    (actions.RECORD_SEARCHED, 10),
    (actions.REPORT_VIEWED, 7),
    (actions.RECORD_CREATED, 6),
    (actions.MESSAGE_SENT, 5),
    (actions.FILE_DOWNLOADED, 2),
)
_ACTIONS, _WEIGHTS = tuple(action for action, _ in _MIX), tuple(weight for _, weight in _MIX)
_FIELDS = {"case": ["status", "priority"], "opportunity": ["stage", "amount"]}
#: The forecast that finance takes out on Thursdays: the report, and its rows, a little below C13's floor.
FORECAST, FORECAST_ROWS, THURSDAY = "r-forecast", (8_200, 9_600), 3


@dataclass(frozen=True)
class Leg:
    """A stretch of a day: signed in once, from one place, on one device."""

    start: int  # ms
    end: int
    where: Spot
    agent: str
    device: str
    mistypes: int = 0  # before the sign-in
    mobile: bool = False


def day(seed: int, person: Person, number: int) -> list[Event]:
    """What a person does on one local day (a proleptic ordinal), often nothing; the same for the same arguments."""
    rng = rng_of(seed, person.id, number)
    weekend = (number - 1) % 7 >= 5  # ordinal 1 was a Monday
    forecast = person.forecasts and (number - 1) % 7 == THURSDAY
    if rng.randrange(100) >= (WEEKEND if weekend else PRESENT) and not forecast:
        return []
    pen = Pen(rng)
    legs = _weekend(rng, person, number) if weekend else _legs(rng, person, number)
    things = max(3, round(rng.gauss(person.role.pace, person.role.pace / 5))) if not weekend else rng.randrange(2, 6)
    length = sum(leg.end - leg.start for leg in legs)
    for leg in legs:
        work(pen, person, leg, max(1, round(things * (leg.end - leg.start) / length)))
    if not weekend and rng.random() < person.role.exports:
        leg = rng.choice(legs)
        export(pen, person, leg, rng.randrange(leg.start, leg.end), rng.randint(*person.role.rows))
    if forecast:
        export(pen, person, legs[0], legs[0].start + HOUR, rng.randint(*FORECAST_ROWS), "opportunity", FORECAST)
    return pen.written


def _weekend(rng: random.Random, person: Person, number: int) -> list[Leg]:
    begin = local(person.office.zone, number, rng.randrange(10 * 60, 19 * 60))
    return [Leg(begin, begin + rng.randrange(20, 90) * MINUTE, person.home, person.agent, person.laptop)]


def _legs(rng: random.Random, person: Person, number: int) -> list[Leg]:
    zone = person.office.zone
    begin = local(zone, number, round(rng.gauss(person.arrives, 15)))
    end = local(zone, number, round(rng.gauss(person.leaves, 25)))
    where = _desk(rng, person, number)
    lunch = local(zone, number, rng.randrange(12 * 60, 13 * 60 + 20))
    mistypes = rng.choice((0,) * 18 + (1, 2))
    if person.vpn:  # as it comes: by the provider's own address, or through one of the VPN's
        turns = sorted(rng.randrange(begin + HOUR, end) for _ in range(2))
        ways = (person.home, rng.choice(VPN), person.home)
        spans = pairwise((begin, *turns, end))
        return [_at_laptop(person, since, until, way) for (since, until), way in zip(spans, ways, strict=True)]
    if rng.random() < 0.55:
        after = lunch + rng.randrange(25, 60) * MINUTE
        legs = [_at_laptop(person, begin, lunch, where, mistypes), _at_laptop(person, after, end, where)]
    else:
        legs = [_at_laptop(person, begin, end, where, mistypes)]
    if rng.random() < person.on_phone:
        start = end + rng.randrange(20, 150) * MINUTE
        minutes = rng.randrange(3, 12)
        outside = where if where in person.roams else person.phone_at
        legs.append(Leg(start, start + minutes * MINUTE, outside, PHONE, person.phone, mobile=True))
    return legs


def _at_laptop(person: Person, start: int, end: int, where: Spot, mistypes: int = 0) -> Leg:
    return Leg(start, max(end, start + 10 * MINUTE), where, person.agent, person.laptop, mistypes)


def _desk(rng: random.Random, person: Person, number: int) -> Spot:
    """Office or home; those who travel are away on Tuesdays and Wednesdays, in one of their two cities by turns."""
    at_home = rng.random() < person.role.at_home
    if person.roams:
        week, weekday = divmod(number - 1, 7)
        if weekday in (1, 2):
            return person.roams[week % 2]
    return person.home if at_home else person.office.egress


def sign_in(pen: Pen, person: Person, leg: Leg, *, mfa: bool = True) -> dict[str, Any]:
    """The sign-in of a leg, mistyped passwords before it; fields that every event of the session has."""
    where = located(leg.where, agent=leg.agent, device=leg.device)
    at = leg.start
    for _ in range(leg.mistypes):
        pen.write(at, actions.LOGIN_FAILED, person.actor, where, reason="bad_password", auth_method="password")
        at += pen.rng.randrange(6_000, 25_000)
    session = {"session_id": f"{pen.rng.getrandbits(64):016x}", "channel": "mobile" if leg.mobile else "ui"}
    pen.write(at, actions.LOGIN_SUCCEEDED, person.actor, where, auth_method="password", mfa=mfa, **session)
    return session


def work(pen: Pen, person: Person, leg: Leg, things: int) -> None:
    """Sign in, do so many things, and sometimes sign out."""
    rng, actor = pen.rng, person.actor
    session = sign_in(pen, person, leg)
    where = origin(leg.where, agent=leg.agent, device=leg.device)
    begin = leg.start + MINUTE
    for at in sorted(rng.randrange(begin, max(leg.end, begin + MINUTE)) for _ in range(things)):
        action = rng.choices(_ACTIONS, _WEIGHTS)[0]
        pen.write(at, action, actor, where, **_told(rng, action, person.role.objects), **session)
    if rng.random() < 0.4:
        pen.write(leg.end + MINUTE, actions.LOGOUT, actor, where, **session)


def _told(rng: random.Random, action: str, objects: tuple[str, ...]) -> dict[str, Any]:
    """What a record of this action says beyond who, when and where."""
    kind = rng.choices(objects, [4 ** (len(objects) - place) for place in range(len(objects))])[0]
    if action == actions.RECORD_SEARCHED:
        return {"object_type": kind, "title": rng.choice(_WORDS)}
    if action == actions.MESSAGE_SENT:
        return {"recipient_count": rng.choice((1, 1, 1, 2, 4)), "external": True}
    if action == actions.FILE_DOWNLOADED:
        return {
            "object_type": "file",
            "object_id": f"f{rng.randrange(9_000)}",
            "bytes": rng.randrange(20_000, 4_000_000),
        }
    if action == actions.REPORT_VIEWED:
        return {"object_type": kind, "object_id": f"r{rng.randrange(40)}", "count": rng.randrange(5, 400)}
    told: dict[str, Any] = {"object_type": kind, "object_id": f"{kind[:2]}{rng.randrange(20_000)}"}
    if action == actions.RECORD_UPDATED:
        told["fields"] = _FIELDS.get(kind, ["notes"])
    return told


def read(pen: Pen, person: Person, at: int, where: dict[str, Any], session: dict[str, Any]) -> Event:
    """One record opened."""
    kind = person.role.objects[0]
    name = f"{kind[:2]}{pen.rng.randrange(20_000)}"
    return pen.write(at, actions.RECORD_READ, person.actor, where, object_type=kind, object_id=name, **session)


def export(pen: Pen, person: Person, leg: Leg, at: int, rows: int, kind: str = "", report: str = "") -> Event:
    """One report taken out as a file."""
    return pen.write(
        at,
        actions.DATA_EXPORTED,
        person.actor,
        origin(leg.where, agent=leg.agent, device=leg.device),
        channel="ui",
        object_type=kind or person.role.objects[0],
        object_id=report or f"r{pen.rng.randrange(40)}",
        count=rows,
        execution_id=f"x{pen.rng.getrandbits(48):012x}",
    )
