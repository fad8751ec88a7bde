"""HubSpot: login history, audit log and security activity of its account-info API."""

from __future__ import annotations

from typing import Any, Final

from domain import actions
from ingest.refusal import Refused
from ingest.sources.base import ID, NOISE, TIME, Draft
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import Columns, content_id, draft, skip
from ingest.strict_json import parse

Fields = dict[str, Any]

_WRITES: Final = {
    "CREATE": actions.RECORD_CREATED,
    "UPDATE": actions.RECORD_UPDATED,
    "PUBLISH": actions.RECORD_UPDATED,
    "UNPUBLISH": actions.RECORD_UPDATED,
    "RESTORE": actions.RECORD_UPDATED,
    "ARCHIVE": actions.RECORD_UPDATED,
    "DELETE": actions.RECORD_DELETED,
    "PURGE": actions.RECORD_DELETED,
    "VIEW": actions.RECORD_READ,
    "EXPORT": actions.DATA_EXPORTED,
}
_ADDS: Final = frozenset(
    {"ADD", "ADDED", "GRANT", "GIVE", "ASSIGN", "CREATE", "INVITE", "INSTALL", "CONNECT", "AUTHORIZE"}
)
_REMOVES: Final = frozenset(
    {"REMOVE", "REMOVED", "REVOKE", "DELETE", "DISABLE", "UNINSTALL", "DEACTIVATE", "DISCONNECT"}
)
_STRENGTHENS: Final = frozenset({"ADD", "ENABLE", "REQUIRE", "CREATE", "ACTIVATE"})
#: A word of a type -> the area of the settings that it is about.
_AREAS: Final = (
    ("SSO", "sso"), ("2FA", "mfa"), ("MFA", "mfa"), ("FACTOR", "mfa"), ("PASSWORD", "password"), ("SESSION", "session"),
    ("IP", "ip_range"), ("AUDIT", "audit"), ("SANDBOX", "other"),
)  # fmt: skip


class HubSpot:
    """PRODUCT section 1, "HubSpot"."""

    source = "hubspot"
    never_stored: tuple[str, ...] = ()
    varies: Final = {
        "id": ID, "targetObjectId": ID, "objectId": ID, "loginAt": TIME, "occurredAt": TIME, "location": NOISE,
        "infoUrl": NOISE,
    }  # fmt: skip
    yields: Final = {
        actions.LOGIN_SUCCEEDED: "actor_login user_agent",
        actions.LOGIN_FAILED: "actor_login user_agent reason",
        actions.LOGOUT: "",
        actions.CREDENTIAL_CHANGED: "credential change target_id",
        actions.USER_CREATED: "target_id change",
        actions.USER_CHANGED: "target_id change",
        actions.ACCESS_GRANTED: "target_id role privileged change",
        actions.ACCESS_REVOKED: "target_id role privileged change",
        actions.RECORD_READ: "object_type object_id",
        actions.RECORD_CREATED: "object_type object_id",
        actions.RECORD_UPDATED: "object_type object_id",
        actions.RECORD_DELETED: "object_type object_id hard",
        actions.DATA_EXPORTED: "object_type object_id",
        actions.APP_AUTHORISED: "app_id change",
        actions.APP_CHANGED: "app_id change",
        actions.CONFIG_CHANGED: "area direction change",
    }
    always = "outcome actor_email ip ip_basis channel country region"
    blind = "no address in the audit log, no number of rows in any feed, no reason of a failed sign-in"

    def knows(self, event: dict[str, Any]) -> bool:
        return (
            "loginAt" in event
            or ("subCategory" in event and "actingUser" in event)
            or ("actingUser" in event and "createdAt" in event and "type" in event)
        )

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        event = data_of(parse(raw))
        columns = Columns(event, flags)
        there = columns.columns
        if "loginAt" in there:
            return draft(_login(columns), "login history")
        if "category" in there:
            return _audit(columns)
        if "createdAt" in there and "type" in there:
            return _security(columns)
        raise Refused(
            "shape_unknown",
            "the record has neither loginAt, nor category, nor createdAt and type; send the entries of HubSpot's "
            "login, audit-logs or security activity, one per record",
        )


def _login(columns: Columns) -> Fields:
    succeeded = columns.truth("loginSucceeded")
    if succeeded is None:
        raise Refused(
            "field_missing", "loginSucceeded is missing; send true or false with each entry of the login history"
        )
    email = columns.text("email")
    return {
        "action": actions.LOGIN_SUCCEEDED if succeeded else actions.LOGIN_FAILED,
        "outcome": "success" if succeeded else "failure",
        "reason": "" if succeeded else "other",
        **_who(email, columns.ident("userId")),
        "actor_login": email,
        **_when(columns, "loginAt"),
        "native_id": _native("login", columns),
        **_where(columns),
        "user_agent": columns.text("userAgent"),
    }


