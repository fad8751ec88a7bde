"""One record of a CRM, read by the names of its columns: many words for "unknown", many ways of writing a time."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ingest.identity import record_digest
from ingest.refusal import Refused, missing, shown, wrong_type
from ingest.sources.base import Draft, row
from ingest.strict_json import parse
from ingest.values import cut, moment, second_of, whole_id

_encode = msgspec.json.Encoder(order="sorted").encode

UNKNOWN: Final = frozenset({"", "N/A", "n/a", "null", "NULL", "None", "undefined"})
_WHOLE: Final = re.compile(r"(\d{1,18})(?:\.0+)?")
#: As the portal of Azure writes a time into CSV: `11/24/2026, 8:59:00.128 AM`, in UTC.
_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d):(\d\d)(\.\d{1,9})? ([AP])M")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9_ ]{0,62}")
#: Between the kind of a record and its content's digest.
OF_CONTENT: Final = "/content-"
#: From 1970 to 2300 in ms: the times that the store can hold.
_LAST: Final = 10_413_792_000_000


class Columns:
    """Readers by name; of several names the first that is known. What is unknown is "" or None, never a guess."""

    __slots__ = ("columns", "flags")

    def __init__(self, columns: dict[str, Any], flags: set[str]) -> None:
        self.columns, self.flags = columns, flags

    def word(self, *names: str) -> str:
        """The column's text, stripped; raises Refused for an object or a list."""
        columns = self.columns
        for name in names:
            value = columns.get(name)
            if value is None or value == "":
                continue
            if type(value) is not str:
                if type(value) is dict or type(value) is list:
                    raise wrong_type(name, "a text", value)
                return str(value) if type(value) is not bool else "true" if value else "false"
            if (value := value.strip()) not in UNKNOWN:
                return value
        return ""

    def text(self, *names: str) -> str:
        value = self.word(*names)
        return value if len(value) <= 2_000 else cut(value, self.flags)

    def ident(self, *names: str) -> str:
        value = self.word(*names)
        return value if len(value) <= 256 else whole_id(names[0], value)

    def count(self, *names: str) -> int | None:
        value = self.word(*names)
        if not value:
            return None
        found = _WHOLE.fullmatch(value)
        if found is None or not value.isascii():
            raise wrong_type(names[0], "a whole number from 0", value)
        return int(found[1])

    def truth(self, name: str) -> bool | None:
        value = self.word(name).lower()
        if value in ("true", "1", "yes"):
            return True
        return False if value in ("false", "0", "no") else None

    def part(self, name: str) -> Columns:
        """An object inside, or a text that holds one; without columns when there is neither."""
        value = self.columns.get(name)
        if type(value) is str and value.lstrip()[:1] == "{":
            try:
                value = parse(value.encode("utf-8", "surrogatepass"))
            except Refused:
                value = None
        return Columns(value if type(value) is dict else {}, self.flags)

    def moment(self, *names: str) -> tuple[int, str]:
        """(ms since the epoch, precision); a time without an offset is UTC, as the sources that write one document."""
        for name in names:
            value = self.columns.get(name)
            if value is not None and value != "":
                return _moment(name, value)
        raise missing(names[0], "send the time of each record, such as 2026-11-24T09:00:00Z")


def _moment(name: str, value: Any) -> tuple[int, str]:
    if type(value) is int:
        return epoch(name, value)
    if type(value) is not str:
        return moment(name, value)
    value = value.strip()
    if len(value) == 19 and (whole := second_of(value)) is not None:
        return whole, "s"
    if len(value) >= 19 and value[10] in "T " and not (value[-1] in "Zz" or "+" in value or "-" in value[19:]):
        return moment(name, value + "Z")
    if "/" in value and (found := _AMERICAN.fullmatch(value)):
        month, day, year, hour, minute, second, fraction, half = found.groups()
        hour = int(hour) % 12 + (12 if half == "P" else 0)
        return moment(name, f"{year}-{month:0>2}-{day:0>2}T{hour:02}:{minute}:{second}{fraction or ''}Z")
    return moment(name, value)


def epoch(name: str, value: Any) -> tuple[int, str]:
    """Milliseconds since 1970 as a number."""
    if type(value) is not int or not 0 < value < _LAST:
        raise Refused(
            "time_unreadable", f"{name} {shown(value)} is no time in ms since 1970; send one such as 1795510740128"
        )
    return value, "ms" if value % 1_000 else "s"


def draft(fields: dict[str, Any], feed: str) -> Draft:
    """What was read; raises Refused when nobody did it."""
    if not fields.get("actor_id"):
        raise missing("the user", "send the id of who did it with each record")
    return Draft(row(fields), feed=feed)


def skip(kind: str, feed: str) -> Draft:
    """A record that is no business of ours, counted by its kind."""
    return Draft([], skipped=kind if _KIND.fullmatch(kind) else "unnamed", feed=feed)


def content_id(kind: str, columns: dict[str, Any]) -> str:
    """An id made of all that the record says, for records that have none."""
    return f"{kind}{OF_CONTENT}{content_digest(content_text(columns))}"


def content_text(columns: dict[str, Any]) -> str:
    """All that the record says, in an order of its own."""
    known = sorted([(name, _text(value)) for name, value in columns.items() if value is not None and value != ""])
    return "\0".join([f"{name}={value}" for name, value in known])


def content_digest(text: str) -> str:
    return record_digest(text.encode("utf-8", "replace"))


def _text(value: Any) -> str:
    """A number is its text, as a CSV has it; of an object the order of its names does not count."""
    kind = type(value)
    return value if kind is str else _encode(value).decode() if kind is dict or kind is list else str(value)
