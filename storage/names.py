"""What a token stands for: a name for whoever may see it. Written once per process and token, not with every event."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from operator import attrgetter
from typing import Final

import msgspec

from domain.rows import Rows

#: Tokens remembered as written; a forgotten one is written again, which changes nothing.
_REMEMBERED: Final = 200_000


class Named(msgspec.Struct, frozen=True, array_like=True):
    """One row of `names`; `last_seen` in ms."""

    tenant: str
    token: str
    value: str
    last_seen: int


COLUMNS: Final = ("tenant", "token", "value", "last_seen_ms")

#: All that a name depends on.
_named = attrgetter(
    "actor_token", "actor_name", "actor_login", "actor_id", "login_token", "ip_token", "ip", "app_token", "app_name",
    "app_id",
)  # fmt: skip
#: By token, how good its name is and the row to write.
Fresh = Mapping[str, tuple[int, Named]]


class Names:
    """The names in activities that this process has not written yet.

    A better name replaces a worse one (an actor's name, else the login, else the id), and a new one an old one of its
    kind; a worse one is left out, so that two feeds that name one person differently do not take turns.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def fresh(self, rows: Rows) -> Fresh:
        """What to write; say `written` when it is, else it comes again."""
        found: dict[str, tuple[int, Named]] = {}
        known = self._known
        # the same people come again and again: one row of each, in the order in which they came last
        received = dict(zip(rows.heads, rows.received, strict=True))
        several = {_named(row): row for row in dict.fromkeys(reversed(rows.heads))}
        for row in reversed(several.values()):
            rank, actor = 2, row.actor_name
            if not actor:
                rank, actor = (1, row.actor_login) if row.actor_login else (0, row.actor_id)
            app = (row.app_token, 1, row.app_name) if row.app_name else (row.app_token, 0, row.app_id)
            login = (row.login_token, 0, row.actor_login or row.actor_id)
            for token, good, value in ((row.actor_token, rank, actor), (row.ip_token, 0, row.ip), login, app):
                if not token or ((was := known.get(token)) and (good < was[0] or value == was[1])):
                    continue
                if (now := found.get(token)) is None or (good >= now[0] and value != now[1].value):
                    found[token] = (good, Named(row.tenant, token, value, received[row]))
        return found

    def written(self, names: Fresh) -> None:
        """They are in the store."""
        for token, (good, row) in names.items():
            self._known[token] = (good, row.value)
            self._known.move_to_end(token)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
