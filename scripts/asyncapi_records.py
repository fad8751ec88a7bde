"""JSON Schemas of the vendors' records: what must be in one for its source to read it. Other columns are welcome."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_WORD: Final[Schema] = {"type": ["string", "integer", "null"]}


def _shape(about: str, *required: str, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": about,
        "required": list(required),
        "properties": {**{name: {} for name in required}, **properties},
    }


def _any(*shapes: Schema, wrapped: str = "data") -> Schema:
    cloud = _shape("CloudEvents 1.0 around it", "specversion", wrapped, **{wrapped: {"type": "object"}})
    return {"anyOf": [*shapes, cloud]}


RECORDS: Final[dict[str, Schema]] = {
    "salesforce": _any(
        _shape("A row of an event log file", "EVENT_TYPE", EVENT_TYPE=_TEXT, USER_ID=_WORD, REQUEST_ID=_WORD),
        _shape("A row of a SIEM export", "event_type", event_type=_TEXT, user_id=_WORD, request_id=_WORD),
        _shape("A real-time event or an entry of an event store", "EventDate", EventDate=_TEXT),
        _shape("An entry of SetupAuditTrail", "Action", "CreatedDate", Action=_TEXT, CreatedDate=_TEXT),
    ),
    "dataverse": _any(_shape("A row of DataverseActivity", "Message", "UserId", Message=_TEXT, UserId=_WORD)),
    "hubspot": _any(
        _shape("An entry of the login history", "loginAt", "loginSucceeded", loginAt=_TEXT),
        _shape("An entry of the audit log", "category", "occurredAt", category=_TEXT, occurredAt=_TEXT),
        _shape("An entry of the security activity", "createdAt", "type", createdAt=_TEXT, type=_TEXT),
    ),
    "espocrm": _any(
        _shape("AuthLogRecord", "isDenied", "createdAt"),
        _shape("ActionHistoryRecord", "targetType", "action", "createdAt"),
        _shape("MassAction", "processedCount", "entityType"),
        _shape("Export", "params"),
        _shape("A row of the database", "created_at"),
    ),
    "twenty": _any(
        _shape("A row of workspaceEvent or objectEvent", "event", "timestamp", event=_TEXT, timestamp=_TEXT)
    ),
    "ocsf": _any(_shape("An event of OCSF 1.x", "class_uid", "time", "metadata", class_uid={"type": "integer"})),
}
