"""Readers of single fields: each takes a JSON value and gives what an activity stores, or refuses the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

from domain.clock import DAY
from ingest.refusal import Refused, missing, shown, unknown_value, wrong_type

#: Reads one value; may add to the record's flags.
Reader = Callable[[Any, set[str]], Any]

#: Longest text, in bytes of UTF-8; longer ones are cut and the activity flagged `cut`.
MOST_TEXT: Final = 8_192
#: Longest id in bytes; longer ones are refused, since a cut id is another id.
MOST_ID: Final = 1_024
#: Entries of a list; more are cut.
MOST_ENTRIES: Final = 100
CUT: Final = "cut"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTIONS: Final = {f".{number:03}Z": number for number in range(1_000)}
#: Days from 1970 to 2300, where the store's times end: what it cut would no longer be what detectors were sent.
_DAYS: Final = (date(2300, 1, 1) - _EPOCH.date()).days


def text(field: str) -> Reader:
    def read(value: Any, flags: set[str]) -> str:
        if type(value) is not str:
            raise wrong_type(field, "a text", value)
        return value if len(value) <= MOST_TEXT // 4 else cut(value, flags)

    return read


def cut(value: str, flags: set[str]) -> str:
    """At most 8 kB of `value`, whole characters."""
    encoded = value.encode()
    if len(encoded) <= MOST_TEXT:
        return value
    flags.add(CUT)
    return encoded[:MOST_TEXT].decode(errors="ignore")


def ident(field: str) -> Reader:
    """An id: a text, or an integer, which equals its decimal text. Never cut."""

    def read(value: Any, _: set[str]) -> str:
        kind = type(value)
        if kind is int:
            return str(value)
        if kind is not str:
            raise wrong_type(field, "an id as a text or an integer", value)
        return value if len(value) <= MOST_ID // 4 else whole_id(field, value)

    return read


def whole_id(field: str, value: str) -> str:
    size = len(value.encode())
    if size > MOST_ID:
        raise Refused("id_too_long", f"{field} has {size} bytes, more than {MOST_ID}; send a shorter id")
    return value


def one_of(field: str, valid: Iterable[str]) -> Reader:
    names = {name: name for name in valid}  # gives back our own copy of the word

    def read(value: Any, _: set[str]) -> str:
        if type(value) is not str:
            raise wrong_type(field, "a text", value)
        known = names.get(value)
        if known is None:
            raise unknown_value(field, value, names)
        return known

    return read


def whole(field: str) -> Reader:
    def read(value: Any, _: set[str]) -> int:
        if type(value) is not int or value < 0:
            raise wrong_type(field, "a whole number from 0", value)
        return value

    return read


def number(field: str, low: float, high: float) -> Reader:
    def read(value: Any, _: set[str]) -> float:
        if (type(value) is not float and type(value) is not int) or not low <= value <= high:
            raise wrong_type(field, f"a number from {low:g} to {high:g}", value)
        return float(value)

    return read


def truth(field: str) -> Reader:
    def read(value: Any, _: set[str]) -> bool:
        if type(value) is not bool:
            raise wrong_type(field, "true or false", value)
        return value

    return read


def entries(field: str, each: Callable[[str], Reader] = text) -> Reader:
    """A list of texts (or ids), at most 100 of them."""
    one = each(f"an entry of {field}")

    def read(value: Any, flags: set[str]) -> tuple[str, ...]:
        if type(value) is not list:
            raise wrong_type(field, "a list of texts", value)
        if len(value) > MOST_ENTRIES:
            flags.add(CUT)
            value = value[:MOST_ENTRIES]
        return tuple([one(item, flags) for item in value])

    return read


def country(field: str) -> Reader:
    def read(value: Any, _: set[str]) -> str:
        if value == "":
            return ""
        if type(value) is not str or len(value) != 2 or not (value.isascii() and value.isalpha()):
            raise wrong_type(field, "the two letters of ISO 3166, such as DE", value)
        return value.upper()

    return read


def moment(field: str, value: Any) -> tuple[int, str]:
    """An RFC 3339 time with an offset: (ms since the epoch, precision `ms`, `s`, `min` or `h`)."""
    if type(value) is str and len(value) == 24 and value[16] == ":":
        second, millisecond = second_of(value[:19]), _FRACTIONS.get(value[19:])  # as most write it
        if second is not None and millisecond is not None:
            return second + millisecond, "ms"
    return _any_moment(field, value)


@lru_cache(maxsize=4_096)
def second_of(text: str) -> int | None:
    """Of `2026-11-24T09:00:00` in UTC, ms; None for what is none."""
    try:
        return _any_moment("", f"{text}Z")[0]
    except Refused:
        return None


def _any_moment(field: str, value: Any) -> tuple[int, str]:
    if type(value) is not str:
        if value is None:
            raise missing(field, "send a time with an offset, such as 2026-11-24T09:00:00Z")
        if type(value) in (int, float):
            raise Refused(
                "time_is_a_number", f"{field} is the number {shown(value)}; send a text such as 2026-11-24T09:00:00Z"
            )
        raise wrong_type(field, "a text such as 2026-11-24T09:00:00Z", value)
    if len(value) > 40 or value[4:5] != "-" or value[7:8] != "-" or value[10:11] not in _SEPARATORS:
        raise _unreadable(field, value)
    try:
        at = datetime.fromisoformat(value if value[-1] != "z" else value[:-1] + "Z")
    except ValueError:
        raise _unreadable(field, value) from None
    if at.tzinfo is None:
        raise Refused("time_without_offset", f"{field} {shown(value)} has no UTC offset; add Z or one such as +01:00")
    try:
        since = at - _EPOCH
    except OverflowError:
        raise _unreadable(field, value) from None
    if since.days < 0:
        raise Refused("before_1970", f"{field} {shown(value)} lies before 1970; send the time of the event")
    if since.days >= _DAYS:
        raise _after_2299(field, value)
    return since.days * DAY + since.seconds * 1_000 + since.microseconds // 1_000, _precision(value)


_SEPARATORS: Final = ("T", "t", " ")


def _precision(value: str) -> str:
    if value[16:17] == ":":
        return "ms" if value[19:20] in (".", ",") else "s"
    return "min" if value[13:14] == ":" else "h"


def _after_2299(field: str, value: str) -> Refused:
    return Refused(
        "after_2299", f"{field} {shown(value)} lies after 2299; send an earlier time, or leave an open end out"
    )


def _unreadable(field: str, value: str) -> Refused:
    return Refused(
        "time_unreadable", f"{field} {shown(value)} is no RFC 3339 time; send one such as 2026-11-24T09:00:00Z"
    )


def day_or_moment(field: str, *, end: bool) -> Reader:
    """A time, or a date: its beginning in UTC, or with `end` the end of that day, which belongs to the span."""

    def read(value: Any, _: set[str]) -> int:
        if type(value) is str and len(value) == 10:
            try:
                days = (date.fromisoformat(value) - _EPOCH.date()).days
            except ValueError:
                raise _unreadable(field, value) from None
            if days < 0:
                raise Refused("before_1970", f"{field} {shown(value)} lies before 1970; send a later date")
            if days + end >= _DAYS:
                raise _after_2299(field, value)
            return (days + end) * DAY
        return moment(field, value)[0]

    return read
