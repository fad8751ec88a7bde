"""A source that gives two events one id is noticed, once an hour: both are kept, and none replaces the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from domain.activity import Activity
from domain.alert import Severity
from domain.clock import HOUR
from domain.incident import Notice, notice_id

_named = attrgetter("tenant", "source", "native_id")
_id = attrgetter("activity_id")
#: Ids are remembered until there are so many.
REMEMBERED = 20_000
#: Tenant, source and id as the source has it.
_Name = tuple[str, str, str]


class Reused:
    """Sees an id that comes again for another time or subject, while it is remembered."""

    def __init__(self) -> None:
        self._known: dict[_Name, str] = {}
        self._said: dict[tuple[str, str], int] = {}  # by tenant and source, the hour

    def count(self, activities: Sequence[Activity], *, at: int) -> list[Notice]:
        """Of a fetch received at `at` (ms), the notices that are due."""
        events = set(zip(map(_named, activities), map(_id, activities), strict=True))
        names = dict(events)
        known = self._known
        again = [name for name in names.keys() & known.keys() if names[name] != known[name]]
        known |= names
        if len(known) > REMEMBERED:
            self._known = names
        if len(names) < len(events):
            again += [name for name, times in Counter(name for name, _ in events).items() if times > 1]
        reused = Counter((tenant, source) for tenant, source, native in set(again) if native)
        return [self._notice(*feed, many, at) for feed, many in reused.items() if self._due(feed, at // HOUR)]

    def _due(self, feed: tuple[str, str], hour: int) -> bool:
        due = self._said.get(feed, -1) < hour
        self._said[feed] = hour
        return due

    @staticmethod
    def _notice(tenant: str, source: str, many: int, at: int) -> Notice:
        ids = "an id came" if many == 1 else f"{many:,} ids came"
        return Notice(
            notice_id=notice_id("ids_reused", tenant, source, str(at // HOUR)),
            tenant=tenant,
            kind="ids_reused",
            subject=source,
            text=f"{source}: {ids} again for another time, action or subject, counted as other events; "
            "let the source give each event its own id",
            severity=Severity.LOW,
        )
