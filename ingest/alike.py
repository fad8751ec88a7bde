"""Records that are alike: of records that differ only in ids, times and counts, few are read the long way.

An adapter says which columns vary from record to record. What is left of a record without their values is its shape;
of a shape that comes again the activity is remembered, and in the records of it that follow only what varies is put in.
Where that stands in an activity is learnt by reading two records the long way that have values of our own in these
columns, once for each kind of activity; and every shape has to come out of it as the long way has read it. Whatever is
not understood so (a value that goes into a token, a refusal, an escape, a key that stands twice, a value
that is no plain word) takes the long way. Tests hold one way against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import eq
from typing import Final

import msgspec

from domain import actions
from domain.activity import Activity
from domain.rows import Rows, same
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.form import form_of
from ingest.known import Known, Maker, Outcome, Sighted, Way
from ingest.likeness import Content, Rules, content_of, understood
from ingest.memory import Memory
from ingest.people import nameless
from ingest.record import Record, Skip
from ingest.shape import TAKEN, draw
from ingest.sheet import Sheet
from ingest.sources.base import BLANK, GIVEN
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import content_text
from ingest.strict_json import MOST_BYTES, parse
from ingest.who import Origins

#: Shapes that are remembered, about three kilobytes each; for how many a layout counts; tenants and sessions of each;
#: things that were seen once; kinds of activities of a layout.
REMEMBERED: Final = 16_000
LAYOUT: Final = 16
TENANTS, SESSIONS = 1_000, 20_000
SEEN: Final = 100_000
KINDS: Final = 1_000
#: Records of a door that are not understood until only one in so many is drawn, which takes about 30 us.
PATIENCE, FEW = 64, 16
#: What becomes of a record whose fields were given values, where no value is looked at by itself.
_GIVEN: Final = frozenset({actions.RECORD_CREATED, actions.RECORD_UPDATED})
#: All but what holds a record together.
_WORDS: Final = bytes(set(range(256)) - set(b'{}[]":,'))
_decode = msgspec.json.Decoder().decode
_astuple, _replace = msgspec.structs.astuple, msgspec.structs.replace


def _sessions(key: Tokeniser) -> Memory[str, str]:
    """The keyed hashes of a tenant's sessions."""
    return Memory(lambda session: key("session\0" + session), most=SESSIONS)


