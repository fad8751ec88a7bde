"""EspoCRM: the entities AuthLogRecord, ActionHistoryRecord, MassAction and Export, of its API or database."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from domain import actions
from ingest.refusal import Refused, missing
from ingest.sources.base import ID, NOISE, TIME, Draft
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import Columns, content_id, draft, skip
from ingest.strict_json import parse

Fields = dict[str, Any]

_REASONS: Final = {
    "CREDENTIALS": "bad_password", "INACTIVE_USER": "disabled", "WRONG_CODE": "mfa", "SECOND_STEP": "mfa",
    "IS_PORTAL_USER": "policy", "IS_NOT_PORTAL_USER": "policy", "USER_IS_NOT_IN_PORTAL": "policy",
    "IS_SYSTEM_USER": "policy", "FORBIDDEN": "policy", "LOCKED": "locked",
}  # fmt: skip
_KINDS: Final = {"api": "integration", "system": "system", "portal": "guest"}
_WRITES: Final = {
    "read": actions.RECORD_READ,
    "create": actions.RECORD_CREATED,
    "update": actions.RECORD_UPDATED,
    "delete": actions.RECORD_DELETED,
}
_APPS: Final = frozenset({"OAuthAccount", "OAuthProvider", "ExternalAccount", "Integration", "AppSecret"})
#: What is administered rather than kept, and the area it belongs to.
_AREAS: Final = {
    "Settings": "other", "AuthenticationProvider": "sso", "Role": "role", "PortalRole": "role", "LdapSettings": "sso",
    "Webhook": "other", "ApiKey": "api_key",
}  # fmt: skip
#: The columns by which each of the entities is known.
_SHAPES: Final = (
    {"isDenied"}, {"authLogRecordId"}, {"targetType", "action"}, {"processedCount", "entityType"},
    {"params", "attachmentId", "status"},
)  # fmt: skip
_BIG: Final = re.compile(r"(?<=[a-z])([A-Z])")


@lru_cache(maxsize=1_024)
def _camels(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of all columns of a record: the same few shapes come again and again."""
    return tuple([_camel(name) for name in names])


