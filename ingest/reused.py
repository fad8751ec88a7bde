"""A source that gives two events one id is noticed, once an hour: both are kept, and none replaces the other."""

from __future__ import annotations

from collections import Counter

from domain.alert import Severity
from domain.clock import HOUR
from domain.incident import Notice, notice_id
from domain.rows import Rows

#: Ids are remembered until there are so many.
REMEMBERED = 20_000
#: Tenant and source, and the id as the source has it.
_Name = tuple[tuple[str, str], str]


class Reused:
    """Sees an id that comes again for another time or subject, while it is remembered."""

    def __init__(self) -> None:
        self._known: dict[_Name, str] = {}
        self._said: dict[tuple[str, str], int] = {}  # by tenant and source, the hour

    def count(self, rows: Rows, *, at: int) -> list[Notice]:
        """Of a fetch received at `at` (ms), the notices that are due."""
        feeds = {head: (head.tenant, head.source) for head in {*rows.heads}}
        said = list(zip(map(feeds.__getitem__, rows.heads), rows.natives, strict=True))
        names = dict(zip(said, rows.ids, strict=True))
        known = self._known
        again = [name for name in names.keys() & known.keys() if names[name] != known[name]]
        known |= names
        if len(known) > REMEMBERED:
            self._known = names
        if len(names) < len(rows):
            again += [name for name, one in zip(said, rows.ids, strict=True) if names[name] != one]
        reused = Counter(feed for feed, native in set(again) if native)
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
