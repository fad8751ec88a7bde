"""An activity as an OCSF 1.8.0 event, and the one table of where each field of an activity stands in it.

`event` writes by the table and the source `ocsf` reads by it, so that what is exported can be read again as the same
activity. What OCSF has no place for stands in `unmapped.vedette` under our own names. Not exported are tokens and where
the record stood in Kafka; a session leaves as the keyed hash that it is.
"""

from __future__ import annotations

from typing import Any, Final

from domain import actions
from domain.activity import FIELDS, Activity

VERSION: Final = "1.8.0"
PRODUCT: Final = "Vedette"
ACCOUNT, AUTHENTICATION, ENTITY, ACCESS, WEB, API, DATASTORE = 3001, 3002, 3004, 3005, 6001, 6003, 6005
SWITCH: Final = 7  # an account switch: the one authentication whose `user` is not who did it

#: Action -> (class, activity within it). 99 is "other": the name of the action then stands beside it.
CLASSES: Final[dict[str, tuple[int, int]]] = {
    actions.LOGIN_SUCCEEDED: (AUTHENTICATION, 1),
    actions.LOGIN_FAILED: (AUTHENTICATION, 1),
    actions.LOGOUT: (AUTHENTICATION, 2),
    actions.MFA_DENIED: (AUTHENTICATION, 99),
    actions.IMPERSONATION_STARTED: (AUTHENTICATION, SWITCH),
    actions.CREDENTIAL_CHANGED: (ACCOUNT, 99),
    actions.USER_CREATED: (ACCOUNT, 1),
    actions.USER_CHANGED: (ACCOUNT, 99),
    actions.ACCESS_GRANTED: (ACCESS, 1),
    actions.ACCESS_REVOKED: (ACCESS, 2),
    actions.RECORD_CREATED: (WEB, 1),
    actions.RECORD_READ: (WEB, 2),
    actions.REPORT_VIEWED: (WEB, 2),
    actions.RECORD_UPDATED: (WEB, 3),
    actions.RECORD_DELETED: (WEB, 4),
    actions.RECORD_SEARCHED: (WEB, 5),
    actions.DATA_EXPORTED: (WEB, 7),
    actions.FILE_DOWNLOADED: (WEB, 7),
    actions.RECORD_SHARED: (WEB, 8),
    actions.MESSAGE_SENT: (WEB, 99),
    actions.API_CALLED: (API, 99),
    actions.APP_AUTHORISED: (ENTITY, 1),
    actions.APP_CHANGED: (ENTITY, 3),
    actions.CONFIG_CHANGED: (ENTITY, 3),
    **dict.fromkeys(
        (
            actions.CONSENT_CHANGED, actions.PRIVACY_REQUESTED, actions.CONTROL_REPORTED, actions.VENDOR_ALERTED,
            actions.CONTEXT_STATED,
        ),
        (ENTITY, 99),
    ),
}  # fmt: skip

Path = tuple[str | int, ...]
_EVERYWHERE: Final[dict[str, Path]] = {
    "occurred_at": ("time",),
    "native_id": ("metadata", "uid"),
    "tenant": ("metadata", "tenant_uid"),
    "source": ("metadata", "log_provider"),
    "feed": ("metadata", "log_name"),
    "request_id": ("metadata", "correlation_uid"),
    "reason": ("status_detail",),
    "ip": ("src_endpoint", "ip"),
    "asn": ("src_endpoint", "autonomous_system", "number"),
    "country": ("src_endpoint", "location", "country"),
    "region": ("src_endpoint", "location", "region"),
    "city": ("src_endpoint", "location", "city"),
    "lat": ("src_endpoint", "location", "lat"),
    "lon": ("src_endpoint", "location", "long"),
    "user_agent": ("http_request", "user_agent"),
    "app_id": ("actor", "app_uid"),
    "app_name": ("actor", "app_name"),
    "session_id": ("actor", "session", "uid"),
}
_USER: Final = {"actor_id": "uid", "actor_login": "name", "actor_email": "email_addr", "actor_name": "full_name"}
_ACTOR: Final[dict[str, Path]] = {field: ("actor", "user", name) for field, name in _USER.items()}
_OWN: Final[dict[int, dict[str, Path]]] = {
    AUTHENTICATION: {"auth_method": ("auth_protocol",), "mfa": ("is_mfa",), "session_id": ("session", "uid")},
    ACCOUNT: {"target_id": ("user", "uid")},
    ACCESS: {"target_id": ("user", "uid"), "role": ("privileges", 0)},
    WEB: {
        "object_type": ("web_resources", 0, "type"),
        "object_id": ("web_resources", 0, "uid"),
        "title": ("web_resources", 0, "name"),
    },
    API: {
        "object_type": ("resources", 0, "type"),
        "object_id": ("resources", 0, "uid"),
        "method": ("api", "operation"),
    },
}
#: Of apps that are authorised or changed the app is the entity, not who acts.
_APP: Final[dict[str, Path]] = {"app_id": ("entity", "uid"), "app_name": ("entity", "name")}
_PLACE: Final = ("asn", "country", "region", "city", "lat", "lon")
_LOCATION: Final = _PLACE[1:]
STATUS: Final = {"unknown": 0, "success": 1, "failure": 2, "denied": 99}
#: What is made anew when the event is read, or is worth nothing outside.
_NOT_EXPORTED: Final = frozenset(
    {"activity_id", "action", "outcome", "flags", "agent_family", "record_digest", "epoch", "lane", "offset", "index",
     "received_at", "batch", "history"}
)  # fmt: skip
_EXPORTED: Final = tuple(name for name in FIELDS if name not in _NOT_EXPORTED and not name.endswith("_token"))
_DEFAULTS: Final = dict(zip(FIELDS[-len(Activity.__struct_defaults__) :], Activity.__struct_defaults__, strict=True))


