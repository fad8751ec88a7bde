"""The short way of a vendor's usual record: decoded into a struct, and all that comes again is remembered as a row.

A template is what the long way makes of the same values without the ones that change from record to record, so both
ways come to the same. Whatever is not usual (another column, an escape, a repeated key, a flag, a refusal) goes the
long way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from ingest.refusal import Refused
from ingest.sources.base import Draft, at
from ingest.sources.columns import UNKNOWN
from ingest.strict_json import MOST_BYTES, keys_in
from ingest.values import moment, second_of

T = TypeVar("T", bound=msgspec.Struct)

#: Templates that a source remembers: who does what from where; about a kilobyte each.
REMEMBERED: Final = 20_000
OCCURRED_AT, PRECISION, NATIVE_ID, OBJECT_ID = map(at, ("occurred_at", "time_precision", "native_id", "object_id"))
#: A text, or nothing; a column that is not there is UNSET, so that the columns that are can be counted.
Text = str | None | msgspec.UnsetType
#: An integer that fits into 64 bits; others are refused, in words, on the long way.
_MOST: Final = 2**63 - 1


def decoder(kind: type[T]) -> Callable[[bytes], T | None]:
    """Decodes a record that has no other columns than `kind`, each once; None for any other."""
    names = kind.__struct_fields__
    inner = tuple(name for name in names if getattr(kind, "inside", "") == name)
    decode = msgspec.json.Decoder(kind).decode

    def read(raw: bytes) -> T | None:
        if b"\\" in raw or len(raw) > MOST_BYTES:
            return None
        try:
            found = decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        keys = _there(found)
        for name in inner:
            part = getattr(found, name)
            keys += _there(part) if isinstance(part, msgspec.Struct) else 0
        return found if keys == keys_in(raw) else None

    return read


def _there(found: msgspec.Struct) -> int:
    values = msgspec.structs.astuple(found)
    return len(values) - values.count(msgspec.UNSET)


def template(
    read: Callable[[dict[str, Any], set[str]], Draft], event: dict[str, Any]
) -> tuple[tuple[Any, ...], str] | None:
    """The row and the feed that the long way `read` makes of an event; None where it has more to say."""
    flags: set[str] = set()
    try:
        draft = read({name: value for name, value in event.items() if value is not msgspec.UNSET}, flags)
    except Refused:
        return None
    return None if flags or draft.skipped else (tuple(draft.row), draft.feed)


def plain(value: object) -> bool:
    """Whether an id stands as it is: a text with nothing to strip, known, and short."""
    return (
        type(value) is str
        and value.isascii()
        and 0 < len(value) <= 256
        and value not in UNKNOWN
        and value.strip() == value
    )


def whole(value: object) -> bool:
    """Whether an integer among the values, if it is one, fits into 64 bits."""
    return type(value) is not int or -_MOST - 1 <= value <= _MOST


def draft(known: tuple[tuple[Any, ...], str], value: object, native: str) -> Draft | None:
    """A draft of the template at its own time and under its own id; None for a time that is not written as most are."""
    when = _moment(value)
    if when is None:
        return None
    row = list(known[0])
    row[OCCURRED_AT], row[PRECISION], row[NATIVE_ID] = *when, native
    return Draft(row, feed=known[1])


def _moment(value: object) -> tuple[int, str] | None:
    """Of `2026-11-24T09:00:00.000Z` and `2026-11-24 09:00:00`, which is UTC."""
    if type(value) is not str:
        return None
    if len(value) == 19:
        second = second_of(value)
        return None if second is None else (second, "s")
    if len(value) != 24:
        return None
    try:
        return moment("", value)
    except Refused:
        return None
