"""Salesforce: event log files, as CSV rows (UPPER_SNAKE) and as SIEM exports write them (lower_snake), and more.

Records in PascalCase are real-time events: `salesforce_realtime` reads those.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ingest.refusal import Refused, missing
from ingest.sources import salesforce_realtime
from ingest.sources.base import COUNT, ID, IP_MISSING, NOISE, TIME, Draft
from ingest.sources.base import row as values
from ingest.sources.cloud_events import data_of
from ingest.sources.salesforce_events import READERS
from ingest.sources.salesforce_row import Row
from ingest.sources.salesforce_yields import YIELDS
from ingest.strict_json import parse
from ingest.values import whole_id

_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
#: What tells rows of one request apart, besides their type: words, and ids of things.
_PARTS: Final = (
    "uri", "method", "method_name", "entity_name", "entity_type", "operation_type", "report_id", "document_id",
    "version_id", "job_id", "batch_id", "query_id",
)  # fmt: skip
_THINGS: Final = frozenset(name for name in _PARTS if name.endswith("_id"))
_GUESTS: Final = {"guest": "guest", "automatedprocess": "system"}
_ANY_TIME: Final = "2026-11-24T09:00:00.000Z"
_SALESFORCE_ADDRESS: Final = "salesforce.com ip"


#: In capitals as the files have them, and in small letters as SIEMs do; the times of those with none of ours count.
_FILES: Final = {
    "REQUEST_ID": ID, "REPORT_ID": ID, "REPORT_ID_DERIVED": ID, "SESSION_KEY": ID, "ROW_COUNT": COUNT,
    "ROWS_PROCESSED": COUNT, "TIMESTAMP_DERIVED": TIME,
} | dict.fromkeys(
    ("TIMESTAMP", "RUN_TIME", "CPU_TIME", "DB_TOTAL_TIME", "DB_BLOCKS", "DB_CPU_TIME", "LOGIN_KEY", "REQUEST_SIZE",
     "RESPONSE_SIZE", "EXEC_TIME", "AVERAGE_ROW_SIZE"),
    NOISE,
)  # fmt: skip
_VARIES: Final = {
    **_FILES, **{name.lower(): kind for name, kind in _FILES.items()},
    "EventIdentifier": ID, "ExecutionIdentifier": ID, "RowsProcessed": COUNT, "EventDate": TIME,
    "CreatedDate": NOISE, "EvaluationTime": NOISE, "LoginKey": NOISE,
}  # fmt: skip


class _Shape(NamedTuple):
    """What the names of a row's columns say: the names in small letters, and which of `_PARTS` are among them."""

    names: tuple[str, ...]
    parts: tuple[str, ...]


@lru_cache(maxsize=1_024)
def _shape(columns: tuple[str, ...]) -> _Shape:
    names = tuple([name.lower() for name in columns])
    return _Shape(names, tuple(name for name in _PARTS if name in names))


class Salesforce:
    """PRODUCT section 1, "Salesforce event log files"."""

    source = "salesforce"
    #: Who was looked for, who stood in a filter, what a program held in memory.
    never_stored = ("report_description", "search_query", "stack_trace", "query")
    varies: Final = _VARIES
    yields: Final = YIELDS
    always = "outcome actor_kind actor_email ip ip_basis session_id request_id user_agent channel"
    blind = "no number of rows in a ReportExport: it is joined to the Report of the same run"

    def knows(self, event: dict[str, Any]) -> bool:
        return "EVENT_TYPE" in event or "event_type" in event or salesforce_realtime.known(event)

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        event = data_of(parse(raw))
        upper = "EVENT_TYPE" in event
        if not upper and "event_type" not in event:
            return salesforce_realtime.read(event, flags)
        shape = _shape(tuple(event))
        columns = dict(zip(shape.names, event.values(), strict=True))
        if len(columns) != len(event):
            raise Refused("repeated_key", "two columns differ only in upper and lower case; send each column once")
        feed = "event log file" if upper else "siem export"
        row = Row(columns, flags)
        kind = row.word("event_type")
        if kind == "EVENT_TYPE":
            return Draft([], skipped="header", feed=feed)
        reader = READERS.get(kind.lower())
        if reader is None:
            skipped = kind if _KIND.fullmatch(kind) else "unnamed"
            return Draft([], skipped=skipped, feed=feed, organization=row.ident("organization_id"))
        fields = _common(row, kind, columns)
        fields.update(reader(row))
        if not fields["actor_id"]:
            raise missing("USER_ID", "send USER_ID or USER_ID_DERIVED for each row")
        fields["native_id"] = _native_id(row, kind, columns, shape.parts)
        organization = row.ident("organization_id")
        return Draft(
            values(fields), organization=organization, tenant_field="ORGANIZATION_ID", source=self.source, feed=feed
        )


