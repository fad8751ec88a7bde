"""A partition's clocks: per tenant, the least of its lanes' marks, once every lane has been heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from domain.clock import BEGINNING
from domain.wire import LaneMark, Marks

#: A lane further behind the fastest than this stops holding the clock back, ms; unless it is where the fastest was so
#: long ago: after an outage several processes read what waits, an hour of it in seconds, and none is lost that comes
#: seconds later. Rules of cost, not of truth. The fastest of the lanes that carry the tenant, that is: an empty lane is
#: never in a hurry.
BEHIND, SOON = 60_000, 10_000


class Clocks:
    """`now` maps tenants to event time (ms): what lies below has arrived as far as ingest can tell. It never falls."""

    def __init__(self, now: Mapping[str, int], required: Iterable[str]) -> None:
        self.now: dict[str, int] = dict(now)
        self._required = set(required)
        self._heard: dict[str, LaneMark] = {}
        self._latest: frozenset[str] = frozenset()
        self._tenants: set[str] = set(now)
        self._at: int = BEGINNING  # of the newest marks, ms
        self._fastest: dict[str, deque[tuple[int, int]]] = {}  # per tenant, when and how far it had come
        #: When what was read last arrived (ms), on the slowest lane that carries live records.
        self.reached: int = BEGINNING

    @property
    def names(self) -> tuple[str, ...]:
        """Every lane that must be heard after a load."""
        return tuple(sorted(self._required | set(self._heard)))

    def know(self, tenant: str) -> None:
        """A tenant that has activities or dirty subjects here, though no lane may name it (batch records never do)."""
        self._tenants.add(tenant)

    def hear(self, marks: Marks) -> None:
        self._heard.update(marks.lanes)
        self._latest = frozenset(marks.names)
        self._at = max(self._at, marks.at)
        lanes = [mark for name, mark in self._heard.items() if name in self._latest]
        live = [mark.base for mark in lanes if mark.tenants]
        self.reached = min(live or [mark.base for mark in lanes], default=BEGINNING)

    def advance(self) -> None:
        """Move each tenant's clock to the least mark of the lanes that keep up."""
        if not (self._required | self._latest) <= self._heard.keys():
            return
        for mark in self._heard.values():
            self._tenants.update(mark.tenants)
        for tenant in self._tenants:
            marks = [mark.tenants.get(tenant, mark.base) for mark in self._heard.values()]
            carrying = [mark.tenants[tenant] for mark in self._heard.values() if tenant in mark.tenants]
            fastest = max(carrying or marks)
            slowest = min(fastest - BEHIND, self._before(tenant, fastest))
            least = min(m for m in marks if m >= slowest or m <= BEGINNING)  # one that was not read yet holds all back
            if least > self.now.get(tenant, BEGINNING):
                self.now[tenant] = least

    def _before(self, tenant: str, fastest: int) -> int:
        """How far the fastest was SOON before now, BEGINNING where nothing is known of then."""
        known = self._fastest.setdefault(tenant, deque())
        known.append((self._at, fastest))
        then = self._at - SOON
        while len(known) > 1 and known[1][0] <= then:
            known.popleft()
        return known[0][1] if known[0][0] <= then else BEGINNING
