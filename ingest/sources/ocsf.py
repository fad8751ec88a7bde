"""OCSF 1.x: authentication, account change, entity management, user access, web resources, API, datastore activity."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from domain import actions, ocsf
from ingest.refusal import Refused, missing
from ingest.sources.base import ID, TIME, Draft
from ingest.sources.base import row as values
from ingest.sources.cloud_events import data_of
from ingest.sources.columns import content_id, epoch, skip
from ingest.sources.generic_fields import ACTOR, ORIGIN, TOP, check_names
from ingest.strict_json import parse
from ingest.values import Reader, moment, text

Fields = dict[str, Any]

#: Field of an activity -> how its value is read and checked.
_READERS: Final = {
    **{field: read for table in (TOP, ACTOR, ORIGIN) for field, read in table.values()},
    "extra": text("extra"),
}
_WEB: Final = {
    1: actions.RECORD_CREATED, 2: actions.RECORD_READ, 3: actions.RECORD_UPDATED, 4: actions.RECORD_DELETED,
    5: actions.RECORD_SEARCHED, 6: actions.RECORD_CREATED, 7: actions.DATA_EXPORTED, 8: actions.RECORD_SHARED,
}  # fmt: skip
_DATASTORE: Final = {
    1: actions.RECORD_READ, 2: actions.RECORD_UPDATED, 4: actions.DATA_EXPORTED, 5: actions.RECORD_UPDATED,
    6: actions.RECORD_CREATED, 7: actions.RECORD_DELETED, 8: actions.RECORD_READ,
}  # fmt: skip
_ACCOUNT: Final = {
    1: actions.USER_CREATED, 3: actions.CREDENTIAL_CHANGED, 4: actions.CREDENTIAL_CHANGED, 7: actions.ACCESS_GRANTED,
    8: actions.ACCESS_REVOKED, 10: actions.CREDENTIAL_CHANGED, 11: actions.CREDENTIAL_CHANGED,
} | dict.fromkeys((2, 5, 6, 9, 12), actions.USER_CHANGED)  # fmt: skip
_ACCESS: Final = {
    1: actions.ACCESS_GRANTED,
    2: actions.ACCESS_REVOKED,
    3: actions.ACCESS_GRANTED,
    4: actions.ACCESS_REVOKED,
}
_OUTCOMES: Final = {1: "success", 2: "failure", 99: "denied"}
_Where = tuple[int, int, str]
_PATHS: Final[dict[_Where, dict[str, ocsf.Path]]] = {
    (uid, number, action): ocsf.paths(uid, number, action)
    for uid in (3001, 3002, 3004, 3005, 6001, 6003, 6005)
    for number in (1, ocsf.SWITCH)
    for action in ("", actions.APP_AUTHORISED)
}


#: Field, the first two steps to it, further ones, its reader.
_Way = tuple[str, Any, Any, ocsf.Path, Reader]


@lru_cache(maxsize=1_024)
def _ways(where: _Where, ours: bool, names: tuple[str, ...]) -> tuple[_Way, ...]:
    """The paths that can lead to anything in an event with these names at its top."""
    return tuple(
        (field, path[0], path[1] if len(path) > 1 else None, path[2:], _READERS[field])
        for field, path in _PATHS[where].items()
        if field in _READERS and path[0] in names and (ours or field not in _OWN_WORDS)
    )


#: Fields that only our own export fills with our own words.
_OWN_WORDS: Final = frozenset({"reason", "tenant", "source", "feed"})
_TIMES: Final = ("valid_from", "valid_until")


class Ocsf:
    """PRODUCT section 1, "OCSF". The class is told by class_uid: type_uid is wrong in real events."""

    source = "ocsf"
    never_stored: tuple[str, ...] = ()
    varies: Final = {
        "metadata.uid": ID, "api.request.uid": ID, "web_resources.uid": ID, "time": TIME,
    }  # fmt: skip
    yields: Final = dict.fromkeys(actions.ACTIONS, "")
    always = " ".join(sorted((*_READERS, "outcome", *_TIMES)))
    blind = "of events that others made: no number of rows"

    def knows(self, event: dict[str, Any]) -> bool:
        return "class_uid" in event and "metadata" in event

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        event = data_of(parse(raw))
        uid, number = event.get("class_uid"), event.get("activity_id")
        if type(uid) is not int or type(number) is not int:
            raise Refused("shape_unknown", "class_uid or activity_id is missing or no integer; send events of OCSF 1.x")
        ours = _ours(event)
        left = _inside(event, ("unmapped", "vedette")) if ours else None
        own = left if type(left) is dict else {}
        fields = _told(event, uid, number) if "action" not in own else {}
        if fields is None:
            return skip(f"class {uid} activity {number}", "ocsf")
        action = own["action"] if "action" in own else fields["action"]
        near = actions.APP_AUTHORISED if action in (actions.APP_AUTHORISED, actions.APP_CHANGED) else ""
        where = uid, ocsf.SWITCH if number == ocsf.SWITCH else 1, near
        if where not in _PATHS:
            return skip(f"class {uid}", "ocsf")
        fields["outcome"] = fields.get("outcome") or _outcome(event)
        for field, first, second, rest, read in _ways(where, ours, tuple(event)):
            value = event[first]
            if second is not None:
                value = value.get(second) if type(value) is dict else _inside(value, (second,))
                if rest and value is not None:
                    value = _inside(value, rest)
            if value is not None and value != "" and value != "''":
                fields[field] = read(value, flags)
        for field, value in own.items():
            if field in _TIMES:
                fields[field] = epoch(field, value)[0]
            elif field in _READERS:
                fields[field] = _READERS[field](value, flags)
        return _drafted(event, fields, _PATHS[where], own, ours=ours, flags=flags)


def _drafted(
    event: Fields, fields: Fields, where: dict[str, ocsf.Path], own: Fields, *, ours: bool, flags: set[str]
) -> Draft:
    at, precision = _time(event)
    fields["occurred_at"] = at
    fields["time_precision"] = (own.get("time_precision") or "ms") if ours else precision
    if not ours:
        fields["reason"] = _reason(event, fields)
        _fill_gaps(event, fields, flags)
        fields["native_id"] = fields.get("native_id") or content_id("ocsf", {"event": str(sorted(event.items()))})
    if not fields.get("actor_id"):
        raise missing("user.uid", "send the uid or the name of who did it in actor.user or user")
    tenant = _inside(event, where["tenant"]) if ours else ""
    source, feed = (fields.pop("source", ""), fields.pop("feed", "")) if ours else ("", "ocsf")
    fields.pop("tenant", None), fields.pop("source", None), fields.pop("feed", None)
    check_names(tenant or "", source)
    return Draft(values(fields), tenant=tenant or "", tenant_field="metadata.tenant_uid", source=source, feed=feed)


def _ours(event: Fields) -> bool:
    return bool(_inside(event, ("metadata", "product", "name")) == ocsf.PRODUCT)


def _inside(event: Any, path: ocsf.Path) -> Any:
    """The value at a path; None where there is none."""
    for step in path:
        if type(event) is dict:
            event = event.get(step)
        elif type(event) is list and type(step) is int and step < len(event):
            event = event[step]
        else:
            return None
    return event


def _time(event: Fields) -> tuple[int, str]:
    if event.get("time") is None and event.get("time_dt") is not None:
        return moment("time_dt", event["time_dt"])
    if event.get("time") is None:
        raise missing("time", "send it in ms since 1970")
    return epoch("time", event["time"])


def _outcome(event: Fields) -> str:
    number, said = event.get("status_id"), event.get("status")
    if number == 99:
        return "denied" if type(said) is str and "denied" in said.lower() else "unknown"
    return _OUTCOMES.get(number, "unknown") if type(number) is int else "unknown"


def _told(event: Fields, uid: int, number: int) -> Fields | None:
    """What an event of somebody else's means; None for what is no business of ours."""
    name = event.get("activity_name")
    change = name.lower()[:200] if type(name) is str else ""
    if uid == ocsf.AUTHENTICATION:
        return _authentication(event, number)
    if uid == ocsf.ACCOUNT and (action := _ACCOUNT.get(number)) is not None:
        credential = "" if action != actions.CREDENTIAL_CHANGED else "mfa" if number > 9 else "password"
        return {"action": action, "change": change, "credential": credential}
    if uid == ocsf.ACCESS and (action := _ACCESS.get(number)) is not None:
        return {"action": action, "change": change}
    if uid == ocsf.ENTITY and number != 2:
        area = _inside(event, ("entity", "type"))
        return {"action": actions.CONFIG_CHANGED, "change": change, "direction": "neutral"} | {
            "area": area[:200].lower() if type(area) is str and area else "other"
        }
    if uid == ocsf.WEB and (action := _WEB.get(number)) is not None:
        return {"action": action, "channel": "import" if number == 6 else ""}
    if uid == ocsf.API:
        return {"action": actions.API_CALLED, "channel": "api"}
    if uid == ocsf.DATASTORE and (action := _DATASTORE.get(number)) is not None:
        return {"action": action}
    return None


