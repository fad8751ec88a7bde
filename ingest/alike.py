"""Records that are alike: of a vendor's records that differ only in ids, times and counts, few are read the long way.

An adapter says which columns vary from record to record. What is left of a record without their values is its shape;
of a shape that comes again the activity is remembered, and in the records of it that follow only what varies is put in.
Where that stands in an activity is learnt by reading two records the long way that have values of our own in these
columns, once for each kind of activity; and every shape has to come out of it as the long way has read it. Whatever is
not understood so (a value that goes into a digest or a token, a refusal, an escape, a key that stands twice, a value
that is no plain word) takes the long way. Tests hold one way against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.subject import Tokeniser
from ingest.dead_letters import DeadLetter
from ingest.identity import activity_id, record_digest
from ingest.likeness import SESSION, Rules, understood
from ingest.record import Record, Skip
from ingest.shape import BLANK_BYTES, STAYS, Plan, has_float, plain, stand_ins
from ingest.sources.base import BLANK, at
from ingest.sources.salesforce_ids import long_id
from ingest.strict_json import MOST_BYTES, keys_in
from ingest.usual import AHEAD
from ingest.values import moment_as_most
from ingest.who import Lookup, Origins

Outcome = list[Activity] | DeadLetter | Skip

#: Shapes that are remembered, about three kilobytes each; those that were seen once; and names of columns.
REMEMBERED: Final = 16_000
SEEN: Final = 100_000
PLANS: Final = 1_000

_ACTIVITY_ID, _NATIVE_ID, _OCCURRED_AT = map(at, ("activity_id", "native_id", "occurred_at"))
_DIGEST = at("record_digest")
_PLACE: Final = slice(at("epoch"), at("received_at") + 1)
_decode, _encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
_astuple, _replace = msgspec.structs.astuple, msgspec.structs.replace


class _Known(NamedTuple):
    """What the records of one shape come to."""

    row: tuple[Any, ...]  # of plain values, so that the garbage collector has nothing to look through
    rules: Rules
    prefix: str  # of what an id is made of, and its end
    suffix: str
    written: str
    key: Tokeniser
    lookup: Lookup | None


class _Sighted(NamedTuple):
    """A record of a shape that is worth learning, while it takes the long way."""

    way: Way
    plan: Plan
    event: dict[str, Any]  # with blanks
    values: Sequence[str]
    when: tuple[int, str]
    shape: bytes


class Way:
    """The records of one door, with what is known of their shapes."""

    __slots__ = ("known", "long", "plans", "rules", "varies")

    def __init__(self, varies: Mapping[str, str], long: Callable[[Record], Outcome]) -> None:
        """`varies` as the adapter has it; `long` is the long way of this door's records."""
        self.varies, self.long = varies, long
        self.plans: dict[tuple[str, ...], Plan] = {}
        self.known: dict[bytes, _Known | Skip | None] = {}
        self.rules: dict[object, Rules | None] = {}


