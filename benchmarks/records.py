"""Records of every source for the benchmark: people who come again, each from an address and an agent of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec

from domain import clock
from domain.sources import GENERIC, SOURCES

#: Of one vendor's records.
PEOPLE: Final = 1_000
_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0 Safari/537.36"
)

Row = dict[str, Any]


class _Person:
    """Who does it: ids as vendors write them."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.number, self.login = number, f"person{number}@acme.example"
        self.salesforce = f"005{number:012}"
        self.guid = f"7c3d0d4e-0000-4000-8000-{number:012}"
        self.ip = f"81.{number % 200}.{number // 200}.{rng.randrange(1, 250)}"
        self.agent = _AGENT.format(120 + number % 20)
        self.session = f"{rng.getrandbits(64):016x}"


def records(source: str, events: int, *, seed: int, end: int) -> list[bytes]:
    """So many records of the source, one each 10 ms of event time, the last at `end` (ms)."""
    rng = random.Random(f"{source} {seed}")  # noqa: S311 (traffic, not a secret)
    people = [_Person(number, rng) for number in range(PEOPLE)]
    make, encode = _MAKERS[source], msgspec.json.Encoder().encode
    start = end - 10 * events
    return [encode(make(rng.choice(people), n, start + 10 * n, rng)) for n in range(events)]


def _salesforce(person: _Person, n: int, at: int, rng: random.Random) -> Row:
    kind = ("Login", "RestApi", "Report", "URI")[min(3, int(rng.random() * 4))]
    row: Row = {
        "EVENT_TYPE": kind, "TIMESTAMP": clock.moment(at).strftime("%Y%m%d%H%M%S.000"), "REQUEST_ID": f"r{n:020}",
        "ORGANIZATION_ID": "00D000000000001", "USER_ID": person.salesforce, "RUN_TIME": "73", "CPU_TIME": "41",
        "URI": "/services/data", "SESSION_KEY": person.session, "LOGIN_KEY": person.session[::-1],
        "USER_TYPE": "Standard", "REQUEST_STATUS": "S", "DB_TOTAL_TIME": "1842911",
        "TIMESTAMP_DERIVED": clock.rfc3339(at),
        "USER_ID_DERIVED": person.salesforce + "AAA", "CLIENT_IP": person.ip,
    }  # fmt: skip
    if kind == "Login":
        failed = n % 9 == 0
        row |= {
            "USER_NAME": person.login, "BROWSER_TYPE": person.agent, "TLS_PROTOCOL": "TLSv1.3", "API_TYPE": "",
            "LOGIN_STATUS": "LOGIN_ERROR_INVALID_PASSWORD" if failed else "LOGIN_NO_ERROR", "SOURCE_IP": person.ip,
        }  # fmt: skip
    elif kind == "RestApi":
        row |= {
            "METHOD": "GET", "MEDIA_TYPE": "application/json", "STATUS_CODE": "200", "USER_AGENT": person.agent,
            "ROWS_PROCESSED": str(n % 200), "ENTITY_NAME": "Contact",
        }  # fmt: skip
    elif kind == "Report":
        row |= {
            "REPORT_ID": f"00O{n % 500:012}",
            "ROW_COUNT": str(n % 2_000),
            "DISPLAY_TYPE": "D",
            "RENDERING_TYPE": "W",
        }
    return row


def _dataverse(person: _Person, n: int, at: int, rng: random.Random) -> Row:
    message = rng.choice(("UserSignIn", "Retrieve", "RetrieveMultiple", "Update", "ExportToExcel"))
    many = message in ("RetrieveMultiple", "ExportToExcel")
    return {
        "TimeGenerated": clock.rfc3339(at), "SourceRecordId": f"r-{n}", "UserId": person.login, "UserUpn": person.login,
        "UserType": "Regular", "SystemUserId": person.guid, "ClientIp": f"{person.ip}:52100", "UserAgent": person.agent,
        "CrmOrganizationUniqueName": "acme", "CorrelationId": f"c-{n}", "Message": message, "Operation": message,
        "ResultStatus": "Success", "EntityName": "contact", "EntityId": f"e-{n}",
        "QueryResults": ",".join(f"id-{n}-{k}" for k in range(20)) if many else "",
        "Fields": [{"Name": "email", "Value": f"x{n}"}, {"Name": "phone", "Value": "1"}] if message == "Update" else "",
    }  # fmt: skip


