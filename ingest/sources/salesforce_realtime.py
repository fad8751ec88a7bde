"""Real-time events of Salesforce (event objects, streams, Pub/Sub) and its setup audit trail: columns in PascalCase."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from domain import actions
from ingest.refusal import Refused, missing
from ingest.sources.base import IP_MISSING, Draft
from ingest.sources.columns import Columns, content_id, draft, skip
from ingest.sources.salesforce_ids import long_id
from ingest.sources.salesforce_setup import setup

Fields = dict[str, Any]

_ENDINGS: Final = re.compile(r"(EventStream|EventStore|Event|Stream|Store)+$")
#: Without a name of its own, an event is known by a column that no other has.
_SIGNS: Final = (
    ("LoginType", "Login"), ("LoginUrl", "Login"), ("ListViewId", "ListView"), ("ReportId", "Report"),
    ("Score", "Anomaly"), ("ApiType", "Api"), ("Query", "BulkApiResult"), ("SessionLevel", "Logout"),
)  # fmt: skip
_REASONS: Final = (
    ("password", "bad_password"), ("locked", "locked"), ("inactive", "disabled"), ("frozen", "disabled"),
    ("expired", "expired"), ("username", "unknown_user"), ("restricted", "policy"), ("ip", "policy"),
    ("hours", "policy"),
    ("multi-factor", "mfa"), ("two-factor", "mfa"), ("verification", "mfa"),
)  # fmt: skip


def known(event: dict[str, Any]) -> bool:
    inner = _inner(event)
    return (
        "EventIdentifier" in inner
        or "LogFile" in inner
        or ("Action" in inner and "Section" in inner and "CreatedById" in inner)
    )


def read(event: dict[str, Any], flags: set[str]) -> Draft:
    """The event in `data.payload`, in `payload`, or as it stands."""
    inner = _inner(event)
    columns = Columns(inner, flags)
    if "Section" in inner and "Action" in inner:
        return setup(columns)
    kind = _kind(event, columns)
    if kind == "EventLogFile":
        return skip(kind, "listing")
    if "EventIdentifier" not in inner:
        raise Refused(
            "shape_unknown",
            "the record has neither EVENT_TYPE nor event_type nor EventIdentifier; send rows of Salesforce event log "
            "files, real-time events or the setup audit trail, or the generic event to vedette.raw",
        )
    reader = _READERS.get(kind.lower())
    if reader is None and "Score" in inner:
        reader = _anomaly
    if reader is None:
        return skip(kind, "real-time events")
    return draft({**_common(columns, kind), **reader(columns, kind)}, "real-time events")


def _inner(event: dict[str, Any]) -> dict[str, Any]:
    for name in ("data", "payload"):
        if type(event.get(name)) is dict:
            event = event[name]
    return event


def _kind(event: dict[str, Any], columns: Columns) -> str:
    """`Login` of LoginEvent, LoginEventStream, /event/LoginEventStream; else by a column that only one kind has."""
    attributes = columns.part("attributes")
    channel = event.get("channel")
    name = attributes.word("type") or (channel.rpartition("/")[2] if type(channel) is str else "")
    name = name or columns.word("EventType", "type")
    if name and name != "EventLogFile":
        return _ENDINGS.sub("", name) or name
    return name or next((kind for sign, kind in _SIGNS if sign in columns.columns), "unnamed")


def _common(columns: Columns, kind: str) -> Fields:
    at, precision = columns.moment("EventDate", "CreatedDate")
    address = columns.word("SourceIp")
    if address.lower() == "salesforce.com ip":
        columns.flags.add(IP_MISSING)
        address = ""
    native = columns.ident("EventIdentifier")
    return {
        "occurred_at": at,
        "time_precision": precision,
        "native_id": f"{kind}/{native}" if native else content_id(kind, columns.columns),
        "actor_id": long_id(columns.ident("UserId")),
        "actor_kind": "guest" if columns.word("UserType").lower() == "guest" else "human",
        "ip": address[:100],
        "ip_basis": "vendor",
        "session_id": columns.ident("SessionKey"),
        "user_agent": columns.text("UserAgent"),
        "outcome": "denied" if columns.word("PolicyOutcome").lower() in ("block", "blocked") else "success",
    }


def _login(columns: Columns, _: str) -> Fields:
    """Status is a sentence: `Success`, or why not. An unknown user has no id and is known by the name as typed."""
    status, name = columns.text("Status"), columns.text("Username")
    if not status:
        raise missing("Status", "send it with each LoginEvent")
    failed = status.lower() != "success"
    country = columns.word("CountryIso").upper()
    kind = columns.word("LoginType").lower()
    fields: Fields = {
        "action": actions.LOGIN_FAILED if failed else actions.LOGIN_SUCCEEDED,
        "outcome": "failure" if failed else "success",
        "reason": _reason(status.lower()) if failed else "",
        "actor_login": name,
        "auth_method": columns.text("AuthMethodReference", "LoginSubType", "LoginType"),
        "tls": columns.text("TlsProtocol"),
        "app_name": columns.text("Application"),
        "country": country if len(country) == 2 and country.isascii() and country.isalpha() else "",
        "region": columns.text("Subdivision"),
        "city": columns.text("City"),
        "user_agent": columns.text("UserAgent", "Browser"),
        "channel": "api" if "remote" in kind or "api" in kind or "oauth" in kind else "ui",
    }
    if "mfa" in columns.word("AuthMethodReference").lower():
        fields["mfa"] = True
    return {**fields, "actor_id": long_id(columns.ident("UserId")) or name}


def _reason(status: str) -> str:
    return next((reason for word, reason in _REASONS if re.search(rf"\b{word}\b", status)), "other")


def _logout(_: Columns, __: str) -> Fields:
    return {"action": actions.LOGOUT}


def _login_as(columns: Columns, _: str) -> Fields:
    """DelegatedUsername is who enters, UserId the account entered."""
    entered = long_id(columns.ident("UserId"))
    who = long_id(columns.ident("DelegatedUserId", "DelegatedUsername"))
    return {"action": actions.IMPERSONATION_STARTED, "actor_id": who, "target_id": entered, "channel": "ui"}


def _report(columns: Columns, _: str) -> Fields:
    """One run may come as several events with one ExecutionIdentifier, each with its Sequence and its own rows."""
    operation = columns.word("Operation")
    exported = "Export" in operation
    return {
        "action": actions.DATA_EXPORTED if exported else actions.REPORT_VIEWED,
        "object_type": "report",
        "object_id": long_id(columns.ident("ReportId", "DashboardId")),
        "count": columns.count("RowsProcessed"),
        "exported": None if exported else False,
        "execution_id": columns.ident("ExecutionIdentifier"),
        "sequence": columns.count("Sequence"),
        "channel": "api" if columns.word("EventSource") == "API" or "Api" in operation else "ui",
    }


def _rows(columns: Columns, kind: str) -> Fields:
    api = kind.lower() == "api"
    operation = columns.word("Operation")
    reads = not api or operation.lower() in ("", "query", "queryall", "querymore", "search", "retrieve")
    return {
        "action": actions.RECORD_READ if reads else actions.API_CALLED,
        "object_type": columns.text("QueriedEntities"),
        "object_id": "" if api else long_id(columns.ident("ListViewId")),
        "count": columns.count("RowsProcessed", "RowsReturned"),
        "execution_id": columns.ident("ExecutionIdentifier"),
        "sequence": columns.count("Sequence"),
        "method": operation,
        "app_id": long_id(columns.ident("ConnectedAppId")),
        "app_name": columns.text("Application", "Client"),
        "channel": "api" if api else "ui",
    }


def _bulk_result(columns: Columns, _: str) -> Fields:
    """A download of the result of a bulk query; the event has no number of rows."""
    return {
        "action": actions.DATA_EXPORTED,
        "object_type": columns.text("QueriedEntities"),
        "count": columns.count("RowsProcessed"),
        "channel": "bulk",
    }


def _anomaly(columns: Columns, kind: str) -> Fields:
    """A score above 1 is one of 100."""
    text = columns.word("Score")
    try:
        score = float(text) if text else None
    except ValueError:
        raise Refused("wrong_type", f"Score is {text[:40]!r}; send a number from 0 to 100") from None
    if score is not None and score > 1:
        score /= 100
    if score is not None and not 0 <= score <= 1:
        raise Refused("wrong_type", f"Score is {text[:40]!r}; send a number from 0 to 100")
    return {
        "action": actions.VENDOR_ALERTED,
        "kind": columns.text("AnomalySubType") or kind,
        "score": score,
        "ip": columns.word("SourceIp", "CurrentIp")[:100],
        "user_agent": columns.text("UserAgent", "CurrentUserAgent"),
        "object_type": "report" if "Report" in columns.columns else "",
        "object_id": long_id(columns.ident("Report")),
    }


_READERS: Final[dict[str, Callable[[Columns, str], Fields]]] = {
    "login": _login,
    "logout": _logout,
    "loginas": _login_as,
    "report": _report,
    "api": _rows,
    "listview": _rows,
    "bulkapiresult": _bulk_result,
    "anomaly": _anomaly,
}
