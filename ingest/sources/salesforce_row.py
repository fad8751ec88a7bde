"""One row of a Salesforce event log: columns by lower-case name, all texts, many words for "unknown"."""

from __future__ import annotations

import re
from typing import Any, Final

from ingest.refusal import Refused, missing, shown, wrong_type
from ingest.sources.salesforce_ids import long_id
from ingest.values import cut, moment, whole_id

_UNKNOWN: Final = frozenset({"", "N/A", "n/a", "null", "NULL", "None"})
_STAMP: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?")
_WHOLE: Final = re.compile(r"(\d{1,18})(?:\.0+)?")


class Row:
    """Reads columns by name; every reader gives "" or None for what the row does not know."""

    def __init__(self, columns: dict[str, Any], flags: set[str]) -> None:
        self._columns, self.flags = columns, flags

    def word(self, name: str) -> str:
        """The column's text, unquoted; raises Refused for an object or a list."""
        value = self._columns.get(name)
        if value is None or value == "":
            return ""
        kind = type(value)
        if kind is not str:
            if kind is dict or kind is list:
                raise wrong_type(name.upper(), "a text", value)
            return str(value) if kind is not bool else "1" if value else "0"
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1].strip()
        return "" if value in _UNKNOWN else value

    def text(self, name: str) -> str:
        value = self.word(name)
        return value if len(value) <= 2_000 else cut(value, self.flags)

    def ident(self, *names: str) -> str:
        """The first known id among the columns, in 18 characters."""
        for name in names:
            if value := self.word(name):
                return long_id(value) if len(value) == 15 else whole_id(name.upper(), value)
        return ""

    def count(self, name: str) -> int | None:
        value = self.word(name)
        if not value:
            return None
        if len(value) <= 18 and value.isascii() and value.isdigit():
            return int(value)
        found = _WHOLE.fullmatch(value)
        if found is None or not value.isascii():
            raise wrong_type(name.upper(), "a whole number from 0", value)
        return int(found[1])

    def moment(self) -> int:
        """TIMESTAMP_DERIVED, or TIMESTAMP where it is all there is; ms since the epoch."""
        derived = self.word("timestamp_derived")
        if derived:
            return moment("TIMESTAMP_DERIVED", derived)[0]
        stamp = self.word("timestamp")
        if not stamp:
            raise missing("TIMESTAMP_DERIVED", "send it, or TIMESTAMP, for each row")
        return _stamp(stamp)


def _stamp(text: str) -> int:
    """`20211019050707.13`, always UTC; the fraction is decimal, with trailing zeros dropped."""
    found = _STAMP.fullmatch(text) if text.isascii() else None
    if found is None:
        raise Refused(
            "time_unreadable", f"TIMESTAMP {shown(text)} is no Salesforce time; send one such as 20261124090000.000"
        )
    year, month, day, hour, minute, second, fraction = found.groups()
    millis = (fraction or "0").ljust(3, "0")[:3]
    return moment("TIMESTAMP", f"{year}-{month}-{day}T{hour}:{minute}:{second}.{millis}Z")[0]