def _common(row: Row, kind: str, columns: dict[str, Any]) -> dict[str, Any]:
    """What every type of row has. Who it is and from where comes again and again, and is remembered."""
    try:
        known, flags = _person(kind.lower() == "login", *map(columns.get, _PERSONAL))
    except (Refused, TypeError):  # in the order of the fields, so that of several faults the same one is told
        return {**_personal(row, login=kind.lower() == "login"), "request_id": _request_id(row)}
    row.flags.update(flags)
    return {**known, "occurred_at": row.moment(), "request_id": _request_id(row)}


#: The columns that say who it is and from where.
_PERSONAL: Final = (
    "user_id_derived", "user_id", "user_name", "user_email", "user_type", "session_key", "client_ip", "source_ip",
)  # fmt: skip
#: People that are remembered, with each of their sessions and addresses; about a kilobyte each.
_REMEMBERED: Final = 20_000


@lru_cache(maxsize=_REMEMBERED, typed=True)
def _person(login: bool, *values: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Fields and flags. Raises Refused, and TypeError for what is no word."""
    flags: set[str] = set()
    row = Row({"timestamp_derived": _ANY_TIME, **dict(zip(_PERSONAL, values, strict=True))}, flags)
    return _personal(row, login=login), frozenset(flags)


def _personal(row: Row, *, login: bool) -> dict[str, Any]:
    name, email = row.word("user_name"), row.text("user_email")
    user_type = row.word("user_type").partition("(")[0].lower()
    return {
        "occurred_at": row.moment(),
        "actor_id": row.ident("user_id_derived", "user_id"),
        # Of Login rows alone, so that failures and successes name their subject by the same column.
        "actor_login": whole_id("USER_NAME", name) if login else "",
        "actor_email": email if "@" in email else "",
        "actor_kind": _GUESTS.get(user_type, "human"),
        "session_id": whole_id("SESSION_KEY", row.word("session_key")),
        **_address(row),
    }


def _request_id(row: Row) -> str:
    """As it stands: it is no id of an object, even when it has 15 characters."""
    return whole_id("REQUEST_ID", row.word("request_id"))


def _address(row: Row) -> dict[str, str]:
    """`Salesforce.com IP` is Salesforce itself: no address, and no country either."""
    for name in ("client_ip", "source_ip"):
        value = row.word(name)
        if value:
            if value.lower() == _SALESFORCE_ADDRESS:
                row.flags.add(IP_MISSING)
                continue
            row.flags.discard(IP_MISSING)
            return {"ip": value, "ip_basis": "vendor"}
    return {}


def _native_id(row: Row, kind: str, columns: dict[str, Any], told: tuple[str, ...]) -> str:
    """Type, request and, for rows of one request, what they were about; without a request, the whole content."""
    request = _request_id(row)
    if not request:
        names = [
            name for name in columns if not name.endswith("_derived") and name != "user_email"
        ]  # not in all shapes
        known = sorted((name, value) for name in names if (value := row.word(name)))
        return f"{kind}/content-{_short(known, 16)}"
    parts = [(name, value) for name in told if name not in _THINGS and (value := row.word(name))]
    things = [
        f"{name}={whole_id(name.upper(), value)}" for name in told if name in _THINGS and (value := row.word(name))
    ]
    return "/".join((kind, request, *([_short(parts, 8)] if parts else []), *things))


def _short(pairs: list[tuple[str, str]], digits: int) -> str:
    text = "\0".join(f"{name}={value}" for name, value in pairs)
    return hashlib.blake2b(text.encode(), digest_size=digits // 2).hexdigest()


ADAPTER: Final = Salesforce()
