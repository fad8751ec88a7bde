"""Ranges that a company stated as its own egress: facts that are activities, and hold from and until event times."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from domain.activity import Activity

EGRESS: Final = "egress_range"
_NETWORK: Final = "network:"


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """The range is the company's from `start` until before `end` (event time, ms; 0: for ever)."""

    cidr: str
    start: int
    end: int = 0

    def holds(self, at: int) -> bool:
        return self.start <= at and (not self.end or at < self.end)


#: Facts by tenant.
Stated = Mapping[str, Sequence[Fact]]
NOTHING: Final[Stated] = {}


def egress(activities: Iterable[Activity]) -> dict[str, tuple[Fact, ...]]:
    """What the `context.stated` activities say of egress ranges; what was said last of a range counts.

    Without `from` a fact holds from when it was stated. A range that cannot be read says nothing.
    """
    last: dict[tuple[str, str], tuple[tuple[int, str], Fact]] = {}
    for each in activities:
        if each.fact != EGRESS or not each.about.startswith(_NETWORK):
            continue
        try:
            cidr = str(ipaddress.ip_network(each.about.removeprefix(_NETWORK)))
        except ValueError:
            continue
        start = each.occurred_at if each.valid_from is None else each.valid_from
        said = (each.occurred_at, each.activity_id), Fact(cidr, start, each.valid_until or 0)
        key = each.tenant, cidr
        last[key] = max(last.get(key, said), said, key=lambda told: told[0])
    found: dict[str, list[Fact]] = {}
    for (tenant, _), (_, fact) in sorted(last.items()):
        found.setdefault(tenant, []).append(fact)
    return {tenant: tuple(facts) for tenant, facts in found.items()}


def borders(stated: Stated, *, start: int, end: int | None) -> list[int]:
    """Event times inside (start, end) at which a fact begins or ends to hold, in order."""
    times = {time for facts in stated.values() for fact in facts for time in (fact.start, fact.end) if time}
    return sorted(time for time in times if time > start and (end is None or time < end))


def holding(stated: Stated, at: int) -> dict[str, tuple[Fact, ...]]:
    """The facts that hold at event time `at`, ms."""
    found = {tenant: tuple(fact for fact in facts if fact.holds(at)) for tenant, facts in stated.items()}
    return {tenant: facts for tenant, facts in found.items() if facts}
