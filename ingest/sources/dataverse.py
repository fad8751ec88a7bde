"""Microsoft Dataverse and Dynamics 365: the table DataverseActivity of Sentinel, and the same from Purview's log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from domain import actions
from ingest.refusal import Refused
from ingest.sources.base import GIVEN, ID, IDS, NOISE, TIME, Draft
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import Columns, content_id, draft, skip
from ingest.strict_json import parse

Fields = dict[str, Any]

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
#: The settings of an organisation whose weakening is told by a value of false, and the area each belongs to.
_GUARDS: Final = {
    "isauditenabled": "audit",
    "isuseraccessauditenabled": "audit",
    "isreadauditenabled": "audit",
    "enableipbasedfirewallrule": "ip_range",
    "enableipbasedcookiebinding": "session",
    "sessiontimeoutenabled": "session",
    "inactivitytimeoutenabled": "session",
}
_ROLES_WITH_POWER: Final = frozenset({"system administrator", "system customizer"})
_MOST_NAMES: Final = 100


class _Record:
    """A row with what several readers need: the names and values of `Fields`, and how many ids `QueryResults` lists."""

    def __init__(self, columns: Columns, message: str) -> None:
        self.columns, self.message = columns, message
        self.entity = columns.text("EntityName").lower()
        self._changed: dict[str, str] | None = None

    @property
    def changed(self) -> dict[str, str]:
        if self._changed is None:
            self._changed = _changed(self.columns)
        return self._changed

    def results(self) -> int | None:
        """None when the row does not list what was returned: unknown, never 1."""
        value = self.columns.columns.get("QueryResults")
        if type(value) is list:
            return len(value)
        if type(value) is not str or not value.strip():
            return None
        text = value.strip().strip("[]").strip()
        return text.count(",") + 1 if text else 0


def _changed(columns: Columns) -> dict[str, str]:
    """Names and values of `Fields`: a list of {Name, Value}, an object, or either as a text."""
    value = columns.columns.get("Fields")
    if type(value) is str and value.lstrip()[:1] in ("[", "{"):
        try:
            value = parse(b'{"it":' + value.encode("utf-8", "surrogatepass") + b"}")["it"]
        except Refused:
            return {}
    if type(value) is dict:
        return {str(name).lower(): str(given) for name, given in list(value.items())[:_MOST_NAMES]}
    found: dict[str, str] = {}
    for each in value[:_MOST_NAMES] if type(value) is list else ():
        if type(each) is dict:
            name, given = each.get("Name", each.get("name")), each.get("Value", each.get("value"))
            if type(name) is str and name:
                found[name.lower()] = "" if given is None else str(given)
    return found


def _read(record: _Record) -> Fields:
    return {"action": actions.RECORD_READ, **_object(record), "count": record.results()}


def _read_many(record: _Record) -> Fields:
    return {"action": actions.RECORD_READ, "object_type": record.entity, "count": record.results()}


def _export(record: _Record) -> Fields:
    return {
        "action": actions.DATA_EXPORTED,
        "object_type": record.entity,
        "object_id": record.columns.ident("EntityId"),
        "count": record.results(),
        "destination": record.message,
        "execution_id": record.columns.ident("CorrelationId"),
    }


def _write(record: _Record) -> Fields:
    created = record.message.lower().startswith("create")
    if not created and record.entity in ("organization", "orgdbsettings"):
        return _settings(record)
    if record.entity == "systemuser":
        action = actions.USER_CREATED if created else actions.USER_CHANGED
        change = "disabled" if record.changed.get("isdisabled", "").lower() in ("true", "1") else record.message.lower()
        return {"action": action, "target_id": record.columns.ident("EntityId"), "change": change}
    return {
        "action": actions.RECORD_CREATED if created else actions.RECORD_UPDATED,
        **_object(record),
        "fields": tuple(record.changed),
        "value_digest": _digest(record.changed),
        "count": record.results(),
    }


def _digest(changed: dict[str, str]) -> str:
    """Of the one value that every field was given; fields that differ have none. An emptied field has that of ""."""
    values = set(changed.values())
    return (
        hashlib.blake2b(values.pop().encode("utf-8", "replace"), digest_size=8).hexdigest() if len(values) == 1 else ""
    )


def _settings(record: _Record) -> Fields:
    """The organisation's settings; weakened when a guard among them was switched off."""
    known = {name: value.lower() for name, value in record.changed.items() if name in _GUARDS}
    off = [name for name, value in known.items() if value in ("false", "0", "")]
    named = off or list(known)
    return {
        "action": actions.CONFIG_CHANGED,
        "area": _GUARDS[named[0]] if named else "other",
        "direction": "weakened" if off else "strengthened" if known else "neutral",
        "change": ", ".join(sorted(record.changed)) or record.message,
    }


