"""The text of a stored activity with gaps for what varies: what `domain.wire.bodies` would write, without the activity.

The values that are cut out of a record stand in JSON there, and none has a sign that JSON writes in another way: they
are put in as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import JUDGED, Activity
from domain.wire import bodies
from ingest.likeness import NATIVE_ID, SESSION, Rules
from ingest.memory import Memory
from ingest.people import STRETCHES
from ingest.sources.base import BLANK, at
from ingest.sources.salesforce_ids import long_id

#: What is made of a text of some kind.
Making = Callable[[str], str]


class Form(NamedTuple):
    """Of activities that are alike: the parts of a body, every second of which is a gap that `pick(fill)` fills.

    A fill is one tuple of texts: what RECORD says, flags and person (or NOBODY), what `makings` make of the record's
    values, the `content`, where there is one, and the values themselves.
    """

    parts: list[str]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    native: Callable[[Sequence[str]], str]  # the native id, from the end of a fill that begins with what is made
    makings: tuple[tuple[Making, int], ...]  # and of which values
    content: Callable[[Sequence[str]], str] | None

    def made(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values, and before them what is made of them."""
        if self.content is not None:
            values = (self.content(values), *values)
            return (*(making(values[which + 1]) for making, which in self.makings), *values)
        if len(self.makings) == 1:
            ((making, which),) = self.makings
            return (making(values[which]), *values)
        return (*(making(values[which]) for making, which in self.makings), *values)


class _Gap(NamedTuple):
    """A field's text, cut at its gaps; which of a fill they take; and how many fields it stands for."""

    text: tuple[str, ...]
    which: tuple[int, ...]
    fields: int = 1


#: The fields of the record itself, which are filled in first. The id is known last, and with the epoch come lane,
#: offset, index and arrival.
RECORD: Final = ("activity_id", "occurred_at", "record_digest", "epoch")
#: Flags and person where no person varies.
NOBODY: Final = ("",) * (1 + len(STRETCHES))
_BARE, _QUOTED = ("", ""), ('"', '"')
_OF_RECORDS: Final = {
    at(name): _Gap(_QUOTED if type(BLANK[at(name)]) is str else _BARE, (number,), 5 if name == "epoch" else 1)
    for number, name in enumerate(RECORD)
}
_OF_PEOPLE: Final = {at("flags"): _Gap(_BARE, (len(RECORD),))} | {
    some.start: _Gap(_BARE, (len(RECORD) + number,), some.stop - some.start)
    for number, some in enumerate(STRETCHES, start=1)
}
_encode: Final = msgspec.json.Encoder().encode
_values: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def form_of(
    one: Activity, rules: Rules, *, people: bool, sessions: Making, content: Callable[[Sequence[str]], str] | None
) -> Form:
    """The form of activities that are like this one.

    `rules` say where the values stand that vary; `people`, that actor and origin do. `sessions` are the keyed hashes of
    sessions; `content` makes a native id that is a digest.
    """
    row, first = msgspec.structs.astuple(one), len(RECORD) + len(NOBODY)
    made: dict[int, tuple[Making, int]] = {
        write.field: (_LONGER, write.which) for write in rules.writes if write.longer
    }
    made |= {field: (_COUNTED, which) for field, which in rules.lists}
    made |= {SESSION: (sessions, rules.session)} if rules.session >= 0 else {}
    gaps = {**_OF_RECORDS, **(_OF_PEOPLE if people else {})}
    gaps |= {field: _gap(row[field], (first + number,)) for number, field in enumerate(made)}
    values = first + len(made)
    if content is not None:
        gaps[NATIVE_ID] = _gap("", (values,))
        values += 1
    gaps |= {field: _gap(row[field], (values + which,)) for field, which in rules.counts}
    for field, which, before, after, longer in rules.writes:
        gaps[field] = _gap(row[field], gaps[field].which if longer else (values + which,), before, after)
    for field, one_of, other, before, between, after in rules.pairs:
        gaps[field] = _gap(row[field], (values + one_of, values + other), before, between, after)
    parts, takes = _written(one, gaps)
    return Form(
        parts=parts,
        pick=itemgetter(*takes),
        native=_native(one.native_id, gaps.get(NATIVE_ID), first),
        makings=tuple(made.values()),
        content=content,
    )


def _native(native_id: str, gap: _Gap | None, first: int) -> Callable[[Sequence[str]], str]:
    """What makes the native id, of which `gap` says what varies."""
    if gap is None:
        return lambda _: native_id
    pick, text = itemgetter(*(which - first for which in gap.which)), _plain(gap.text)
    return pick if text == "%s" else lambda some: text % pick(some)


def _written(one: Activity, gaps: dict[int, _Gap]) -> tuple[list[str], list[int]]:
    """The parts of a body, and what its gaps take."""
    (body,) = bodies([one])
    said: list[bytes | msgspec.Raw] = [*_values(body)]  # what follows is left out
    said[len(JUDGED)] = b"\t" + bytes(said[len(JUDGED)])
    parts, takes, place = ["["], list[int](), 0
    for field in sorted(field for field in gaps if field < len(said)):
        gap = gaps[field]
        first, *others = gap.text
        if place < field:
            parts[-1] += b",".join(said[place:field]).decode() + ","
        parts[-1] += "\t" + first if field == len(JUDGED) else first
        for text in others:
            parts += "", text
        place = field + gap.fields
        if place < len(said):
            parts[-1] += ","
        takes += gap.which
    parts[-1] += b",".join(said[place:]).decode() + "]"
    return parts, takes


def _gap(value: Any, which: tuple[int, ...], *around: str) -> _Gap:
    """Of a field that has `value` in one of the activities."""
    if type(value) is not str:
        return _Gap(_BARE, which)
    first, *between, last = map(_inner, around or _BARE)
    return _Gap((f'"{first}', *between, f'{last}"'), which)


def _plain(texts: Sequence[str]) -> str:
    """The text of a gap without quotes and escapes."""
    return msgspec.json.decode("%s".join(text.replace("%", "%%") for text in texts), type=str)


def _inner(text: str) -> str:
    return _encode(text).decode()[1:-1]


_LONGER: Final = Memory[str, str](lambda value: long_id(value) if len(value) == 15 else value, most=20_000).__getitem__
_COUNTED: Final = Memory[str, str](lambda value: str(value.count(",") + 1), most=1_000).__getitem__
