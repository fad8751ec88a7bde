"""How each type of Salesforce event becomes an activity. Only the columns named here are ever kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from domain import actions
from ingest.refusal import missing
from ingest.sources import salesforce_logins as logins
from ingest.sources.salesforce_ids import long_id
from ingest.sources.salesforce_row import Row

Fields = dict[str, Any]

#: An id in a URI: 15 or 18 letters and digits between slashes.
_URI_ID: Final = re.compile(r"/([A-Za-z0-9]{15}|[A-Za-z0-9]{18})(?:[/?#]|$)")
_SOBJECT: Final = re.compile(r"/sobjects/([A-Za-z0-9_]{1,80})(?:/([A-Za-z0-9]{15,18}))?(?:[/?#]|$)")
_READS: Final = frozenset({"query", "queryall", "querymore", "retrieve", "search", "getupdated", "getdeleted"})
_BULK: Final = {
    "query": actions.DATA_EXPORTED,
    "queryall": actions.DATA_EXPORTED,
    "insert": actions.RECORD_CREATED,
    "update": actions.RECORD_UPDATED,
    "upsert": actions.RECORD_UPDATED,
    "delete": actions.RECORD_DELETED,
    "harddelete": actions.RECORD_DELETED,
}


def _login(row: Row) -> Fields:
    status = row.text("login_status") or _request_outcome(row)
    if not status:
        raise missing("LOGIN_STATUS", "send the column LOGIN_STATUS (or REQUEST_STATUS) of Login rows")
    failed = status != logins.SUCCESS and status.lower() != "success"
    uri = row.text("uri")
    fields: Fields = {
        "action": actions.LOGIN_FAILED if failed else actions.LOGIN_SUCCEEDED,
        "outcome": "failure" if failed else "success",
        "reason": logins.reason(status) if failed else "",
        "auth_method": row.text("authentication_method_reference"),
        "tls": row.text("tls_protocol"),
        "channel": "api" if uri.startswith("/services/") else "ui" if uri else "",
        "user_agent": row.text("browser_type"),
    }
    if "mfa" in re.split(r"[^a-z0-9]+", fields["auth_method"].lower()):
        fields["mfa"] = True
    return fields


def _request_outcome(row: Row) -> str:
    status = row.text("request_status").lower()
    return {"s": "success", "success": "success", "f": "failure", "a": "failure"}.get(status, status)


def _login_as(row: Row) -> Fields:
    """The administrator is `delegated_user_*`; `user_id` is the account that was entered."""
    administrator = row.ident("delegated_user_id_derived", "delegated_user_id")
    if not administrator:
        raise missing("DELEGATED_USER_ID", "LoginAs rows need the administrator's id")
    name = row.word("delegated_user_name")
    return {
        "action": actions.IMPERSONATION_STARTED,
        "outcome": "success",
        "actor_id": administrator,
        "actor_login": name if "@" in name else "",
        "target_id": row.ident("user_id_derived", "user_id"),
        "channel": "ui",
    }


def _logout(row: Row) -> Fields:
    return {"action": actions.LOGOUT, "outcome": "success", "user_agent": row.text("browser_type")}


def _report(row: Row) -> Fields:
    """Exported when the row says so: the origin, or a file as output. Lightning leaves the output type empty."""
    origin = row.text("origin")
    automatic = "Scheduled" in origin or "Snapshot" in origin or "Notification" in origin
    return {
        "action": actions.REPORT_VIEWED,
        "outcome": _outcome(row),
        "object_type": "report",
        "object_id": row.ident("report_id_derived", "report_id"),
        "count": row.count("row_count"),
        "exported": "Exported" in origin or row.word("rendering_type") in ("X", "C"),
        "channel": "automation" if automatic else "api" if "Api" in origin or "Apex" in origin else _screen(origin),
    }


def _screen(origin: str) -> str:
    return "mobile" if "Mobile" in origin else "ui"


def _report_export(row: Row) -> Fields:
    """Carries no number of rows; a detector joins the nearest report.viewed."""
    uri = _URI_ID.search(row.text("uri"))
    return {
        "action": actions.DATA_EXPORTED,
        "outcome": "success",
        "object_type": "report",
        "object_id": long_id(uri[1]) if uri else row.ident("uri_id_derived"),
        "user_agent": row.text("client_info"),
        "channel": "ui",
    }


def _bulk(row: Row) -> Fields:
    """Without an operation the row says that a batch was queued: a call, of unknown size."""
    operation = row.word("operation_type").lower()
    return {
        "action": _BULK.get(operation, actions.API_CALLED),
        "outcome": {"1": "success", "true": "success", "0": "failure", "false": "failure"}.get(
            row.word("success").lower(), "unknown"
        ),
        "object_type": row.text("entity_type"),
        "count": row.count("rows_processed"),
        "hard": True if operation == "harddelete" else None,
        "method": operation,
        "job_id": row.ident("job_id"),
        "execution_id": row.ident("batch_id"),
        "channel": "bulk",
    }


def _soap(row: Row) -> Fields:
    method = row.text("method_name")
    return {
        "action": actions.RECORD_READ if method.lower() in _READS else actions.API_CALLED,
        "outcome": _outcome(row),
        "object_type": row.text("entity_name"),
        "count": row.count("rows_processed"),
        "method": method,
        "channel": "api",
        **_app(row),
    }


def _rest(row: Row) -> Fields:
    """The query string of the URI may hold what was looked for; it is never kept."""
    method = row.text("method").upper()
    path = unquote(row.text("uri").partition("?")[0])
    found = _SOBJECT.search(path)
    reads = method == "GET" and (found is not None or "/query" in path or "/search" in path)
    agent = row.text("user_agent")
    return {
        "action": actions.RECORD_READ if reads else actions.API_CALLED,
        "outcome": _http_outcome(row),
        "object_type": row.text("entity_name") or (found[1] if found else ""),
        "object_id": long_id(found[2]) if found and found[2] else "",
        "count": row.count("rows_processed"),
        "method": method,
        "user_agent": "" if agent.isdigit() else agent,
        "channel": "api",
        **_app(row),
    }


def _app(row: Row) -> Fields:
    return {
        "app_id": row.ident("connected_app_id", "client_id"),
        "app_name": row.text("connected_app_name") or row.text("client_name").rstrip("/"),
    }


def _outcome(row: Row) -> str:
    return {"s": "success", "success": "success", "f": "failure", "a": "denied", "n": "failure"}.get(
        row.word("request_status").lower(), "unknown"
    )


def _http_outcome(row: Row) -> str:
    status = row.count("status_code")
    if status is None:
        return _outcome(row)
    return "denied" if status in (401, 403) else "failure" if status >= 400 else "success"


def _search(row: Row) -> Fields:
    return {
        "action": actions.RECORD_SEARCHED,
        "outcome": "success",
        "count": row.count("num_results"),
        "channel": "ui",
    }


def _content(row: Row) -> Fields:
    """saveVersion is an upload, a rendition a preview; only a download leaves the CRM."""
    kind = row.text("transaction_type")
    action = actions.FILE_DOWNLOADED if kind.startswith("VersionDownload") else actions.RECORD_READ
    return {
        "action": actions.RECORD_CREATED if kind.lower() == "saveversion" else action,
        "outcome": "success",
        "object_type": "file",
        "object_id": row.ident("document_id_derived", "document_id"),
        "bytes": row.count("size_bytes"),
        "channel": "api" if kind.endswith("Api") else "ui",
    }


def _permission(row: Row) -> Fields:
    """`UserPerm: ConvertLeads enabled`: a permission of a profile or permission set, not of one user."""
    said = row.text("description")
    taken = said.lower().endswith(("disabled", "removed", "deleted"))
    return {
        "action": actions.ACCESS_REVOKED if taken else actions.ACCESS_GRANTED,
        "outcome": "success",
        "target_id": row.ident("feature_id"),
        "role": said.rpartition(" ")[0] or said,
        "change": row.text("permission_type"),
        "channel": "ui",
    }


#: Lower-case event type -> how it is read. Dashboard is left out: its rows are those of its AsyncReportRun.
READERS: Final[dict[str, Callable[[Row], Fields]]] = {
    "login": _login,
    "loginas": _login_as,
    "logout": _logout,
    "report": _report,
    "asyncreportrun": _report,
    "reportexport": _report_export,
    "bulkapi": _bulk,
    "bulkapi2": _bulk,
    "permissionupdate": _permission,
    "api": _soap,
    "restapi": _rest,
    "search": _search,
    "contenttransfer": _content,
}
