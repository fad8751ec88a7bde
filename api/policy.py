"""Who may do what: one table from role to operations. An operation that is missing here cannot be served."""

from __future__ import annotations

from typing import Final

_READS: Final = frozenset(
    {
        "list_events",
        "get_event",
        "stream_events",
        "list_alerts",
        "get_alert",
        "list_alert_events",
        "stream_alerts",
        "list_detectors",
        "get_detector",
        "list_models",
        "list_dead_letters",
        "get_dead_letter",
        "list_sources",
        "list_notices",
        "get_system",
    }
)
_TRIAGE: Final = frozenset({"acknowledge_alert", "close_alert", "reopen_alert"})

POLICY: Final[dict[str, frozenset[str]]] = {
    "ingest": frozenset({"send_events", "list_sources", "list_notices"}),
    "analyst": _READS | _TRIAGE,
    "admin": _READS | _TRIAGE | {"send_events", "replay_dead_letter", "get_metrics"},
    "auditor": _READS | {"get_metrics"},
}
ROLES: Final = tuple(POLICY)
OPERATIONS: Final = frozenset().union(*POLICY.values())


def allowed(role: str, operation: str) -> bool:
    return operation in POLICY.get(role, frozenset())
