"""The 29 actions: the closed set of things a CRM can tell Vedette."""

from __future__ import annotations

from typing import Final

LOGIN_SUCCEEDED: Final = "auth.login.succeeded"
LOGIN_FAILED: Final = "auth.login.failed"
LOGOUT: Final = "auth.logout"
MFA_DENIED: Final = "auth.mfa.denied"
CREDENTIAL_CHANGED: Final = "auth.credential.changed"
IMPERSONATION_STARTED: Final = "auth.impersonation.started"
USER_CREATED: Final = "user.created"
USER_CHANGED: Final = "user.changed"
ACCESS_GRANTED: Final = "access.granted"
ACCESS_REVOKED: Final = "access.revoked"
RECORD_READ: Final = "record.read"
RECORD_SEARCHED: Final = "record.searched"
RECORD_CREATED: Final = "record.created"
RECORD_UPDATED: Final = "record.updated"
RECORD_DELETED: Final = "record.deleted"
RECORD_SHARED: Final = "record.shared"
REPORT_VIEWED: Final = "report.viewed"
DATA_EXPORTED: Final = "data.exported"
FILE_DOWNLOADED: Final = "file.downloaded"
MESSAGE_SENT: Final = "message.sent"
API_CALLED: Final = "api.called"
APP_AUTHORISED: Final = "app.authorised"
APP_CHANGED: Final = "app.changed"
CONFIG_CHANGED: Final = "config.changed"
CONSENT_CHANGED: Final = "consent.changed"
PRIVACY_REQUESTED: Final = "privacy.requested"
CONTROL_REPORTED: Final = "control.reported"
VENDOR_ALERTED: Final = "vendor.alerted"
CONTEXT_STATED: Final = "context.stated"

ACTIONS: Final[tuple[str, ...]] = (
    LOGIN_SUCCEEDED, LOGIN_FAILED, LOGOUT, MFA_DENIED, CREDENTIAL_CHANGED, IMPERSONATION_STARTED, USER_CREATED,
    USER_CHANGED, ACCESS_GRANTED, ACCESS_REVOKED, RECORD_READ, RECORD_SEARCHED, RECORD_CREATED, RECORD_UPDATED,
    RECORD_DELETED, RECORD_SHARED, REPORT_VIEWED, DATA_EXPORTED, FILE_DOWNLOADED, MESSAGE_SENT, API_CALLED,
    APP_AUTHORISED, APP_CHANGED, CONFIG_CHANGED, CONSENT_CHANGED, PRIVACY_REQUESTED, CONTROL_REPORTED, VENDOR_ALERTED,
    CONTEXT_STATED,
)  # fmt: skip

#: Actions whose subject may be a login name or an address.
AUTHENTICATION: Final = frozenset({LOGIN_SUCCEEDED, LOGIN_FAILED})

#: Actions that concern the tenant as a whole (DESIGN: the TENANT scope).
TENANT_WIDE: Final = AUTHENTICATION | {
    CONFIG_CHANGED, ACCESS_GRANTED, USER_CREATED, APP_AUTHORISED, APP_CHANGED, CONTROL_REPORTED, PRIVACY_REQUESTED,
}  # fmt: skip

OUTCOMES: Final = ("success", "failure", "denied", "unknown")
REASONS: Final = ("bad_password", "unknown_user", "locked", "disabled", "expired", "mfa", "policy", "outage", "other")
ACTOR_KINDS: Final = ("human", "integration", "system", "guest")
CHANNELS: Final = ("ui", "mobile", "api", "bulk", "import", "automation")
PRECISIONS: Final = ("ms", "s", "min", "h")
SENSITIVITIES: Final = ("normal", "personal", "special", "secret")
NETWORKS: Final = ("home", "mobile", "corporate", "hosting", "vpn", "tor", "relay", "satellite", "unknown")
IP_BASES: Final = ("direct", "forwarded", "vendor", "none")