class Alike:
    """Reads records of shapes that it has seen; `Normaliser` shows it what the long way makes of the others."""

    def __init__(
        self, kept: Callable[[Record], bytes], keys: Callable[[str], Tokeniser], origins: Origins | None
    ) -> None:
        self._kept, self._keys, self._origins = kept, keys, origins
        self._make, self._sessions = Maker(kept, keys).make, Memory(_sessions, most=TENANTS)
        self._seen: set[int] = set()
        self._ways, self._held = set[Way](), 0  # those that know something, and how much: shapes, layouts for some
        self.sighted: Sighted | None = None

    def read(self, record: Record, way: Way, sheet: Sheet) -> bool | Skip:
        """Writes what the record comes to into the sheet; False for what takes the long way; `sighted`, when its shape
        came before.
        """
        self.sighted = None
        raw = record.value
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return False
        for seen in way.layouts.get(text.count('"'), ()):
            if (found := seen.match(text)) is not None:
                break
        else:
            self._strange(way, raw, text)
            return False
        values = found.groups()
        known = seen.known.get(shape := seen.shape(values))
        if known is None:
            if shape not in seen.known and self._again((seen, shape)):
                self.sighted = Sighted(way, seen, found, shape)
            return False
        if (occurred_at := seen.moment(values)) is None or len(raw) > MOST_BYTES:
            return False
        if seen.given is not None and not seen.differ(values):
            return False
        if isinstance(known, Skip):
            return known
        if self._origins is not None and self._origins(occurred_at) is not known.lookup:  # other data about addresses
            del seen.known[shape]
            self.sighted = Sighted(way, seen, found, shape)
            return False
        return self._make(record, seen, known, values, occurred_at, sheet)

    def _strange(self, way: Way, raw: bytes, text: str) -> None:
        """A record of no layout that is known. One that comes again is drawn, and when that has come again, is used.

        Where nothing has come of it for long, few are drawn.
        """
        way.strangers += 1
        if b"\\" in raw or len(raw) > MOST_BYTES or (way.strangers > PATIENCE and way.strangers % FEW):
            return
        if not self._again((way, raw.translate(None, _WORDS))):
            return
        try:
            event = _decode(raw)
        except (msgspec.MsgspecError, RecursionError):
            return
        drawn = draw(text, way.varies) if type(event) is dict else None
        if drawn is None or not (drawn.pattern in way.drawn or self._again((way, drawn.pattern))):
            return
        if drawn.pattern not in way.drawn:
            self._hold(way, LAYOUT)
        seen = way.add(text.count('"'), drawn)
        if (found := seen.match(text)) is not None:
            self.sighted = Sighted(way, seen, found, seen.shape(found.groups()))

    def _again(self, what: object) -> bool:
        """Whether it was seen before: what comes once is not worth learning."""
        mark = hash(what)
        if mark in self._seen:
            return True
        if len(self._seen) >= SEEN:
            self._seen.clear()
        self._seen.add(mark)
        return False

    def learn(self, record: Record, outcome: Outcome) -> None:
        """The record that was `sighted` came to this on the long way."""
        if (sighted := self.sighted) is None:
            return
        self.sighted = None
        self._hold(sighted.way, 1)
        sighted.seen.known[sighted.shape] = self._learnt(record, sighted, outcome)

    def _hold(self, way: Way, shapes: int) -> None:
        if self._held >= REMEMBERED:
            self.forget()
        self._ways.add(way)
        self._held += shapes

    def forget(self) -> None:
        for way in self._ways:
            way.forget()
        self._ways.clear()
        self._held = 0

    def _learnt(self, record: Record, sighted: Sighted, outcome: Outcome) -> Known | Skip | None:
        if isinstance(outcome, DeadLetter):
            return None
        if GIVEN in sighted.seen.kinds and (isinstance(outcome, Skip) or outcome[0].action not in _GIVEN):
            return None
        rules = self._rules(record, sighted, outcome)
        if rules is None:
            return None
        if isinstance(outcome, Skip):
            return outcome
        values = sighted.found.groups()
        known = self._as(outcome[0], rules, sighted, values)
        return known if self._come_to(record, sighted, known, values, outcome) else None

    def _rules(self, record: Record, sighted: Sighted, outcome: list[Activity] | Skip) -> Rules | None:
        """For activities that say the same fields, of records that have one layout, the rules are the same."""
        if isinstance(outcome, Skip):
            kind: object = outcome
        else:
            (one,) = outcome
            said = tuple(map(eq, _astuple(one), BLANK))
            kind = (one.action, one.feed, one.flags, said)
        rules = sighted.seen.rules
        if kind not in rules:
            if len(rules) >= KINDS:
                rules.clear()
            rules[kind] = self._proven(record, sighted)
        return rules[kind]

    def _proven(self, record: Record, sighted: Sighted) -> Rules | None:
        """Reads two records of the shape the long way, whose values we know."""
        seen = sighted.seen
        said = [seen.stand_ins(sighted.found.groups(), which) for which in (0, 1)]
        records = [_replace(record, value=seen.put(sighted.found, some).encode()) for some in said]
        one, two = map(sighted.way.long, records)
        if isinstance(one, Skip) and one == two:
            return Rules((), (), (), (), -1, content=False, whole=True)
        if not isinstance(one, list) or not isinstance(two, list):
            return None
        (first,), (second,) = one, two
        whole = self._kept(records[0]) is records[0].value
        rules = understood(seen.kinds, first, second, said, key=self._keys(first.tenant), whole=whole)
        if rules is None:
            return None
        for each, outcome, values in zip(records, (one, two), said, strict=True):
            if not self._come_to(each, sighted, self._as(first, rules, sighted, said[0]), values, outcome):
                return None
        return rules

    def _come_to(
        self, record: Record, sighted: Sighted, known: Known, values: tuple[str, ...], outcome: list[Activity]
    ) -> bool:
        """Whether the record comes to what the long way has made of it, byte for byte."""
        seen = sighted.seen
        if (occurred_at := seen.moment(values)) is None or not seen.differ(values):
            return False
        sheet = Sheet()
        made = self._make(record, seen, known, values, occurred_at, sheet)
        return made and same(sheet.take(), Rows.of(outcome, [self._kept(record)]))

    def _as(self, one: Activity, rules: Rules, sighted: Sighted, values: Sequence[str]) -> Known:
        """What an activity with these values says of all that are like it."""
        people, key = sighted.seen.actor >= 0, self._keys(one.tenant)
        content = self._content(one, sighted) if rules.content else None
        form = partial(
            form_of,
            rules=rules.around(values, msgspec.structs.astuple(one)),
            people=people,
            sessions=self._sessions[key].__getitem__,
            content=None if content is None else content.digest,
        )
        forms = (form(nameless(one)), form(_replace(one, actor_name="named"))) if people else (made := form(one), made)
        lookup = None if self._origins is None else self._origins(one.occurred_at)
        return Known(one, forms, lookup=lookup, people=people, whole=rules.whole)

    def _content(self, one: Activity, sighted: Sighted) -> Content | None:
        seen = sighted.seen
        said = seen.stand_ins(sighted.found.groups(), 0)
        event = data_of(parse(seen.put(sighted.found, said).encode()))
        varying = {
            which: word for which, (word, kind) in enumerate(zip(said, seen.kinds, strict=True)) if kind in TAKEN
        }
        return content_of(one.native_id, content_text(event), varying)
