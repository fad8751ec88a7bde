"""What is known of records that are alike, and what one of them comes to: an activity with what varies put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from domain.activity import Activity
from domain.clock import MINUTE
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.identity import activity_ids, record_digest
from ingest.likeness import NATIVE_ID, SESSION, Content, Rules
from ingest.memory import Memory
from ingest.people import REMEMBERED, TOKENS, VALUES, People
from ingest.record import Record, Skip, lane_name
from ingest.shape import Drawn, Layout
from ingest.sources.base import ACTOR, ORIGIN, at
from ingest.sources.columns import content_digest
from ingest.sources.salesforce_ids import long_id
from ingest.who import Lookup

Outcome = list[Activity] | DeadLetter | Skip

#: Further ahead of its arrival an event is not usual, ms.
AHEAD: Final = MINUTE
#: Layouts of as many quotes, each of which is tried on a record.
TRIED: Final = 8
_ACTIVITY_ID, _OCCURRED_AT, _FLAGS, _DIGEST = map(at, ("activity_id", "occurred_at", "flags", "record_digest"))
_APP_TOKEN: Final = at("app_token")
_PLACE: Final = slice(at("epoch"), at("received_at") + 1)


class Known(NamedTuple):
    """What the records of one shape come to."""

    row: tuple[Any, ...]  # of plain values, so that the garbage collector has nothing to look through
    rules: Rules
    tenant: str
    prefix: str  # of what an id is made of, and its end
    suffix: str
    key: Tokeniser
    lookup: Lookup | None
    content: Content | None
    flags: tuple[tuple[str, ...], ...]  # where people vary, by what is known of their address


class Sighted(NamedTuple):
    """A record of a shape that is worth learning, while it takes the long way."""

    way: Way
    seen: Seen
    found: re.Match[str]
    shape: tuple[str, ...]


class Seen(Layout):
    """A layout, and what is known of the records that have it."""

    __slots__ = ("actor", "known", "origin", "rules")

    def __init__(self, *drawn: Any) -> None:
        super().__init__(*drawn)
        self.actor = self.kinds.index(ACTOR) if ACTOR in self.kinds else -1
        self.origin = self.kinds.index(ORIGIN) if ORIGIN in self.kinds else -1
        self.known: dict[tuple[str, ...], Known | Skip | None] = {}
        self.rules: dict[object, Rules | None] = {}


class Way:
    """The records of one door, with what is known of them."""

    __slots__ = ("drawn", "layouts", "long", "strangers", "varies")

    def __init__(self, varies: Mapping[str, str], long: Callable[[Record], Outcome]) -> None:
        """`varies` as the adapter has it; `long` is the long way of this door's records."""
        self.varies, self.long = varies, long
        self.drawn: dict[str, Seen] = {}  # by their expressions
        self.layouts: dict[int, list[Seen]] = {}  # by the number of quotes in the records
        self.strangers = 0  # records of none of them since the last was added

    def add(self, quotes: int, drawn: Drawn) -> Seen:
        self.strangers = 0
        some = self.layouts.setdefault(quotes, [])
        del some[: len(some) - TRIED + 1]
        seen = self.drawn.get(drawn.pattern) or self.drawn.setdefault(drawn.pattern, Seen(*drawn))
        some.append(seen)
        return seen

    def forget(self) -> None:
        self.drawn.clear()
        self.layouts.clear()


class Maker:
    """Puts what varies into what is known."""

    def __init__(self, kept: Callable[[Record], bytes], keys: Callable[[str], Tokeniser]) -> None:
        self._kept, self._people = kept, People(keys).known
        self._sessions = Memory(_session, most=REMEMBERED)

    def make(
        self, record: Record, seen: Seen, known: Known, values: Sequence[str], occurred_at: int
    ) -> list[Any] | None:
        """The row of a record that has these values, for `finished`; None for what takes the long way."""
        base, rules, tenant, prefix, suffix, key, lookup, content, flags = known
        if occurred_at > record.received_at + AHEAD:
            return None
        row = list(base)
        if seen.actor >= 0:
            actor, origin = values[seen.actor], values[seen.origin] if seen.origin >= 0 else ""
            if (person := self._people[tenant, actor, origin, lookup]) is None:
                return None
            row[TOKENS], row[VALUES], row[_FLAGS] = person.tokens, person.values, flags[person.address]
            suffix += person.subjects + row[_APP_TOKEN]
        for field, which in rules.copies:
            row[field] = values[which]
        for field, which in rules.counts:
            row[field] = int(values[which])
        if rules.parts:
            _put(row, rules, values)
        if rules.session >= 0:
            row[SESSION] = self._sessions[key, values[rules.session]]
        if content is not None:
            row[NATIVE_ID] = content.kind + content_digest(content.text(values))
        lane = lane_name(record.topic, record.partition)
        place = row[NATIVE_ID] or f"{record.epoch}/{lane}/{record.offset}/0"
        row[_ACTIVITY_ID] = f"{prefix}{place}\0{occurred_at}{suffix}"
        row[_OCCURRED_AT] = occurred_at
        row[_DIGEST] = record.value if rules.whole else self._kept(record)
        row[_PLACE] = record.epoch, lane, record.offset, 0, record.received_at
        return row


def _session(who: tuple[Tokeniser, str]) -> str:
    key, session = who
    return key("session\0" + session)


def _put(row: list[Any], rules: Rules, values: Sequence[str]) -> None:
    """What is more than a copy of a value."""
    for field, which, before, after, longer in rules.writes:
        value = values[which]
        row[field] = before + (long_id(value) if longer and len(value) == 15 else value) + after
    for field, which, other, before, between, after in rules.pairs:
        row[field] = before + values[which] + between + values[other] + after
    for field, which in rules.lists:
        row[field] = values[which].count(",") + 1


def finished(rows: Sequence[list[Any]]) -> list[Activity]:
    """The activities of rows in which what id and digest are made of stands in their places."""
    for row, identity in zip(rows, activity_ids([row[_ACTIVITY_ID] for row in rows]), strict=True):
        row[_ACTIVITY_ID], row[_DIGEST] = identity, record_digest(row[_DIGEST])
    return [Activity(*row) for row in rows]