def _camel(name: str) -> str:
    """`created_at` of the database is `createdAt` of the API."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest) if rest else name


class EspoCRM:
    """PRODUCT section 1, "EspoCRM"."""

    source = "espocrm"
    never_stored: tuple[str, ...] = ()
    varies: Final = {
        "id": ID, "targetId": ID, "createdAt": TIME, "number": NOISE, "targetName": NOISE, "userName": NOISE,
        "authTokenName": NOISE, "authLogRecordId": NOISE, "authLogRecordName": NOISE, "requestTime": NOISE,
        "requestUrl": NOISE,
    }  # fmt: skip
    yields: Final = {
        actions.LOGIN_SUCCEEDED: "actor_login auth_method mfa",
        actions.LOGIN_FAILED: "actor_login auth_method reason",
        actions.USER_CREATED: "target_id change",
        actions.USER_CHANGED: "target_id change",
        actions.RECORD_READ: "object_type object_id",
        actions.RECORD_CREATED: "object_type object_id",
        actions.RECORD_UPDATED: "object_type object_id count job_id",
        actions.RECORD_DELETED: "object_type object_id count job_id",
        actions.DATA_EXPORTED: "object_type object_id count destination execution_id",
        actions.APP_AUTHORISED: "app_id app_name",
        actions.APP_CHANGED: "app_id app_name change",
        actions.CONFIG_CHANGED: "area direction change",
    }
    always = "outcome actor_kind privileged ip ip_basis channel session_id"
    blind = "no user agent in any record, no number of rows of an export, no grant of a role to a user by name"

    def knows(self, event: dict[str, Any]) -> bool:
        names = {_camel(name) for name in event}
        return any(names >= shape for shape in _SHAPES)

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        event = data_of(parse(raw))
        columns = Columns(dict(zip(_camels(tuple(event)), event.values(), strict=True)), flags)
        there = columns.columns
        if "isDenied" in there:
            return draft(_sign_in(columns), "auth log")
        if "targetType" in there and "action" in there:
            return _history(columns)
        if "processedCount" in there and "entityType" in there:
            return _mass_action(columns)
        if "params" in there and ("attachmentId" in there or "entityType" in there):
            return draft(_export(columns), "export")
        raise Refused(
            "shape_unknown",
            "the record is no AuthLogRecord (isDenied), ActionHistoryRecord (targetType), MassAction (processedCount) "
            "or Export (params); send the entities of EspoCRM, one per record",
        )


def _base(columns: Columns, kind: str, *, who: tuple[str, ...], at: tuple[str, ...] = ("createdAt",)) -> Fields:
    moment, precision = columns.moment(*at)
    user, own = columns.ident(*who), columns.ident("id")
    kinds = columns.word("userType").lower()
    return {
        "occurred_at": moment,
        "time_precision": precision,
        "native_id": f"{kind}/{own}" if own else content_id(kind, columns.columns),
        "actor_id": user,
        "actor_kind": "system" if user == "system" else _KINDS.get(kinds, "human"),
        "privileged": kinds in ("admin", "super-admin"),
        "ip": columns.word("ipAddress")[:100],
        "ip_basis": "vendor",
        "session_id": columns.ident("authTokenId"),
        "channel": "api" if kinds == "api" else "",
    }


def _sign_in(columns: Columns) -> Fields:
    """`username` is the login as typed, of both outcomes; a name that nobody has is its own actor."""
    denied = columns.truth("isDenied")
    if denied is None:
        raise missing("isDenied", "send true or false with each AuthLogRecord")
    name = columns.text("username")
    base = _base(columns, "AuthLogRecord", who=("userId", "username"))
    method = columns.text("authenticationMethod")
    return {
        **base,
        "actor_login": name,
        "action": actions.LOGIN_FAILED if denied else actions.LOGIN_SUCCEEDED,
        "outcome": "failure" if denied else "success",
        "reason": _REASONS.get(columns.word("denialReason").upper(), "other") if denied else "",
        "auth_method": method,
        "channel": "api" if method.lower() in ("hmac", "apikey") else "ui",
        "mfa": True if columns.word("secondStep") == "true" else None,
    }


def _history(columns: Columns) -> Draft:
    target, verb, feed = columns.word("targetType"), columns.word("action").lower(), "action history"
    action = _WRITES.get(verb)
    if action is None:
        return skip(f"{target} {verb}", feed)
    ident = columns.ident("targetId")
    base = _base(columns, "ActionHistoryRecord", who=("userId", "createdById"))
    base["outcome"] = "success"
    if verb == "read":
        if target in _APPS or target in _AREAS:
            return skip(f"{target} {verb}", feed)
    elif target in _APPS:
        created = verb == "create"
        what = {
            "action": actions.APP_AUTHORISED if created else actions.APP_CHANGED,
            "app_id": ident,
            "app_name": target,
        }
        return draft({**base, **what, "change": "" if created else verb}, feed)
    elif target in _AREAS:
        what = {"action": actions.CONFIG_CHANGED, "area": _AREAS[target], "direction": "neutral"}
        return draft({**base, **what, "change": f"{target} {verb}"}, feed)
    elif target == "User":
        what = {"action": actions.USER_CREATED if verb == "create" else actions.USER_CHANGED, "target_id": ident}
        return draft({**base, **what, "change": verb}, feed)
    return draft({**base, "action": action, "object_type": _snake(target), "object_id": ident}, feed)


def _mass_action(columns: Columns) -> Draft:
    """One record for the whole run; until it is done the number of records is unknown."""
    verb, feed = columns.word("action"), "mass action"
    action = {"update": actions.RECORD_UPDATED, "delete": actions.RECORD_DELETED}.get(verb.lower())
    if action is None:
        return skip(f"MassAction {verb}", feed)
    status = columns.word("status")
    fields = {
        **_base(columns, "MassAction", who=("createdById", "userId")),
        "action": action,
        "outcome": {"Success": "success", "Failed": "failure"}.get(status, "unknown"),
        "object_type": _snake(columns.text("entityType")),
        "count": columns.count("processedCount") if status in ("Success", "Failed", "") else None,
        "job_id": columns.ident("id"),
        "channel": "bulk",
    }
    return draft(fields, feed)


def _export(columns: Columns) -> Fields:
    params = columns.part("params")
    return {
        **_base(columns, "Export", who=("createdById", "userId")),
        "action": actions.DATA_EXPORTED,
        "outcome": {"Success": "success", "Failed": "failure"}.get(columns.word("status"), "unknown"),
        "object_type": _snake(params.text("entityType") or columns.text("entityType")),
        "object_id": columns.ident("attachmentId"),
        "count": columns.count("processedCount", "count"),
        "destination": params.text("format"),
        "execution_id": columns.ident("id"),
        "channel": "ui",
    }


def _snake(name: str) -> str:
    return _snakes(name) if len(name) <= 64 else _BIG.sub(r"_\1", name).lower()


@lru_cache(maxsize=1_024)
def _snakes(name: str) -> str:
    return _BIG.sub(r"_\1", name).lower()


ADAPTER: Final = EspoCRM()
