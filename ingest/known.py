"""What is known of records that are alike, and what one of them comes to: an activity with what varies put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.clock import MINUTE
from domain.rows import HEAD, head, head_of
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.form import NOBODY, Form
from ingest.likeness import Rules
from ingest.memory import Memory
from ingest.people import OF_PERSON, People, Person, flags_of
from ingest.record import Record, Skip
from ingest.shape import Drawn, Layout
from ingest.sheet import Mould, Sheet
from ingest.sources.base import ACTOR, BLANK, ORIGIN, at
from ingest.who import Lookup

Outcome = list[Activity] | DeadLetter | Skip

#: Further ahead of its arrival an event is not usual, ms.
AHEAD: Final = MINUTE
#: Layouts of as many quotes, each of which is tried on a record.
TRIED: Final = 8
#: Of a shape and a person, about a kilobyte each.
_MOULDS: Final = 50_000
#: From the rows of an activity and of a person.
_head_fields: Final = itemgetter(*(at(name) + len(BLANK) * (at(name) in OF_PERSON) for name in HEAD))
_encode, _astuple = msgspec.json.Encoder().encode, msgspec.structs.astuple


class Known:
    """What the records of one shape come to. Two are never equal."""

    __slots__ = ("app", "flags", "forms", "lookup", "mould", "row", "start", "suffix", "tenant", "whole")

    def __init__(
        self,
        one: Activity,
        forms: tuple[Form, Form],
        *,
        lookup: Lookup | None,
        people: bool,
        whole: bool,
    ) -> None:
        """Of an activity and its forms, the second of which is of people with a name, where `people` vary.

        `whole`: all of the record may be kept.
        """
        self.row = _astuple(one)  # of plain values, so that the garbage collector has nothing to look through
        self.forms, self.lookup, self.tenant, self.whole = forms, lookup, one.tenant, whole
        self.start, self.suffix, self.app = f"{one.tenant}\0{one.source}", f"{one.action}\0", one.app_token
        #: Where people vary, by what is known of their address.
        self.flags = tuple(_encode(each).decode() for each in flags_of(self.row)) if people else ()
        tokens = "\0".join((one.actor_token, one.login_token, one.ip_token, one.app_token))
        #: Where they do not.
        self.mould = Mould(forms[0], head_of(one), self.start, self.suffix + tokens, NOBODY)


class Sighted(NamedTuple):
    """A record of a shape that is worth learning, while it takes the long way."""

    way: Way
    seen: Seen
    found: re.Match[str]
    shape: object


class Seen(Layout):
    """A layout, and what is known of the records that have it."""

    __slots__ = ("actor", "known", "origin", "rules")

    def __init__(self, *drawn: Any) -> None:
        super().__init__(*drawn)
        self.actor = self.kinds.index(ACTOR) if ACTOR in self.kinds else -1
        self.origin = self.kinds.index(ORIGIN) if ORIGIN in self.kinds else -1
        self.known: dict[object, Known | Skip | None] = {}
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
        # bound, as `memory[...]` of a class of our own takes twice as long
        self._kept, self._person = kept, People(keys).known.__getitem__
        self._mould = Memory(_mould_of, most=_MOULDS).__getitem__

    def make(
        self, record: Record, seen: Seen, known: Known, values: tuple[str, ...], occurred_at: int, sheet: Sheet
    ) -> bool:
        """Writes what a record with these values comes to into the sheet; False for what takes the long way."""
        if occurred_at > record.received_at + AHEAD:
            return False
        if seen.actor < 0:
            mould = known.mould
        else:
            origin = values[seen.origin] if seen.origin >= 0 else ""
            if (person := self._person((known.tenant, values[seen.actor], origin, known.lookup))) is None:
                return False
            mould = self._mould((known, person))
        form = mould.form
        if form.makings or form.content is not None:
            values = form.made(values)
        raw = record.value if known.whole else self._kept(record)
        sheet.made.append((record, raw, mould, values, occurred_at))
        return True


def _mould_of(of: tuple[Known, Person]) -> Mould:
    known, person = of
    made = head(_head_fields(known.row + person.row))
    who = (known.flags[person.address], *person.texts)
    return Mould(known.forms[person.named], made, known.start, known.suffix + person.subjects + known.app, who)