def _hubspot(person: _Person, n: int, at: int, rng: random.Random) -> Row:
    if rng.random() < 0.5:
        return {
            "id": f"{n}", "loginAt": clock.rfc3339(at), "userId": person.number, "email": person.login,
            "loginSucceeded": n % 9 > 0, "ipAddress": person.ip, "location": "london, united kingdom",
            "userAgent": person.agent, "countryCode": "gb", "regionCode": "lnd",
        }  # fmt: skip
    return {
        "id": f"a{n}", "category": "CRM_OBJECT", "subCategory": "CONTACT", "action": "UPDATE",
        "targetObjectId": str(n), "occurredAt": clock.rfc3339(at),
        "actingUser": {"userId": person.number, "userEmail": person.login},
    }  # fmt: skip


def _espocrm(person: _Person, n: int, at: int, rng: random.Random) -> Row:
    stamp = clock.moment(at).strftime("%Y-%m-%d %H:%M:%S")
    if rng.random() < 0.2:
        return {
            "id": f"a{n}", "username": person.login, "userId": person.guid, "authTokenId": person.session,
            "ipAddress": person.ip, "createdAt": stamp, "isDenied": n % 9 == 0, "denialReason": "CREDENTIALS",
            "requestTime": at / 1000, "requestUrl": "https://crm.acme.example/api/v1/App/user", "requestMethod": "GET",
            "authenticationMethod": "Espo",
        }  # fmt: skip
    return {
        "id": f"h{n}", "number": n, "targetType": "Contact", "targetId": f"c{n}", "action": "read", "createdAt": stamp,
        "userId": person.guid, "userName": person.login, "userType": "regular", "ipAddress": person.ip,
        "authTokenId": person.session, "authLogRecordId": f"a{person.number}",
    }  # fmt: skip


def _twenty(person: _Person, n: int, at: int, rng: random.Random) -> Row:
    del rng
    return {
        "event": "Object Record Updated", "timestamp": clock.rfc3339(at).replace("T", " ").rstrip("Z"),
        "userId": person.guid, "workspaceId": "w1", "recordId": f"r{n}", "objectMetadataId": "m1", "isCustom": False,
        "properties": {"diff": {"name": {"before": "a", "after": f"b{n}"}, "phone": {"before": "1", "after": "2"}}},
    }  # fmt: skip


def _ocsf(person: _Person, n: int, at: int, rng: random.Random) -> Row:
    uid = rng.choice((3002, 6001, 6003))
    return {
        "activity_id": 1 if uid == 3002 else 2, "activity_name": "Logon", "category_uid": uid // 1000, "class_uid": uid,
        "severity_id": 1, "status_id": 1 if n % 9 else 2, "time": at, "type_uid": uid * 100 + 1,
        "metadata": {"uid": f"e{n}", "version": "1.4.0", "product": {"name": "Cloud", "vendor_name": "Vendor"}},
        "actor": {"user": {"uid": person.guid, "name": person.login}, "session": {"uid": person.session}},
        "user": {"uid": person.guid, "name": person.login}, "api": {"operation": "Get", "request": {"uid": f"q{n}"}},
        "src_endpoint": {"ip": person.ip}, "http_request": {"user_agent": person.agent},
        "web_resources": [{"uid": f"c{n}", "type": "contact"}],
    }  # fmt: skip


_MAKERS: Final[dict[str, Callable[[_Person, int, int, random.Random], Row]]] = {
    "salesforce": _salesforce, "dataverse": _dataverse, "hubspot": _hubspot, "espocrm": _espocrm, "twenty": _twenty,
    "ocsf": _ocsf,
}  # fmt: skip
#: Those that have a row of their own: the generic event is what all other stages are measured on.
MEASURED: Final = tuple(source for source in SOURCES if source != GENERIC)
