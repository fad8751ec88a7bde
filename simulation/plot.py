"""What the stories of a morning are written with: the staff to choose from, dice, and a clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from domain.clock import HOUR, MINUTE, SECOND
from simulation.habits import Leg
from simulation.labels import Scenario
from simulation.people import Person, Role
from simulation.places import Spot
from simulation.records import Event, Pen, rng_of


@dataclass
class Plot:
    """One morning being written. A person takes part in one story at most."""

    seed: int
    start: int  # ms
    staff: tuple[Person, ...]
    away: set[str] = field(default_factory=set)  # who does nothing this morning but what a story says
    events: list[Event] = field(default_factory=list)
    _cast: set[str] = field(default_factory=set)

    def pen(self, name: str) -> Pen:
        """A story's own pen and dice."""
        return Pen(rng_of(self.seed, self.start, name))

    def cast(
        self,
        rng: random.Random,
        role: Role | None = None,
        city: str = "",
        *,
        roams: bool = False,
        vpn: bool = False,
        forecasts: bool = False,
        home: int = 0,
        on_phone: float = 0,
        away: bool = True,
    ) -> Person:
        """Somebody who fits and has no part yet; `home` is the ASN they live behind, `on_phone` the least use of it."""
        fitting = [
            person
            for person in self.staff
            if person.id not in self._cast
            and (role is None or person.role is role)
            and (not city or person.office.city == city)
            and bool(person.roams) == roams
            and (person.vpn, person.forecasts) == (vpn, forecasts)
            and (not home or person.home.network.asn == home)
            and person.on_phone >= on_phone
        ]
        chosen = rng.choice(fitting)
        self._cast.add(chosen.id)
        if away:
            self.away.add(chosen.id)
        return chosen

    def at(self, rng: random.Random, hours: int, minutes: int, *, give: int = 5) -> int:
        """So long after the start, up to `give` minutes later; ms."""
        return self.start + hours * HOUR + minutes * MINUTE + rng.randrange(give * 60) * SECOND

    def keep(
        self,
        pen: Pen,
        *,
        name: str,
        kind: str,
        title: str,
        actor: str,
        detector: str,
        values: tuple[str, ...],
        labelled: list[Event] | None = None,
    ) -> Scenario:
        """Put what the pen wrote into the morning, with a label on all of it or on `labelled`."""
        self.events += pen.written
        told = sorted(pen.written if labelled is None else labelled)
        return Scenario(
            name=name,
            kind=kind,
            title=title,
            actor=actor,
            detector=detector,
            values=values,
            events=tuple(event.id for event in told),
            first=told[0].at,
            last=told[-1].at,
        )


def laptop(person: Person, where: Spot, start: int, minutes: int, *, mistypes: int = 0) -> Leg:
    """The person's own machine at `where` for so long."""
    return Leg(start, start + minutes * MINUTE, where, person.agent, person.laptop, mistypes)
