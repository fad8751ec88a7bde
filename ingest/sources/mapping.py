"""A company's own JSON without code: a mapping in YAML turns each record into a generic event, checked like any other.

source: acme-crm
offset: +01:00               # of times that have none; `unit: s` or `unit: ms` for times that are numbers
when:                        # known by: these fields with these values; "*" is any
  kind: audit
fields:                      # field of the generic event: where it stands in the record
  id: event.id
  occurred_at: at
  action: event.type
  actor.id: user.id
counts:                      # a number, a number as text, or a list whose entries are counted
  count: rows
constants:
  channel: ui
values:                      # tables of values; what is not in one stays as it is, and "skip" is counted
  action:
    LOGIN_OK: auth.login.succeeded
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from domain import actions
from domain.errors import SettingsInvalid
from domain.sources import SOURCES
from ingest.refusal import Refused, nearest_first, wrong_type
from ingest.sources.base import Draft
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import skip
from ingest.sources.generic import ADAPTER as GENERIC
from ingest.sources.generic_fields import ACTOR, ORIGIN, SOURCE, TOP
from ingest.strict_json import parse

_PARTS: Final = ("source", "offset", "unit", "when", "fields", "counts", "constants", "values")
_TARGETS: Final = (
    "occurred_at", *TOP, *(f"actor.{name}" for name in ACTOR), *(f"origin.{name}" for name in ORIGIN),
)  # fmt: skip
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d|Z")
_COUNTED: Final = ("count", "bytes", "recipient_count", "sequence")
_UNITS: Final = {"ms": 1_000, "s": 1}


class Mapping:
    """One mapping as an adapter. Raises SettingsInvalid, naming the line and the remedy, for one that cannot be."""

    never_stored: tuple[str, ...] = ()
    varies: Table[str, str] = {}
    blind = "what the mapping leaves out"

    def __init__(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{path.name} cannot be read ({error}); check the name in ingest.mappings") from error
        # Here, since most have no mapping and need no parser for one.
        from ingest.yaml_text import parse as parse_yaml

        self._name = path.name
        told, self._lines = parse_yaml(text, path.name)
        for part in told:
            self._one_of((part,), _PARTS, "part")
        self.source = told.get("source", "")
        if type(self.source) is not str or not SOURCE.fullmatch(self.source) or self.source in SOURCES:
            raise self._wrong(("source",), f"source is {self.source!r}; name your own CRM, in a-z, 0-9, '.', _ and -")
        self._offset, self._unit = told.get("offset", ""), told.get("unit", "")
        if self._offset and not (type(self._offset) is str and _OFFSET.fullmatch(self._offset)):
            raise self._wrong(("offset",), f"offset is {self._offset!r}; write one such as +01:00")
        if self._unit and self._unit not in tuple(_UNITS):
            raise self._wrong(("unit",), f"unit is {self._unit!r}; write ms or s")
        self._when = self._table(told, "when", None)
        self._fields = {
            name: _path(self._text("fields", name, where))
            for name, where in self._table(told, "fields", _TARGETS).items()
        }
        self._counts = {
            name: _path(self._text("counts", name, where))
            for name, where in self._table(told, "counts", _COUNTED).items()
        }
        self._constants = self._table(told, "constants", _TARGETS)
        self._values = self._tables(told)
        for needed in ("occurred_at", "action", "actor.id"):
            if needed not in self._fields and needed not in self._constants:
                raise self._wrong(("fields",), f"{needed} is not mapped; add it to fields")
        self._check_actions()
        mapped = {
            name.partition(".")[2] if "." in name else name for name in (*self._fields, *self._counts, *self._constants)
        }
        self.always = " ".join(sorted(mapped))
        self.yields = dict.fromkeys(actions.ACTIONS, "")

    def knows(self, event: dict[str, Any]) -> bool:
        return bool(self._when) and all(
            (found := _at(event, _path(name))) is not None and wanted in ("*", found)
            for name, wanted in self._when.items()
        )

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        record = data_of(parse(raw))
        event: dict[str, Any] = {}
        for name, value in self._constants.items():
            _put(event, name, value)
        for name, path in self._fields.items():
            value = self._value(name, _at(record, path))
            if value is not None and value != "":
                _put(event, name, value)
        for name, path in self._counts.items():
            if (count := _count(name, _at(record, path))) is not None:
                event[name] = count
        if event.get("action") == "skip":
            kind = _at(record, self._fields["action"]) if "action" in self._fields else "skip"
            return skip(str(kind), self.source)
        draft = GENERIC.read_slowly(event, flags)
        return draft._replace(source=self.source, feed=draft.feed or self.source)

    def _value(self, name: str, value: Any) -> Any:
        table = self._values.get(name)
        if table is not None and type(value) in (str, int, bool):
            word = str(value).lower() if type(value) is bool else str(value)
            return table.get(word, value)
        if name == "occurred_at":
            return self._moment(value)
        return value

    def _moment(self, value: Any) -> Any:
        """Only what the mapping says about times is added; the generic event's own check follows."""
        if self._unit and type(value) in (int, float):
            try:
                at = datetime.fromtimestamp(value / _UNITS[self._unit], UTC)
            except (OverflowError, OSError, ValueError):
                raise wrong_type("occurred_at", f"a time in {self._unit} since 1970", value) from None
            return at.isoformat(timespec="milliseconds")
        bare = self._offset and type(value) is str and len(value) >= 16
        if bare and not (value[-1] in "Zz" or "+" in value or "-" in value[16:]):
            return value + self._offset
        return value

    def _table(self, told: dict[str, Any], part: str, names: tuple[str, ...] | None) -> dict[str, Any]:
        table = {} if told.get(part) is None else told[part]
        if type(table) is not dict:
            raise self._wrong((part,), f"{part} is one value; write a key and its value on each of the next lines")
        if names is not None:
            for name in table:
                self._one_of((part, name), names, "field")
        return table

    def _tables(self, told: dict[str, Any]) -> dict[str, dict[str, Any]]:
        tables = self._table(told, "values", _TARGETS)
        for name, table in tables.items():
            if type(table) is not dict:
                raise self._wrong(
                    ("values", name), f"{name} is one value; write the record's value and ours beneath it"
                )
        return tables

    def _check_actions(self) -> None:
        known = (*actions.ACTIONS, "skip")
        said: dict[tuple[str, ...], Any] = {
            ("values", "action", name): action for name, action in self._values.get("action", {}).items()
        }
        if "action" in self._constants:
            said["constants", "action"] = self._constants["action"]
        for path, action in said.items():
            if action not in known:
                near = ", ".join(nearest_first(str(action), known)[:3])
                raise self._wrong(path, f"{action!r} is no action; use one such as {near}")

    def _text(self, part: str, name: str, where: Any) -> str:
        if type(where) is not str or not where:
            raise self._wrong(
                (part, name), f"{name} is {where!r}; write where it stands in the record, such as user.id"
            )
        return where

    def _one_of(self, path: tuple[str, ...], names: tuple[str, ...], what: str) -> None:
        if path[-1] not in names:
            near = ", ".join(nearest_first(path[-1], names)[:4])
            raise self._wrong(path, f"there is no {what} {path[-1]!r}; use one such as {near}")

    def _wrong(self, path: tuple[str, ...], reason: str) -> SettingsInvalid:
        return SettingsInvalid(f"{self._name}:{self._lines.get(path, 1)}: {reason}")


def _path(where: str) -> tuple[str, ...]:
    return tuple(where.split("."))


def _at(record: Any, path: tuple[str, ...]) -> Any:
    """By the name as a whole, so that names with dots are found, or step by step."""
    if type(record) is dict and (whole := ".".join(path)) in record:
        return record[whole]
    for step in path:
        if type(record) is not dict:
            return None
        record = record.get(step)
    return record


def _put(event: dict[str, Any], name: str, value: Any) -> None:
    part, dot, inner = name.partition(".")
    if dot:
        event.setdefault(part, {})[inner] = value
    else:
        event[name] = value


def _count(name: str, value: Any) -> int | None:
    """None is unknown, never 1."""
    if value is None or value == "":
        return None
    if type(value) is list:
        return len(value)
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if type(value) is int:
        return value
    raise Refused("wrong_type", f"{name} is {str(value)[:40]!r}; map it to a whole number or a list")