def _delete(record: _Record) -> Fields:
    bulk = record.message.lower() != "delete"
    return {
        "action": actions.RECORD_DELETED,
        **_object(record),
        "count": record.results(),
        "channel": "bulk" if bulk else "",
        "job_id": record.columns.ident("CorrelationId") if bulk else "",
    }


def _share(record: _Record) -> Fields:
    return {"action": actions.RECORD_SHARED, **_object(record), "count": record.results()}


def _associate(record: _Record) -> Fields | None:
    """A role given to a user or taken away; other associations are no business of ours."""
    changed = record.changed
    relation = " ".join((record.entity, *changed, *changed.values())).lower()
    if "systemuserroles" not in relation and not (record.entity == "systemuser" and "role" in relation):
        return None
    role = next((changed[name] for name in ("rolename", "role", "roleid", "name") if changed.get(name)), "")
    target = changed.get("systemuserid", "")
    return {
        "action": actions.ACCESS_GRANTED if record.message.lower() == "associate" else actions.ACCESS_REVOKED,
        "target_id": record.columns.ident("EntityId") if record.entity == "systemuser" else target,
        "role": role[:1_000],
        "privileged": role.lower() in _ROLES_WITH_POWER,
        "change": record.message.lower(),
    }


def _object(record: _Record) -> Fields:
    return {"object_type": record.entity, "object_id": record.columns.ident("EntityId")}


_READERS: Final[dict[str, Callable[[_Record], Fields | None]]] = {
    "usersignin": lambda _: {"action": actions.LOGIN_SUCCEEDED, "outcome": "success"},
    "usersignout": lambda _: {"action": actions.LOGOUT},
    "retrieve": _read,
    "retrievemultiple": _read_many,
    **dict.fromkeys(("exporttoexcel", "exportpdfdocument", "exportworddocument", "executepowerbisql"), _export),
    **dict.fromkeys(("create", "update", "upsert", "createmultiple", "updatemultiple", "upsertmultiple"), _write),
    **dict.fromkeys(("delete", "bulkdelete", "deletemultiple"), _delete),
    **dict.fromkeys(("assign", "grantaccess", "modifyaccess"), _share),
    **dict.fromkeys(("associate", "disassociate"), _associate),
}
#: UserType of the Management Activity API, as a number or a word.
_KINDS: Final = {"4": "system", "system": "system", "5": "integration", "application": "integration"} | {
    "6": "integration", "serviceprincipal": "integration",
}  # fmt: skip