def _authentication(event: Fields, number: int) -> Fields | None:
    if number == 2:
        return {"action": actions.LOGOUT}
    if number == ocsf.SWITCH:
        return {"action": actions.IMPERSONATION_STARTED}
    if number != 1:
        return None
    outcome = _outcome(event)
    if outcome == "unknown":
        raise missing("status_id", "send 1 or 2 with each logon: whether it succeeded")
    failed = outcome != "success"
    return {
        "action": actions.LOGIN_FAILED if failed else actions.LOGIN_SUCCEEDED,
        "outcome": "failure" if failed else outcome,
    }


def _reason(event: Fields, fields: Fields) -> str:
    """A sentence of somebody else's is no reason of ours."""
    if fields["action"] != actions.LOGIN_FAILED:
        return ""
    said = event.get("status_detail")
    return said if type(said) is str and said in actions.REASONS else "other"


def _fill_gaps(event: Fields, fields: Fields, flags: set[str]) -> None:
    """Who did it and what about, where other makers put it."""
    for field, name in (("actor_id", "uid"), ("actor_login", "name"), ("actor_email", "email_addr")):
        if not fields.get(field):
            for path in (("actor", "user", name), ("user", name)):
                if type(value := _inside(event, path)) is str and value:
                    fields[field] = _READERS[field](value, flags)
                    break
    if not fields.get("actor_id"):
        fields["actor_id"] = fields.get("actor_login") or fields.get("actor_email") or ""
    if fields["action"] not in actions.AUTHENTICATION:
        fields["actor_login"] = ""
    if (
        not fields.get("request_id")
        and type(value := _inside(event, ("api", "request", "uid"))) is str
        and value != "''"
    ):
        fields["request_id"] = _READERS["request_id"](value, flags)
    if not fields.get("object_type"):
        for path in (("table", "name"), ("database", "name"), ("databucket", "name")):
            if type(value := _inside(event, path)) is str and value and event["class_uid"] == ocsf.DATASTORE:
                fields["object_type"] = _READERS["object_type"](value, flags)
                break


ADAPTER: Final = Ocsf()
