"""Who did it from where, as the generic event says it in `actor` and `origin`: the same come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from domain.activity import Activity
from domain.subject import Tokeniser
from domain.wire import OPTIONAL
from ingest.memory import Memory
from ingest.sources import generic_fast
from ingest.sources.base import BLANK, at
from ingest.sources.generic_fast import OTHERS, VALUES
from ingest.who import Lookup, identify, lacking, write

#: This many are remembered, about two kilobytes each.
REMEMBERED: Final = 20_000
#: Their fields in an activity: tokens, what is judged, and what is not, of which few have the last ones.
_NAMED: Final = at(OPTIONAL[0])
STRETCHES: Final = (
    slice(at("actor_token"), at("app_token")), VALUES, slice(OTHERS.start, _NAMED), slice(_NAMED, OTHERS.stop),
)  # fmt: skip
OF_PERSON: Final = frozenset(place for some in STRETCHES for place in range(some.start, some.stop))
_ACTOR_ID, _LOGIN, _IP, _USER_AGENT = map(at, ("actor_id", "actor_login", "ip", "user_agent"))
_ACTION, _COUNT, _OBJECT_ID, _PRECISION = map(at, ("action", "count", "object_id", "time_precision"))
_encode: Final = msgspec.json.Encoder().encode


class Person:
    """What actor and origin come to for a tenant. Two are never equal."""

    __slots__ = ("address", "named", "row", "subjects", "texts")

    def __init__(self, row: list[Any], subjects: str, address: int) -> None:
        self.row = tuple(row)  # an activity of which only their fields are known
        self.subjects = subjects  # the end of what an id is made of, before the token of the app
        self.address = address  # 0: one that is kept, 1: one that cannot be used, 2: none
        self.texts = tuple(",".join(_encode(value).decode() for value in row[some]) for some in STRETCHES)
        self.named = row[STRETCHES[-1]] != list(BLANK[STRETCHES[-1]])  # whether it has any of the last ones


class People:
    """Reads actors and origins."""

    def __init__(self, keys: Callable[[str], Tokeniser]) -> None:
        self._keys = keys
        #: By tenant, actor, origin and lookup; None for those that cannot be read at once.
        self.known = Memory(self._read, most=REMEMBERED)

    def _read(self, asked: tuple[str, str, str, Lookup | None]) -> Person | None:
        tenant, actor, origin, lookup = asked
        if "\\" in actor or "\\" in origin:
            return None
        parts = generic_fast.read_parts(actor.encode(), origin.encode())
        if parts is None or not parts.sure:
            return None
        row = list(BLANK)
        row[VALUES], row[OTHERS] = parts.values, parts.others
        said = row[_IP]
        who = identify(self._keys(tenant), row[_ACTOR_ID], row[_LOGIN], said, row[_USER_AGENT], "")
        write(row, who, lookup)
        return Person(row, who.subjects, 0 if who.ip else 1 if said else 2)


def nameless(one: Activity) -> Activity:
    """The activity of a person who has none of the last fields."""
    row = list(msgspec.structs.astuple(one))
    row[STRETCHES[-1]] = BLANK[STRETCHES[-1]]
    return Activity(*row)


def flags_of(row: tuple[Any, ...]) -> tuple[tuple[str, ...], ...]:
    """The flags of an activity by what its person's address is."""
    action, count, object_id, precision = row[_ACTION], row[_COUNT], row[_OBJECT_ID], row[_PRECISION]
    return tuple(
        lacking(
            action,
            ip="" if address else "kept",
            said=address < 2,
            count=count,
            object_id=object_id,
            precision=precision,
        )
        for address in range(3)
    )
