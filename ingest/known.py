"""What is known of records that are alike, and what one of them comes to: an activity with what varies put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.clock import MINUTE
from domain.rows import HEAD, Head, Rows, head, head_of
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.form import NOBODY, Form
from ingest.identity import activity_ids, record_digest
from ingest.likeness import Rules
from ingest.memory import Memory
from ingest.people import People, Person, flags_of, put
from ingest.record import Record, Skip, lane_name
from ingest.shape import Drawn, Layout
from ingest.sources.base import ACTOR, ORIGIN, at
from ingest.who import Lookup

Outcome = list[Activity] | DeadLetter | Skip

#: Further ahead of its arrival an event is not usual, ms.
AHEAD: Final = MINUTE
#: Layouts of as many quotes, each of which is tried on a record.
TRIED: Final = 8
#: Heads of a shape and a person that are remembered, half a kilobyte each.
_HEADS: Final = 50_000
_head_fields: Final = itemgetter(*map(at, HEAD))
_received, _epoch, _offset = map(attrgetter, ("received_at", "epoch", "offset"))
_encode, _astuple = msgspec.json.Encoder().encode, msgspec.structs.astuple


class Known:
    """What the records of one shape come to. Two are never equal."""

    __slots__ = ("app", "flags", "forms", "head", "lookup", "prefix", "row", "suffix", "tenant", "whole")

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
        self.head, self.app = head_of(one), one.app_token
        tokens = "\0".join((one.actor_token, one.login_token, one.ip_token, one.app_token))
        self.prefix = f"{one.tenant}\0{one.source}\0"  # of what an id is made of, and its end
        self.suffix = f"\0{one.action}\0" + ("" if people else tokens)
        #: Where people vary, by what is known of their address.
        self.flags = tuple(_encode(each).decode() for each in flags_of(self.row)) if people else ()


class Sheet:
    """Records that are alike, and what they come to, in columns; empty again when it is taken."""

    __slots__ = ("heads", "natives", "occurred", "parts", "raws", "records", "whats")

    def __init__(self) -> None:
        self.records, self.heads, self.occurred = list[Record](), list[Head](), list[int]()
        self.whats, self.natives = list[str](), list[str]()  # what ids are made of, and the source's own
        self.parts, self.raws = list[list[str]](), list[bytes]()  # of bodies, all but the id filled in

    def __len__(self) -> int:
        return len(self.records)

    def take(self) -> Rows:
        """Its rows."""
        records, ids = self.records, activity_ids(self.whats)
        for parts, one in zip(self.parts, ids, strict=True):
            parts[1] = one
        bodies = "".join(chain.from_iterable(self.parts)).encode().split(b"\n")  # there is none in a text
        bodies.pop()  # behind the last line end
        received, epochs, offsets = ([*map(field, records)] for field in (_received, _epoch, _offset))
        lanes, first = [lane_name(record.topic, record.partition) for record in records], [0] * len(ids)
        made = Rows(
            self.heads, ids, self.occurred, self.natives, bodies, self.raws, received, epochs, lanes, offsets, first
        )
        self.__init__()  # type: ignore[misc]  # the lists belong to the rows now
        return made


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
        self._heads = Memory(_head_of, most=_HEADS)

    def make(
        self, record: Record, seen: Seen, known: Known, values: Sequence[str], occurred_at: int, sheet: Sheet
    ) -> bool:
        """Writes what a record with these values comes to into the sheet; False for what takes the long way."""
        if occurred_at > record.received_at + AHEAD:
            return False
        form, head, suffix, who = known.forms[0], known.head, known.suffix, NOBODY
        if seen.actor >= 0:
            actor, origin = values[seen.actor], values[seen.origin] if seen.origin >= 0 else ""
            if (person := self._people[known.tenant, actor, origin, known.lookup]) is None:
                return False
            form, head = known.forms[person.named], self._heads[known, person]
            who = (known.flags[person.address], *person.texts)
            suffix += person.subjects + known.app
        raw = record.value if known.whole else self._kept(record)
        lane, at = lane_name(record.topic, record.partition), str(occurred_at)
        place = f'{record.epoch},"{lane}",{record.offset},0,{record.received_at}'
        made = tuple([making[values[which]] for making, which in form.makings])
        if form.content is not None:
            made += (form.content(values),)
        fill = ("", at, record_digest(raw), place, *who, *made, *values)
        native = form.native % form.named(fill) if form.named else form.native
        named = native or f"{record.epoch}/{lane}/{record.offset}/0"
        parts = form.parts.copy()
        parts[1::2] = form.pick(fill)
        sheet.records.append(record)
        sheet.heads.append(head)
        sheet.occurred.append(occurred_at)
        sheet.whats.append(f"{known.prefix}{named}\0{at}{suffix}")
        sheet.natives.append(native)
        sheet.parts.append(parts)
        sheet.raws.append(raw)
        return True


def _head_of(of: tuple[Known, Person]) -> Head:
    known, person = of
    row = list(known.row)
    put(row, person)
    return head(_head_fields(row))