def _audit(columns: Columns) -> Draft:
    """A sign-in is told by the login history, with its address: here it is only counted."""
    feed, category, kind = "audit log", columns.word("category").upper(), columns.word("subCategory").upper()
    if category == "LOGIN":
        return skip(kind or category, feed)
    who = columns.part("actingUser")
    target = columns.ident("targetObjectId")
    if category == "CRITICAL_ACTION":
        what: Fields = _critical(kind, target)
    else:
        verb = columns.word("action").upper()
        action = _WRITES.get(verb)
        if action is None:
            return skip(f"{category}_{verb}", feed)
        deleted = action == actions.RECORD_DELETED
        what = {
            "action": action,
            "object_type": kind.lower(),
            "object_id": target,
            "hard": (deleted and verb == "PURGE") or None,
        }
    fields = {
        **what,
        "outcome": "success",
        **_who(who.text("userEmail"), who.ident("userId")),
        **_when(columns, "occurredAt"),
        "native_id": _native("audit", columns),
        "channel": "ui",
    }
    return draft(fields, feed)


def _security(columns: Columns) -> Draft:
    """`userId` is the actor's in some rows and another's in others; `actingUser` is who did it."""
    feed, kind = "security activity", columns.word("type").upper()
    if "LOGIN" in kind.split("_"):
        return skip(kind, feed)
    email = columns.text("actingUser")
    fields = {
        **_critical(kind, columns.ident("objectId")),
        "outcome": "success",
        **_who(email, "" if email else columns.ident("userId")),
        **_when(columns, "createdAt"),
        "native_id": _native("security", columns),
        **_where(columns),
        "channel": "ui",
    }
    return draft(fields, feed)


def _critical(kind: str, target: str) -> Fields:
    """What a type of security activity means, by its words: HubSpot publishes no closed list."""
    words = frozenset(kind.split("_"))
    change = kind.lower()
    if words & {"EXPORT", "EXPORTS", "EXPORTED"}:
        about = [word for word in kind.lower().split("_") if word not in ("export", "exports", "exported")]
        return {"action": actions.DATA_EXPORTED, "object_type": "_".join(about), "object_id": target}
    if words & {"PERMISSION", "PERMISSIONS", "ADMIN"}:
        powerful = bool(words & {"ADMIN", "SUPER"})
        action = actions.ACCESS_GRANTED if words & _ADDS else actions.ACCESS_REVOKED if words & _REMOVES else ""
        if not action:
            return {"action": actions.USER_CHANGED, "target_id": target, "change": change}
        return {"action": action, "target_id": target, "role": "admin" if powerful else "permissions"} | {
            "privileged": powerful, "change": change,
        }  # fmt: skip
    if words & {"USER", "USERS"}:
        action = actions.USER_CREATED if words & _ADDS else actions.USER_CHANGED
        return {"action": action, "target_id": target, "change": change}
    return _keys_apps_and_settings(words, change, target)


def _keys_apps_and_settings(words: frozenset[str], change: str, target: str) -> Fields:
    if words & {"KEY", "TOKEN"}:
        if "VIEW" in words:
            return {"action": actions.CONFIG_CHANGED, "area": "api_key", "direction": "neutral", "change": change}
        return {"action": actions.CREDENTIAL_CHANGED, "credential": "api_key", "change": change, "target_id": target}
    if words & {"INTEGRATION", "APP", "APPS"}:
        return {
            "action": actions.APP_AUTHORISED if words & _ADDS else actions.APP_CHANGED,
            "app_id": target,
            "change": change,
        }
    if "PASSWORD" in words and words & {"RESET", "CHANGE", "CHANGED", "UPDATE"}:
        return {"action": actions.CREDENTIAL_CHANGED, "credential": "password", "change": change, "target_id": target}
    if "LOGOUT" in words:
        return {"action": actions.LOGOUT}
    area = next((area for word, area in _AREAS if word in words), "other")
    weaker = "weakened" if words & _REMOVES else "strengthened" if words & _STRENGTHENS else "neutral"
    return {"action": actions.CONFIG_CHANGED, "area": area, "change": change} | {
        "direction": weaker if area != "other" else "neutral",
    }  # fmt: skip


def _who(email: str, user: str) -> Fields:
    """By mail address, the one thing that all three feeds say of who did it; the number where there is no address."""
    return {"actor_id": email.lower() or user, "actor_email": email}


def _when(columns: Columns, name: str) -> Fields:
    at, precision = columns.moment(name)
    return {"occurred_at": at, "time_precision": precision}


def _where(columns: Columns) -> Fields:
    country = columns.word("countryCode").upper()
    return {
        "ip": columns.word("ipAddress")[:100],
        "ip_basis": "vendor",
        "country": country if len(country) == 2 and country.isascii() and country.isalpha() else "",
        "region": columns.text("regionCode").upper(),
    }


def _native(feed: str, columns: Columns) -> str:
    own = columns.ident("id")
    return f"{feed}/{own}" if own else content_id(feed, columns.columns)


ADAPTER: Final = HubSpot()
