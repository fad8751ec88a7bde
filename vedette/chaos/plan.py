"""What a chaos run does: how much is sent, how it is mangled, and which faults strike when. One seed, one plan."""

from __future__ import annotations

import random
from typing import Literal

import msgspec

from domain.errors import SettingsInvalid

#: Events a second at most, and seconds at least from one fault to the next: less, and the run grows longer.
RATE, SPACING = 2_500, 2.5
#: Seconds before the first fault, so that something is under way when it strikes.
CALM = 2.0
#: Seconds that a stalled worker stands still: far beyond the session timeout of its group (6 s).
STALL = 30.0
#: Seconds that a worker which joined stays, at least and at most.
STAY = (5.0, 10.0)
#: What a kill may strike, detect as often as all that is not on the way of an event together.
VICTIMS = ("ingest", "detect", "store", "detect", "api", "notify")
#: Those that no event goes through.
BESIDE = ("api", "notify")

Kind = Literal["kill", "stall", "join", "renew", "broker"]


_OTHERS: tuple[tuple[Kind, str, str], ...] = (
    ("stall", "detect", "stalls"),
    ("join", "detect", "joins"),
    ("renew", "broker", "renewals"),
    ("broker", "broker", "broker_kills"),
)


class Fault(msgspec.Struct, frozen=True):
    """`at` is in seconds from the first event. `victim` is a role; `dice` (0 to 1) decides what is left open."""

    at: float
    kind: Kind
    victim: str
    dice: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Shares (`duplicates`, `disorder`, `late`) are of the events, 0 to 1. Faults are at least `apart` s apart."""

    seed: int = 1
    events: int = 20_000
    kills: int = 0
    workers: int = 1
    partitions: int = 4
    duplicates: float = 0.0
    disorder: float = 0.0
    late: float = 0.0
    stalls: int = 0
    joins: int = 0
    renewals: int = 0
    broker_kills: int = 0
    apart: float = 0.0

    def __post_init__(self) -> None:
        """SettingsInvalid for what cannot be done."""
        for name, least, most in (("events", 1, 100_000_000), ("workers", 1, 64), ("partitions", 1, 1024)):
            if not least <= getattr(self, name) <= most:
                raise SettingsInvalid(f"chaos: {name} is {getattr(self, name)}; it must be from {least} to {most}")
        for name in ("kills", "stalls", "joins", "renewals", "broker_kills"):
            if getattr(self, name) < 0:
                raise SettingsInvalid(f"chaos: {name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 <= self.apart <= 3600:
            raise SettingsInvalid(f"chaos: apart is {self.apart:g}; it must be from 0 to 3600 s")
        for name in ("duplicates", "disorder", "late"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsInvalid(f"chaos: {name} is {getattr(self, name):.0%}; it must be from 0% to 100%")

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        faults = self.kills + self.stalls + self.joins + self.renewals + self.broker_kills
        return max(self.events / RATE, faults * (SPACING + self.apart) + 2 * CALM if faults else 0.0)

    def faults(self) -> list[Fault]:
        """In order of time."""
        rng = random.Random(f"faults|{self.seed}")  # noqa: S311 (a plan, not a secret)
        victims = [VICTIMS[n % len(VICTIMS)] for n in range(self.kills)]
        rng.shuffle(victims)
        kinds: list[tuple[Kind, str]] = [("kill", victim) for victim in victims]
        for kind, victim, times in _OTHERS:
            kinds += [(kind, victim)] * getattr(self, times)
        rng.shuffle(kinds)
        last = max(CALM, self.seconds - CALM - self.apart * len(kinds))
        moments = [at + n * self.apart for n, at in enumerate(sorted(rng.uniform(CALM, last) for _ in kinds))]
        return [Fault(at, kind, victim, rng.random()) for at, (kind, victim) in zip(moments, kinds, strict=True)]
