"""The setup audit trail of Salesforce: what each Action means. Where Display contradicts it, Action counts."""

from __future__ import annotations

from typing import Any, Final

from domain import actions
from ingest.refusal import missing
from ingest.sources.base import Draft
from ingest.sources.columns import Columns, content_id, draft
from ingest.sources.salesforce_ids import long_id

#: Lower-case Action -> action and what it says; other Actions are config.changed of the area "other".
_KNOWN: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    **dict.fromkeys(
        ("changedpassword", "resetpassword", "changedownpassword"),
        (actions.CREDENTIAL_CHANGED, {"credential": "password"}),
    ),
    **dict.fromkeys(
        ("registereduserphonenumber", "insertedtwofactorinfo", "deletedtwofactorinfo", "resettwofactor"),
        (actions.CREDENTIAL_CHANGED, {"credential": "mfa"}),
    ),
    **dict.fromkeys(("createduser", "createdcustomersuccessuser"), (actions.USER_CREATED, {})),
    **dict.fromkeys(
        ("deactivateduser", "activateduser", "frozeuser", "unfrozeuser", "changedemail", "changedusername"),
        (actions.USER_CHANGED, {}),
    ),
    **dict.fromkeys(("permsetassign", "permsetgroupassign", "permsetlicenseassign"), (actions.ACCESS_GRANTED, {})),
    **dict.fromkeys(("permsetunassign", "permsetgroupunassign"), (actions.ACCESS_REVOKED, {})),
    **dict.fromkeys(("insertconnectedapplication", "createdconnectedapp"), (actions.APP_AUTHORISED, {})),
    **dict.fromkeys(
        ("updateconnectedapplication", "deleteconnectedapplication", "connectedappoauthrevoked"),
        (actions.APP_CHANGED, {}),
    ),
    "suorgadminlogin": (actions.IMPERSONATION_STARTED, {}),
    "loginasgrantedtopartner": (actions.ACCESS_GRANTED, {"role": "login as"}),
}
#: A word in an unknown Action -> the area of the settings that it is about.
_AREAS: Final = (
    ("password", "password"), ("twofactor", "mfa"), ("mfa", "mfa"), ("session", "session"), ("iprange", "ip_range"),
    ("sso", "sso"), ("saml", "sso"), ("encryption", "encryption"), ("audit", "audit"), ("sharing", "sharing"),
)  # fmt: skip


def setup(columns: Columns) -> Draft:
    """DelegateUser is who acted as the user of CreatedById: the impersonator."""
    said = columns.word("Action")
    if not said:
        raise missing("Action", "send it with each row of SetupAuditTrail")
    at, precision = columns.moment("CreatedDate")
    own = columns.ident("Id")
    lower = said.lower()
    action, more = _KNOWN.get(lower, (actions.CONFIG_CHANGED, {}))
    if action == actions.CONFIG_CHANGED:
        area = next((area for word, area in _AREAS if word in lower), "other")
        more = {"area": area, "direction": "neutral"}
    fields = {
        "occurred_at": at,
        "time_precision": precision,
        "native_id": f"SetupAuditTrail/{long_id(own)}" if own else content_id("SetupAuditTrail", columns.columns),
        "action": action,
        "outcome": "success",
        "actor_id": long_id(columns.ident("CreatedById")),
        "impersonator": columns.text("DelegateUser"),
        "change": said[:200],
        "app_name": columns.text("ResponsibleNamespacePrefix") if action in _APPS else "",
        "channel": "ui",
        **more,
    }
    return draft(fields, "setup audit trail")


_APPS: Final = (actions.APP_AUTHORISED, actions.APP_CHANGED)
