"""What a column of a record decides, found by changing it and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from ingest.dead_letters import DeadLetter
from ingest.record import Skip
from tests.ingest.made import normaliser, record, said

Row = dict[str, Any]
Path = tuple[str, ...]

_ABSENT: Final = object()
_VALUES: Final = (
    _ABSENT, "x7", "7", 7, 0.07, 2, True, False, "2026-11-24T08:58:00Z", "20261124085800.128", 1_795_510_680_000,
    "203.0.113.77", "DE", "api", "Block", ["x7"], {"x7": "x7"},
)  # fmt: skip
#: Follow from other fields.
_DERIVED: Final = frozenset({"flags", "agent_family", "time_precision", "ip_basis"})
_normalise: Final = normaliser(default_tenant="globex").normalise


def effects(source: str, rows: list[Row]) -> dict[str, set[str]]:
    """By column, `outer.inner` inside another one, the fields that differ when only it does; none for one of no effect.

    Of a change that makes another action of the record, `action` alone is told; one that makes a record of another feed
    or a dead letter tells nothing, nor does an id that is made of the whole content.
    """
    seen: dict[Path, list[Any]] = defaultdict(list)
    for row in rows:
        for path, value in _leaves(row):
            if value not in seen[path]:
                seen[path].append(value)
    found: dict[str, set[str]] = {".".join(path): set() for path in seen}
    for row in rows:
        was, there = _read(source, row), {path for path, _ in _leaves(row)}
        for path, values in seen.items():
            for value in (*_VALUES, *values) if path in there else values:
                now = _read(source, changed) if (changed := _changed(row, path, value)) is not None else None
                if was and now and now["feed"] == was["feed"]:
                    differ = {name for name in {*was, *now} if was.get(name) != now.get(name)}
                    found[".".join(path)] |= {"action"} if "action" in differ else differ
    return found


def _read(source: str, row: Row) -> Row | None:
    outcome = _normalise(record(row, topic=f"vedette.raw.{source}"))
    if isinstance(outcome, DeadLetter):
        return None
    if isinstance(outcome, Skip):
        return {"feed": outcome.feed, "action": "none of ours"}
    told = said(outcome[0])
    whole = "content-" in told["native_id"]
    return {name: value for name, value in told.items() if name not in _DERIVED and not (whole and name == "native_id")}


def _leaves(row: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in row.items():
        yield (*path, name), value
        inner = _inside(value)
        if type(inner) is dict:
            yield from _leaves(inner, (*path, name))


def _inside(value: Any) -> Any:
    """The object that a value is, holds as a text, or has as the first of a list."""
    if type(value) is str and value[:1] == "{":
        return json.loads(value)
    return value[0] if type(value) is list and value else value


def _changed(value: Any, path: Path, new: Any) -> Any:
    """A copy with one column changed; None where there is no such place."""
    inner = _inside(value)
    if type(inner) is not dict:
        return None
    name, rest = path[0], path[1:]
    deeper = new if not rest else _changed(inner.get(name), rest, new)
    if deeper is None and rest:
        return None
    made = {key: each for key, each in inner.items() if key != name} | ({} if deeper is _ABSENT else {name: deeper})
    return json.dumps(made) if type(value) is str else [made, *value[1:]] if type(value) is list else made
