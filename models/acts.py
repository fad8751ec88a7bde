"""What an activity counts as: which actions are reads, changes, exports, administrative acts or refusals. Pure."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from domain import actions as a

READS = frozenset({a.RECORD_READ, a.RECORD_SEARCHED, a.REPORT_VIEWED})
CHANGES = frozenset({a.RECORD_CREATED, a.RECORD_UPDATED, a.RECORD_DELETED, a.CONSENT_CHANGED})
EXPORTS = frozenset({a.DATA_EXPORTED, a.FILE_DOWNLOADED})
ADMIN = frozenset({
    a.CREDENTIAL_CHANGED, a.IMPERSONATION_STARTED, a.USER_CREATED, a.USER_CHANGED, a.ACCESS_GRANTED, a.ACCESS_REVOKED,
    a.APP_AUTHORISED, a.APP_CHANGED, a.CONFIG_CHANGED,
})  # fmt: skip
PROGRAMS = frozenset({"api", "bulk", "import", "automation"})
#: Actions that are nobody's behaviour in the CRM: what others say about it.
REPORTS = frozenset({a.CONTEXT_STATED, a.CONTROL_REPORTED, a.VENDOR_ALERTED, a.LOGIN_FAILED})
#: What the features see.
SEEN = frozenset(a.ACTIONS) - REPORTS
#: Outcomes of what was refused.
REFUSED = frozenset({"failure", "denied"})


class Observed(Protocol):
    """The fields of an activity that features look at; a stored row of training has these and no more."""

    @property
    def activity_id(self) -> str: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def action(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def net_token(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def asn(self) -> int | None: ...
    @property
    def network(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def agent_family(self) -> str: ...
    @property
    def device_id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def object_type(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def count(self) -> int | None: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def external(self) -> bool | None: ...
    @property
    def exported(self) -> bool | None: ...


class Act(NamedTuple):
    """How often an action counts as each; `told`: whether it is an export, a field of the activity tells."""

    read: int
    change: int
    export: int
    admin: int
    api: int
    refusal: int
    told: bool


def _act(action: str) -> Act:
    return Act(
        action in READS,
        action in CHANGES,
        action in EXPORTS,
        action in ADMIN,
        action == a.API_CALLED,
        action == a.MFA_DENIED,
        action in (a.REPORT_VIEWED, a.RECORD_SHARED),
    )


#: What most activities are: a read and nothing else. They have this very object, so that it is told at a glance.
READ = _act(a.RECORD_READ)
ACTS = {action: READ if _act(action) == READ else _act(action) for action in a.ACTIONS}


def exported(activity: Observed) -> bool:
    """Whether a report that was viewed was exported, or a record was shared with somebody outside."""
    return (activity.exported if activity.action == a.REPORT_VIEWED else activity.external) is True


def rows_of(activity: Observed) -> int:
    """Rows that left, as far as they are told: of an export, or of a read in bulk."""
    action, count = activity.action, max(0, activity.count or 0)
    if action == a.DATA_EXPORTED or (action == a.REPORT_VIEWED and activity.exported):
        return count
    return count if action in (a.RECORD_READ, a.API_CALLED) and activity.channel in ("api", "bulk") else 0
