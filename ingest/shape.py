"""The shape of a record: what is left of it without the values that vary from record to record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from ingest.sources.base import COUNT, ID, IDS, NOISE, TIME
from ingest.sources.columns import UNKNOWN

#: Stand for a text and a number that vary: no record without an escape can hold them.
BLANK, NUMBER = "\x01", "\x02"
BLANK_BYTES: Final = len(msgspec.json.encode(BLANK))
#: A value that is not there, or stays where it is; and the word that is looked at in its place.
STAYS: Final = object()
_NOTHING: Final = "1"
#: Words of these letters are read alike by every reader of a column.
_PLAIN: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/@+=,~#"
_MOST, _DIGITS = 256, 15
_ORDER: Final = (ID, COUNT, IDS, TIME, NOISE)
_encode = msgspec.json.Encoder().encode


class Plan:
    """The columns that vary in records with these names at their top, and how their values are taken."""

    __slots__ = ("_steps", "blank", "checked", "counted", "ids", "kinds", "lasts", "names", "pick", "time")

    def __init__(self, varies: Mapping[str, str], names: tuple[str, ...]) -> None:
        found = sorted(
            ((kind, name) for name, kind in varies.items() if name.partition(".")[0] in names),
            key=lambda each: _ORDER.index(each[0]),
        )
        flat = [name for _, name in found if "." not in name]
        self.names, self.kinds = [name for _, name in found], [kind for kind, _ in found]
        self.pick: Callable[[dict[str, Any]], tuple[Any, ...]] | None = (
            itemgetter(*flat) if len(flat) == len(found) > 1 else None
        )
        self.lasts = [name.rpartition(".")[2] for name in self.names]
        self._steps = [
            (way[0] if way[1:] else "", way[1:-1], way[-1]) for way in (name.split(".") for name in self.names)
        ]
        self.blank = dict.fromkeys(flat, BLANK)
        self.ids, self.checked = self.kinds.count(ID), len(found) - self.kinds.count(TIME) - self.kinds.count(NOISE)
        self.counted = self.ids + self.kinds.count(COUNT)
        self.time = self.checked if self.kinds.count(TIME) == 1 else -1

    def take(self, event: dict[str, Any], raw: bytes) -> tuple[Sequence[str], int]:
        """The values that vary, as words, and how many bytes of JSON they are; in their places blanks.

        What is empty, or no text or number, stays in its place.
        """
        if self.pick is not None:
            values = self.pick(event)
            event.update(self.blank)
            try:
                size = len("".join(values)) + 2 * len(values)
            except TypeError:
                return self._words(event, values, raw)
            return (values, size) if "" not in values else self._words(event, values, raw)
        return self._inner(event, raw)

    def _words(self, event: dict[str, Any], values: tuple[Any, ...], raw: bytes) -> tuple[Sequence[str], int]:
        """Of columns at the top of the record, of which a few are no text."""
        taken: list[str] = list(values)
        more = 0
        for number, value in enumerate(values):
            if type(value) is str and value:
                more += 2
            else:
                taken[number], more = self._odd(event, number, value, raw, more)
        return taken, len("".join(taken)) + more

    def _inner(self, event: dict[str, Any], raw: bytes) -> tuple[Sequence[str], int]:
        """The same where some stand inside others."""
        taken: list[str] = []
        more = 0
        for number, (inner, name, value) in enumerate(self._places(event)):
            if type(value) is str and value:
                inner[name], word = BLANK, value
                more += 2
            else:
                word, more = self._odd(inner, number, value, raw, more)
            taken.append(word)
        return taken, len("".join(taken)) + more

    def _odd(self, inner: dict[str, Any], number: int, value: Any, raw: bytes, more: int) -> tuple[str, int]:
        """The word for a number, and for what stays; and `more` with the bytes that it has beside the word."""
        name = self.lasts[number]
        if type(value) is int:
            inner[name] = NUMBER
            return str(value), more
        if type(value) is float and self.kinds[number] == NOISE and _as_written(name, value, raw):
            inner[name] = NUMBER
            return _encode(value).decode(), more
        inner[name] = value
        return _NOTHING, more + BLANK_BYTES - len(_NOTHING)  # as long as the blank that it is compared with

    def _places(self, event: dict[str, Any]) -> Iterator[tuple[Any, str, Any]]:
        """(where it is, name, value) of each; of one that is not there nothing is known."""
        for first, path, name in self._steps:
            inner: Any = event
            if first:
                inner = inner.get(first)
                if path:
                    inner = _holder(inner, path)
                elif type(inner) is list:
                    inner = inner[0] if inner else None
            if type(inner) is dict and name in inner:
                yield inner, name, inner[name]
            else:
                yield {}, name, None

    def put(self, event: dict[str, Any], values: list[Any]) -> None:
        """Puts values back where `take` took them, save those that stay."""
        for (inner, name, _), value in zip(self._places(event), values, strict=True):
            if value is not STAYS:
                inner[name] = value

    def there(self, event: dict[str, Any]) -> list[Any]:
        """What stands now in the places of the values."""
        return [value for _, _, value in self._places(event)]


def _holder(event: Any, path: list[str]) -> Any:
    """What stands at the end of the path; the first of a list stands for the list."""
    if type(event) is list:
        event = event[0] if event else None
    for step in path:
        event = event.get(step) if type(event) is dict else None
        if type(event) is list:
            event = event[0] if event else None
    return event


def _as_written(name: str, value: float, raw: bytes) -> bool:
    """Whether a number with a fraction stands in the record as it would be written again."""
    return f'"{name}":'.encode() + _encode(value) in raw


def plain(plan: Plan, values: Sequence[str]) -> bool:
    """Whether every word that may be kept is one that all readers take as it stands."""
    checked = values[: plan.checked]
    text = "".join(checked)
    if not text.isascii() or text.encode().translate(None, _PLAIN) or not UNKNOWN.isdisjoint(checked):
        return False
    if len(text) > _MOST and sum(map(len, checked[: plan.ids])) > _MOST:
        return False
    for word in checked[plan.ids : plan.counted]:
        if not word.isdigit() or word[0] == "0" or len(word) > _DIGITS:
            return False
    return True


def stand_ins(plan: Plan, event: dict[str, Any], values: Sequence[str], which: int) -> list[Any]:
    """Values of our own in place of those that vary, of two kinds; ids of 15 letters, which are lengthened, in one."""
    made: list[Any] = []
    for number, (kind, there, value) in enumerate(zip(plan.kinds, plan.there(event), values, strict=True)):
        if there not in (BLANK, NUMBER):
            made.append(STAYS)
        elif kind == TIME:
            made.append(_near(value, which, number=there == NUMBER))
        elif kind == COUNT or there == NUMBER:
            made.append(_counted(number, which) if there == NUMBER else str(_counted(number, which)))
        elif kind == IDS:
            made.append(",".join(f"q{n}" for n in range(3 - which)))
        else:
            made.append(f"s{number:02}Xk7" + ("Qj4Wz9Tb2" if which else "Lm3P"))
    return made


def _counted(number: int, which: int) -> int:
    return 700_001 + 10 * number + which


def _near(value: str, which: int, *, number: bool) -> str | int:
    """The time itself, or one that differs in its last digit."""
    if number:
        return int(value) + which * (1 if int(value) % 1_000 not in (0, 999) else 1_000)
    if not which:
        return value
    last = 22 if len(value) == 24 else min(18, len(value) - 1)
    return f"{value[:last]}{(int(value[last]) + 1) % 10}{value[last + 1 :]}"


def has_float(value: Any) -> bool:
    """Whether a number with a fraction is in it: it may be written longer than it was read."""
    if type(value) is dict:
        return any(map(has_float, value.values()))
    return any(map(has_float, value)) if type(value) is list else type(value) is float