class Alike:
    """Reads records of shapes that it has seen; `Normaliser` shows it what the long way makes of the others."""

    def __init__(
        self, kept: Callable[[Record], bytes], keys: Callable[[str], Tokeniser], origins: Origins | None
    ) -> None:
        self._kept, self._keys, self._origins = kept, keys, origins
        self._seen: set[int] = set()
        self._full: list[Way] = []  # each that knows a shape, once for every shape
        self.sighted: _Sighted | None = None

    def read(self, record: Record, way: Way) -> list[Activity] | Skip | None:
        """What the record comes to, or None for what takes the long way; `sighted`, when its shape came before."""
        raw = record.value
        self.sighted = None
        if b"\\" in raw or len(raw) > MOST_BYTES:
            return None
        try:
            event = _decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if type(event) is not dict:
            return None
        names = tuple(event)
        plan = way.plans.get(names) or self._plan(way, names)
        if plan.time < 0:
            return None
        values, size = plan.take(event, raw)
        when = moment_as_most(values[plan.time])
        if when is None or not plain(plan, values):
            return None
        try:
            shape = _encode(event)
        except OverflowError:  # an integer of more than 64 bits
            return None
        if len(raw) != len(shape) + size - BLANK_BYTES * len(values) and keys_in(raw) != keys_in(shape):
            return None
        known = way.known.get(shape)
        if known is None:
            if shape not in way.known and self._again(shape):
                self.sighted = _Sighted(way, plan, event, values, when, shape)
            return None
        if isinstance(known, Skip):
            return known
        if self._origins is not None and self._origins(when[0]) is not known.lookup:  # other data about addresses
            del way.known[shape]
            self.sighted = _Sighted(way, plan, event, values, when, shape)
            return None
        return self._made(record, known, values, when)

    def _plan(self, way: Way, names: tuple[str, ...]) -> Plan:
        if len(way.plans) >= PLANS:
            way.plans.clear()
            way.rules.clear()
        made = way.plans[names] = Plan(way.varies, names)
        return made

    def _again(self, shape: bytes) -> bool:
        """Whether the shape was seen before: one that comes once is not worth learning."""
        mark = hash(shape)
        if mark in self._seen:
            return True
        if len(self._seen) >= SEEN:
            self._seen.clear()
        self._seen.add(mark)
        return False

    def _made(
        self, record: Record, known: _Known, values: Sequence[str], when: tuple[int, str]
    ) -> list[Activity] | None:
        _, rules, prefix, suffix, written, key, lookup = known
        occurred_at = when[0]
        if when[1] != written or occurred_at > record.received_at + AHEAD:
            return None
        if self._origins is not None and self._origins(occurred_at) is not lookup:
            return None
        row = list(known.row)
        for index, which, before, after, longer in rules.writes:
            value = values[which]
            row[index] = before + (long_id(value) if longer and len(value) == 15 else value) + after
        for index, which, other, before, between, after in rules.pairs:
            row[index] = before + values[which] + between + values[other] + after
        for index, which in rules.counts:
            row[index] = int(values[which])
        for index, which in rules.lists:
            row[index] = values[which].count(",") + 1
        if rules.session >= 0:
            row[SESSION] = key("session\0" + values[rules.session])
        lane = record.lane
        place = row[_NATIVE_ID] or f"{record.epoch}/{lane}/{record.offset}/0"
        row[_ACTIVITY_ID] = activity_id(f"{prefix}{place}\0{occurred_at}{suffix}")
        row[_OCCURRED_AT] = occurred_at
        row[_DIGEST] = record_digest(record.value if rules.whole else self._kept(record))
        row[_PLACE] = record.epoch, lane, record.offset, 0, record.received_at
        return [Activity(*row)]

    def learn(self, record: Record, outcome: Outcome) -> None:
        """The record that was `sighted` came to this on the long way."""
        if (sighted := self.sighted) is None:
            return
        self.sighted = None
        if len(self._full) >= REMEMBERED:
            self.forget()
        self._full.append(sighted.way)
        sighted.way.known[sighted.shape] = self._learnt(record, sighted, outcome)

    def forget(self) -> None:
        for way in set(self._full):
            way.known.clear()
        self._full.clear()

    def _learnt(self, record: Record, sighted: _Sighted, outcome: Outcome) -> _Known | Skip | None:
        if isinstance(outcome, DeadLetter) or has_float(sighted.event):
            return None
        rules = self._rules(record, sighted, outcome)
        if rules is None:
            return None
        if isinstance(outcome, Skip):
            return outcome
        known = self._as(outcome[0], rules, sighted.values, sighted.when)
        return known if self._made(record, known, sighted.values, sighted.when) == outcome else None

    def _rules(self, record: Record, sighted: _Sighted, outcome: list[Activity] | Skip) -> Rules | None:
        """For activities that say the same fields, of records that have the same columns, the rules are the same."""
        taken = tuple(map(str, sighted.plan.there(sighted.event)))
        if isinstance(outcome, Skip):
            kind: object = (sighted.plan, taken, outcome)
        else:
            (one,) = outcome
            said = tuple(a == b for a, b in zip(_astuple(one), BLANK, strict=True))
            kind = (sighted.plan, taken, one.action, one.feed, one.flags, sighted.when[1], said)
        rules = sighted.way.rules
        if kind not in rules:
            if len(rules) >= PLANS:
                rules.clear()
            rules[kind] = self._proven(record, sighted)
        return rules[kind]

    def _proven(self, record: Record, sighted: _Sighted) -> Rules | None:
        """Reads two records of the shape the long way, whose values we know."""
        plan, event = sighted.plan, sighted.event
        records: list[Record] = []
        said: list[tuple[str, ...]] = []
        for some in [stand_ins(plan, event, sighted.values, which) for which in (0, 1)]:
            plan.put(event, some)
            records.append(_replace(record, value=_encode(event)))
            said.append(tuple("" if value is STAYS else str(value) for value in some))
        one, two = map(sighted.way.long, records)
        if isinstance(one, Skip) and one == two:
            return Rules((), (), (), (), -1, whole=True)
        if not isinstance(one, list) or not isinstance(two, list):
            return None
        (first,), (second,) = one, two
        whole = self._kept(records[0]) is records[0].value
        if (rules := understood(plan, first, second, said, key=self._keys(first.tenant), whole=whole)) is None:
            return None
        for each, values, outcome in zip(records, said, (one, two), strict=True):
            if (when := moment_as_most(values[plan.time])) is None:
                return None
            if self._made(each, self._as(first, rules, said[0], when), values, when) != outcome:
                return None
        return rules

    def _as(self, one: Activity, rules: Rules, values: Sequence[str], when: tuple[int, str]) -> _Known:
        """What an activity with these values says of all that are like it."""
        row = _astuple(one)
        tokens = "\0".join((one.actor_token, one.login_token, one.ip_token, one.app_token))
        return _Known(
            row=row,
            rules=rules.around(values, row),
            prefix=f"{one.tenant}\0{one.source}\0",
            suffix=f"\0{one.action}\0{tokens}",
            written=when[1],
            key=self._keys(one.tenant),
            lookup=None if self._origins is None else self._origins(when[0]),
        )
