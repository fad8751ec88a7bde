"""The layout of records: which names stand in them where, and how the values that vary are cut out of their text.

A layout is one regular expression, made from the text of one record. The names in it are as they were; of the values,
those that vary are cut out, and what stands between them is the record's shape. Two texts of one shape differ only in
the values that were cut out. So what is known of one record is known of the other, wherever the cuts lie, as long as
each value is one that stands in JSON, and is read, as the other one was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ingest.memory import Memory
from ingest.sources.base import ACTOR, CONTENT, COUNT, GIVEN, ID, IDS, NOISE, ORIGIN, TEXT, TIME
from ingest.sources.columns import UNKNOWN
from ingest.strict_json import MOST_KEYS
from ingest.values import second_of

#: Words of these letters are read alike by every reader of a column, but for those that mean nothing.
_PLAIN: Final = r"[0-9A-Za-z\-_.:/@+=,~#]"
_KNOWN: Final = "(?!(?:" + "|".join(map(re.escape, sorted(UNKNOWN - {""}))) + ')")'
#: Characters of an id: two of them may be kept in one field.
_MOST: Final = 128
#: Objects that vary as a whole; none may hold another one.
WHOLE: Final = (ACTOR, ORIGIN)
#: What is looked at, of the values that are cut out.
TAKEN: Final = frozenset({TEXT, ID, COUNT, IDS, TIME, CONTENT, GIVEN, ACTOR, ORIGIN})
_WORD: Final = re.compile(r'("[^"]*")(\s*:)?|[{\[]|[}\]]|,|[^\s{}\[\]:,"]+')
#: Values that never vary, whatever their column.
_NOTHING: Final = frozenset({'""', "null"})
_SAID: Final = _NOTHING | {"true", "false", "0"}
_WHOLE: Final = "[1-9][0-9]{0,14}"
_ANY: Final = r'[^"\\\x00-\x1f\x7f]'
_TEXTS: Final = {
    TEXT: f"{_ANY}{{1,{_MOST}}}", ID: f"{_KNOWN}{_PLAIN}{{1,{_MOST}}}", COUNT: _WHOLE, IDS: f"{_PLAIN}+",
    CONTENT: f"{_ANY}+", GIVEN: f"{_ANY}+", NOISE: f"{_ANY}+",
}  # fmt: skip
_NUMBERS: Final = dict.fromkeys((TEXT, ID, COUNT, CONTENT, GIVEN), _WHOLE) | {
    NOISE: r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?"
}
_MS, _WHOLE_SECONDS = "[1-9][0-9]{8,9}(?!000)[0-9]{3}", "[1-9][0-9]{8,9}000"
#: How a time is written: in ms since 1970, or as a text with or without a fraction.
NUMBER, FRACTION, SECONDS = "number", "fraction", "seconds"
_second: Final = Memory(second_of, most=4_096).__getitem__
_MILLIS: Final = {f"{ms:03}": ms for ms in range(1_000)}


#: What stands between values, as far as it is not the same in all records of a layout.
BETWEEN: Final = ""


class Value(NamedTuple):
    """One that is cut out: how it varies, and whether it is a number and no text."""

    kind: str
    number: bool


class Layout:
    """Cuts the texts of records that have these names in these places."""

    __slots__ = ("given", "kinds", "match", "moment", "shape", "time", "values", "written")

    def __init__(self, pattern: str, values: list[Value], written: str) -> None:
        self.match, self.values, self.written = re.compile(pattern).fullmatch, values, written
        self.kinds = [value.kind for value in values]
        self.time = self.kinds.index(TIME)
        #: The time, ms since 1970; None for none.
        self.moment = _moment(self.time, written)
        self.shape = _picked(self._those(BETWEEN))
        given = self._those(GIVEN)
        self.given = itemgetter(*given) if len(given) > 1 else None

    def _those(self, kind: str) -> list[int]:
        return [which for which, each in enumerate(self.kinds) if each == kind]

    def differ(self, values: Sequence[str]) -> bool:
        """Whether no two fields were given the same."""
        return self.given is None or len({*(given := self.given(values))}) == len(given)

    def put(self, found: re.Match[str], words: Sequence[str]) -> str:
        """The text with other values."""
        parts, end = list[str](), 0
        for group, word in enumerate(words, start=1):
            start, stop = found.span(group)
            parts += found.string[end:start], word
            end = stop
        return "".join((*parts, found.string[end:]))

    def stand_ins(self, words: Sequence[str], which: int) -> tuple[str, ...]:
        """Values of our own in place of these, of two kinds; ids of 15 letters, which are lengthened, in one."""
        return tuple(
            self._stand_in(number, value, word, which)
            for number, (value, word) in enumerate(zip(self.values, words, strict=True))
        )

    def _stand_in(self, number: int, value: Value, word: str, which: int) -> str:
        if value.kind == BETWEEN or value.kind in WHOLE:
            return word
        if value.kind == TIME:
            return _near(word, which, self.written)
        if value.kind == COUNT or value.number:
            return str(700_001 + 10 * number + which)
        if value.kind == IDS:
            return ",".join(f"q{n}" for n in range(3 - which))
        return f"s{number:02}Xk7" + ("Qj4Wz9Tb2" if which else "Lm3P")


def _picked(those: Sequence[int]) -> Callable[[Sequence[str]], object]:
    """What has those of some values, which can be looked up."""
    return itemgetter(*those) if those else lambda _: None


def _moment(time: int, written: str) -> Callable[[Sequence[str]], int | None]:
    """Reads the one of some values that is a time. Times that are written alike have one precision."""

    def fraction(values: Sequence[str]) -> int | None:
        value = values[time]
        second = _second(value[:19])
        return None if second is None else second + _MILLIS[value[20:23]]

    if written is FRACTION:
        return fraction
    if written is SECONDS:
        return lambda values: _second(values[time][:19])
    return lambda values: int(values[time])


def _near(value: str, which: int, written: str) -> str:
    """The time itself, or one that differs in its last digit."""
    if not which:
        return value
    if written is NUMBER:
        return str(int(value) + (1 if int(value) % 1_000 not in (0, 999) else 1_000))
    last = 22 if written is FRACTION else 18
    return f"{value[:last]}{(int(value[last]) + 1) % 10}{value[last + 1 :]}"


class Drawn(NamedTuple):
    """A layout before its expression is compiled, which takes a while."""

    pattern: str
    values: list[Value]
    written: str


def draw(text: str, varies: Mapping[str, str]) -> Drawn | None:
    """The layout of a record, of which `varies` says what varies as its adapter does; None when it is not like others.

    `text` is JSON, and there is no escape in it.
    """
    if text.count('"') > MOST_KEYS:  # or a person with many more keys than this one would be too much
        return None
    drawing, end = _Drawing(), 0
    for start, stop, path in _places(text, varies):
        word, kind = text[start:stop], varies.get(path) or varies.get(_starred(path), "")
        drawing.says(text[end:start])
        end = stop
        if kind and word in (_NOTHING if kind == GIVEN else _SAID):
            drawing.says(word)
        elif not kind:
            drawing.may_say(word, text[stop])
        elif not drawing.varies(kind, word):
            return None
    drawing.says(text[end:])
    return drawing.drawn()


class _Drawing:
    """A regular expression on its way."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._segment: list[str] = []
        self._open = False  # whether something in the segment may differ
        self._values, self._written = list[Value](), ""

    def says(self, text: str) -> None:
        self._segment.append(re.escape(text))

    def may_say(self, word: str, after: str) -> None:
        """A value of which it is not known that it varies: its own text and any other, up to the sign behind it."""
        self._segment.append('"[^"]*"' if word[0] == '"' else f"[^{re.escape(after)}]*")
        self._open = True

    def varies(self, kind: str, word: str) -> bool:
        number = word[0] not in '"{'
        if kind == TIME:
            pattern, written = _time(word.strip('"'), number=number)
            if self._written:
                return False
            self._written = written
        else:
            pattern = r"\{[^}]{0,512}\}" if kind in WHOLE else (_NUMBERS if number else _TEXTS).get(kind, "")
        quote = '"' if word[0] == '"' else ""
        if not pattern or re.fullmatch(f"{quote}{pattern}{quote}", word) is None:
            return False
        self.says(quote)
        self._cut()
        self._parts.append(f"({pattern})")
        self._values.append(Value(kind, number))
        self.says(quote)
        return True

    def _cut(self) -> None:
        segment = "".join(self._segment)
        if self._open:
            self._values.append(Value(BETWEEN, number=False))
        self._parts.append(f"({segment})" if self._open else segment)
        self._segment, self._open = [], False

    def drawn(self) -> Drawn | None:
        self._cut()
        return Drawn("".join(self._parts), self._values, self._written) if self._written else None