def paths(class_uid: int, activity_id: int, action: str = "") -> dict[str, Path]:
    """Where each field of an activity stands in an event of the class."""
    found = {**_EVERYWHERE, **_ACTOR, **_OWN.get(class_uid, {})}
    if class_uid == AUTHENTICATION:
        if activity_id == SWITCH:
            found["target_id"] = ("user", "uid")
        else:
            found |= {field: ("user", name) for field, name in _USER.items()}
    if action in (actions.APP_AUTHORISED, actions.APP_CHANGED):
        found |= _APP
    return found


def event(activity: Activity) -> dict[str, Any]:
    """The activity as an OCSF event of the class that its action belongs to, fit for JSON."""
    class_uid, number = CLASSES[activity.action]
    made: dict[str, Any] = _frame(activity, class_uid, number)
    left: dict[str, Any] = {"action": activity.action}
    where = paths(class_uid, number, activity.action)
    for field in _misplaced(activity):
        where.pop(field, None)
    for field in _EXPORTED:
        value = getattr(activity, field)
        if field in where:
            if value not in ("", None):
                _put(made, where[field], value)
        elif value != _DEFAULTS.get(field, ""):
            left[field] = list(value) if type(value) is tuple else value
    made["metadata"].setdefault("uid", activity.activity_id)
    made["unmapped"] = {"vedette": left}
    return made


def _frame(activity: Activity, class_uid: int, number: int) -> dict[str, Any]:
    """What the class demands, filled with what says nothing where the activity says nothing."""
    made: dict[str, Any] = {
        "activity_id": number,
        "activity_name": activity.action if number == 99 else "",
        "category_uid": class_uid // 1_000,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + number,
        "severity_id": 1,
        "status_id": STATUS[activity.outcome],
        "metadata": {"version": VERSION, "product": {"name": PRODUCT, "vendor_name": PRODUCT}},
        "actor": {"user": {"uid": activity.actor_id}},
    }
    if number != 99:
        del made["activity_name"]
    if activity.outcome == "denied":
        made["status"] = "Denied"
    if class_uid == AUTHENTICATION:
        made |= {"service": {"name": activity.source or PRODUCT}, "user": {"uid": ""}}
    elif class_uid == ACCOUNT:
        made["user"] = {"uid": ""}
    elif class_uid == ACCESS:
        made |= {"user": {"uid": ""}, "privileges": [""]}
    elif class_uid == ENTITY:
        made["entity"] = {"name": "", "type": activity.action}
    elif class_uid == WEB:
        made["web_resources"] = [{"uid": ""}]
        made["metadata"]["profiles"] = ["host"]  # the profile that gives the class an actor
    else:
        made |= {"api": {"operation": ""}, "src_endpoint": {"name": ""}, "resources": [{"uid": ""}]}
    return made


def _misplaced(activity: Activity) -> tuple[str, ...]:
    """Fields whose place in OCSF the rest of this activity does not allow: an endpoint needs an address, a location a
    country, an address of mail the form of one."""
    found = _PLACE if not activity.ip else () if activity.country else _LOCATION
    user, at, domain = activity.actor_email.partition("@")
    plain = user.isascii() and user.isalnum() and at and domain.isascii() and domain.count(".") == 1
    return (
        found
        if plain and domain.replace(".", "").isalnum() and domain[0] != "." != domain[-1]
        else (*found, "actor_email")
    )


def _put(made: dict[str, Any], path: Path, value: Any) -> None:
    inner: Any = made
    for step in path[:-1]:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    inner[path[-1]] = value