class Dataverse:
    """PRODUCT section 1, "Dataverse"."""

    source = "dataverse"
    #: FetchXML: what somebody looked for.
    never_stored = ("query",)
    varies: Final = {
        "SourceRecordId": ID, "CorrelationId": ID, "EntityId": ID, "QueryResults": IDS, "TimeGenerated": TIME,
        "OriginalObjectId": NOISE, "ItemUrl": NOISE, "ServiceContextId": NOISE,
    } | dict.fromkeys(("Fields.Value", "Fields.*.Value", "Fields.value", "Fields.*.value"), GIVEN)  # fmt: skip
    yields: Final = {
        actions.LOGIN_SUCCEEDED: "actor_login",
        actions.LOGOUT: "",
        actions.RECORD_READ: "object_type object_id count",
        actions.DATA_EXPORTED: "object_type object_id count destination execution_id",
        actions.RECORD_CREATED: "object_type object_id fields value_digest count",
        actions.RECORD_UPDATED: "object_type object_id fields value_digest count",
        actions.RECORD_DELETED: "object_type object_id count job_id",
        actions.RECORD_SHARED: "object_type object_id count",
        actions.ACCESS_GRANTED: "target_id role privileged change",
        actions.ACCESS_REVOKED: "target_id role privileged change",
        actions.USER_CREATED: "target_id change",
        actions.USER_CHANGED: "target_id change",
        actions.CONFIG_CHANGED: "area direction change",
    }
    always = "outcome actor_kind actor_email ip ip_basis user_agent request_id channel"
    blind = "failed sign-ins: they are in Entra's sign-in log, not here"

    def knows(self, event: dict[str, Any]) -> bool:
        return "CrmOrganizationUniqueName" in event or ("EntityName" in event and "Message" in event)

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        columns = Columns(data_of(parse(raw)), flags)
        message = columns.word("Message", "Operation")
        feed = "management activity" if "CreationTime" in columns.columns else "sentinel"
        reader = _READERS.get(message.lower())
        read = reader(_Record(columns, message)) if reader is not None else None
        if read is None:
            if not message:
                raise Refused(
                    "shape_unknown", "the record has neither Message nor Operation; send rows of DataverseActivity"
                )
            return skip(message, feed)
        return draft({**_common(columns, message, read["action"]), **read}, feed)


#: The columns that say who it is and from where.
_PERSONAL: Final = ("UserId", "UserUpn", "SystemUserId", "UserType", "ClientIp", "ClientIP", "UserAgent")
#: People that are remembered, with each of their addresses; about a kilobyte each.
_REMEMBERED: Final = 20_000


def _common(columns: Columns, message: str, action: str) -> Fields:
    """What every message has. Who it is and from where comes again and again, and is remembered."""
    at, precision = columns.moment("TimeGenerated", "CreationTime", "TimeGenerated [UTC]")
    signs_in = action in actions.AUTHENTICATION
    try:
        known, flags = _person(signs_in, *map(columns.columns.get, _PERSONAL))
    except TypeError:  # something that is no word: said as it is for all such
        known, flags = _personal(columns, signs_in=signs_in), frozenset()
    columns.flags.update(flags)
    return {
        "occurred_at": at,
        "time_precision": precision,
        "native_id": columns.ident("SourceRecordId", "Id") or content_id(message, columns.columns),
        "outcome": _outcome(columns.word("ResultStatus").lower()),
        "request_id": columns.ident("CorrelationId"),
        **known,
    }


@lru_cache(maxsize=_REMEMBERED, typed=True)
def _person(signs_in: bool, *values: Any) -> tuple[Fields, frozenset[str]]:
    """Fields and flags. Raises Refused, and TypeError for what is no word."""
    flags: set[str] = set()
    columns = Columns(dict(zip(_PERSONAL, values, strict=True)), flags)
    return _personal(columns, signs_in=signs_in), frozenset(flags)


def _personal(columns: Columns, *, signs_in: bool) -> Fields:
    user = columns.ident("UserId", "UserUpn").lower()
    system = columns.ident("SystemUserId").lower()
    user = user or (system if system != _NOBODY else "")
    name, _, domain = user.partition("@")
    application = bool(domain) and domain == f"{name}.com"  # <guid>@<guid>.com
    kind = _KINDS.get(columns.word("UserType").lower(), "human")
    upn = columns.text("UserUpn") or (user if "@" in user and not application else "")
    return {
        "actor_id": user,
        "actor_kind": "integration" if application else kind,
        # Of sign-ins alone: the login as typed.
        "actor_login": upn if signs_in else "",
        "actor_email": "" if application else upn,
        "ip": columns.word("ClientIp", "ClientIP")[:100],
        "ip_basis": "vendor",
        "user_agent": columns.text("UserAgent"),
        "channel": "api" if application or kind == "integration" else "",
    }


def _outcome(status: str) -> str:
    if status in ("success", "succeeded", "true", "partiallysucceeded", "0"):
        return "success"
    return "unknown" if not status else "denied" if "denied" in status or "unauthorized" in status else "failure"


ADAPTER: Final = Dataverse()