def _time(value: str, *, number: bool) -> tuple[str, str]:
    """What matches times that are written like this one, and how that is; "" for what is none."""
    if value.isdigit():
        return (_WHOLE_SECONDS if value.endswith("000") else _MS), NUMBER
    if number or len(value) not in (19, 20, 23, 24):
        return "", ""
    date = f".{{10}}{re.escape(value[10])}..:..:.."
    if len(value) > 20:
        return date + r"\.[0-9]{3}" + value[23:], FRACTION
    return date + value[19:], SECONDS


def _starred(path: str) -> str:
    """The path with any name before its last one."""
    steps = path.split(".")
    return ".".join((*steps[:-2], "*", *steps[-1:]))


def _places(text: str, varies: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """(start, end, path) of each text and number, and of each object that varies as a whole.

    A path has the names that lead there, and of a list the number of the entry, but for the first.
    """
    path: list[Any] = []  # of each object the present name, of each list the number of the entry
    end = 0
    while (found := _WORD.search(text, end)) is not None:
        word, end = found[0], found.end()
        if word[0] in "{[":
            whole = end if word == "[" else text.find("}", end) + 1
            if varies.get(_joined(path)) in WHOLE and _flat(text[end : whole - 1]):
                yield found.start(), whole, _joined(path)
                end = whole
            else:
                path.append("" if word == "{" else 0)
        elif word in "}]":
            path.pop()
        elif word == ",":
            if type(path[-1]) is int:
                path[-1] += 1
        elif found[2] is not None:
            path[-1] = found[1][1:-1]
        else:
            yield found.start(), end, _joined(path)


def _flat(inner: str) -> bool:
    """Whether an object ends where its first brace is: it holds no other, and that one is in no text."""
    return "{" not in inner and inner.count('"') % 2 == 0


def _joined(path: list[Any]) -> str:
    return ".".join(map(str, filter(None, path)))
