"""Twenty: rows of its ClickHouse tables workspaceEvent and objectEvent."""

from __future__ import annotations

from typing import Any, Final

from domain import actions
from ingest.refusal import Refused, missing
from ingest.sources.base import CONTENT, ID, TIME, Draft
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import Columns, content_id, draft, skip
from ingest.strict_json import parse

Fields = dict[str, Any]

_OBJECTS: Final = {
    "created": actions.RECORD_CREATED,
    "upserted": actions.RECORD_UPDATED,
    "updated": actions.RECORD_UPDATED,
    "restored": actions.RECORD_UPDATED,
    "deleted": actions.RECORD_DELETED,
    "destroyed": actions.RECORD_DELETED,
    "viewed": actions.RECORD_READ,
}
#: Steps of one impersonation, of which one is the impersonation itself; the others are counted.
_ENTERED: Final = frozenset({"token_exchange_success", "token_exchange_failed", "login_token_failed"})
_FACTORS: Final = {
    "method_provisioned": "added", "method_verified": "verified", "method_deleted": "removed",
    "recovery_code_issued": "issued", "recovery_code_revoked": "revoked",
}  # fmt: skip
_SIGN_INS: Final = frozenset({"login", "signin", "signedin", "created", "started", "issued"})
_SIGN_OUTS: Final = frozenset({"logout", "signout", "signedout", "revoked", "ended", "deleted", "expired"})


class Twenty:
    """PRODUCT section 1, "Twenty"."""

    source = "twenty"
    never_stored: tuple[str, ...] = ()
    varies: Final = {
        "timestamp": TIME, "recordId": ID, "properties.recordId": ID, "properties.diff.*.before": CONTENT,
        "properties.diff.*.after": CONTENT,
    }  # fmt: skip
    yields: Final = {
        actions.LOGIN_SUCCEEDED: "auth_method",
        actions.LOGOUT: "",
        actions.MFA_DENIED: "reason auth_method",
        actions.CREDENTIAL_CHANGED: "credential change target_id auth_method",
        actions.IMPERSONATION_STARTED: "kind target_id",
        actions.USER_CREATED: "target_id",
        actions.ACCESS_GRANTED: "target_id role privileged change",
        actions.ACCESS_REVOKED: "target_id role privileged change",
        actions.RECORD_READ: "object_type object_id",
        actions.RECORD_CREATED: "object_type object_id fields",
        actions.RECORD_UPDATED: "object_type object_id fields",
        actions.RECORD_DELETED: "object_type object_id hard",
        actions.CONFIG_CHANGED: "area direction change",
    }
    always = "outcome actor_kind channel"
    blind = "no failed sign-ins, no addresses, no user agents, no exports and no numbers of rows"

    def knows(self, event: dict[str, Any]) -> bool:
        return "workspaceId" in event and "event" in event

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        columns = Columns(data_of(parse(raw)), flags)
        name = columns.word("event")
        if not name:
            raise Refused("shape_unknown", "event is missing; send rows of Twenty's workspaceEvent and objectEvent")
        feed = "object events" if name.startswith("Object Record") else "workspace events"
        properties = columns.part("properties")
        what = _object(columns, properties, name) if feed == "object events" else _workspace(properties, name)
        if what is None:
            step = properties.word("action")
            return skip(f"{name} {step}" if step else name, feed)
        at, precision = columns.moment("timestamp")
        user = columns.ident("userId", "userWorkspaceId", "workspaceMemberId")
        if not user:
            raise missing("userId", "send it with each row")
        fields = {
            "occurred_at": at,
            "time_precision": precision,
            "native_id": content_id(name, columns.columns),  # rows have no id; two of the same content are one
            "actor_id": user,
            "actor_kind": "human" if columns.word("userId") else "integration",
            "outcome": "success",
            **what,
        }
        if what["action"] in (actions.USER_CREATED,):
            fields["target_id"] = user
        return draft(fields, feed)


def _object(columns: Columns, properties: Columns, name: str) -> Fields | None:
    verb = name.removeprefix("Object Record").strip().lower()
    action = _OBJECTS.get(verb)
    if action is None:
        return None
    after = properties.columns.get("updatedFields")
    if type(after) is not list:
        diff = properties.columns.get("diff")
        after = list(diff) if type(diff) is dict else []
    return {
        "action": action,
        "object_type": columns.text("objectNameSingular") or properties.text("objectNameSingular")
        or columns.ident("objectMetadataId") or properties.ident("objectMetadataId"),
        "object_id": columns.ident("recordId") or properties.ident("recordId"),
        "fields": tuple(field for field in after[:100] if type(field) is str),
        "hard": True if verb == "destroyed" else None,
    }  # fmt: skip


def _workspace(properties: Columns, name: str) -> Fields | None:
    step = properties.word("action").lower()
    if name == "AuthSession":
        word = step.replace("_", "").replace("-", "")
        action = actions.LOGIN_SUCCEEDED if word in _SIGN_INS else actions.LOGOUT if word in _SIGN_OUTS else ""
        method = properties.text("authProvider", "provider", "method") if action == actions.LOGIN_SUCCEEDED else ""
        return {"action": action, "auth_method": method, "channel": "ui"} if action else None
    if name == "TwoFactorAuthentication":
        return _factor(properties, step)
    if name == "Impersonation":
        if step not in _ENTERED:
            return None
        return {
            "action": actions.IMPERSONATION_STARTED,
            "outcome": "success" if step == "token_exchange_success" else "failure",
            "kind": properties.text("level"),
            "target_id": properties.ident("targetUserId"),
            "channel": "ui",
        }
    if name == "ServerAdminAccessChanged":
        given = [right for right in ("canAccessFullAdminPanel", "canImpersonate") if properties.truth(right)]
        return {
            "action": actions.ACCESS_GRANTED if given else actions.ACCESS_REVOKED,
            "target_id": properties.ident("targetUserId"),
            "role": ", ".join(given) or "server admin",
            "privileged": True,
            "change": "server admin access",
        }
    if name == "User Signup":
        return {"action": actions.USER_CREATED}
    if name.startswith("Custom Domain"):
        return {"action": actions.CONFIG_CHANGED, "area": "other", "direction": "neutral", "change": name.lower()}
    return None


def _factor(properties: Columns, step: str) -> Fields | None:
    method, target = properties.text("strategy"), properties.ident("targetUserId")
    if step == "otp_rejected":
        return {
            "action": actions.MFA_DENIED,
            "outcome": "denied",
            "reason": "mfa",
            "auth_method": method,
            "channel": "ui",
        }
    if (change := _FACTORS.get(step)) is None:
        return None
    credential = "recovery" if step.startswith("recovery") else "mfa"
    what = {"action": actions.CREDENTIAL_CHANGED, "credential": credential, "change": change}
    return {**what, "target_id": target, "auth_method": method, "channel": "ui"}


ADAPTER: Final = Twenty()
