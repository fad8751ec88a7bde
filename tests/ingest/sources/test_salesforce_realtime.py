"""Real-time events of Salesforce; the records are made up in the shape of the documented columns."""

from __future__ import annotations

from typing import Any

import pytest

from domain.activity import Activity
from ingest.kept import storable
from tests.ingest.made import TOKENS, activity, record, refused, said, skipped

TOPIC = "vedette.raw.salesforce"


def event(kind: str, **columns: Any) -> dict[str, Any]:
    return {
        "attributes": {"type": kind, "url": f"/services/data/v60.0/sobjects/{kind}/1"},
        "EventIdentifier": f"id-{kind}",
        "EventDate": "2026-11-24T08:59:00.128+0000",
        "CreatedDate": "2026-11-24T08:59:03.000+0000",
        "UserId": "0055j000000utlP",
        "Username": "ada@acme.example",
        "SourceIp": "203.0.113.9",
        "SessionKey": None,
        **columns,
    }


def login(**columns: Any) -> dict[str, Any]:
    return event("LoginEvent", **{"Status": "Success", "LoginType": "Application", "CountryIso": "DE", **columns})


def trail(action: str, **columns: Any) -> dict[str, Any]:
    row = {"Action": action, "Section": "Users", "Display": "For user x, something else", "Id": "0Ym5j000019nwon"}
    return {**row, "CreatedById": "0055j000000utlP", "CreatedDate": "2026-11-24T08:59:00.000+0000", **columns}


def read(row: dict[str, Any]) -> Activity:
    return activity(row, topic="vedette.raw.import", headers=(("tenant", b"acme"), ("source", b"salesforce")))


def test_a_login_event_is_read_whole() -> None:
    assert said(read(login(TlsProtocol="TLS 1.3", Browser="Chrome", Platform="N/A", City=None))) == {
        "tenant": "acme",
        "source": "salesforce",
        "feed": "real-time events",
        "occurred_at": 1_795_510_740_128,
        "action": "auth.login.succeeded",
        "native_id": "Login/id-LoginEvent",
        "outcome": "success",
        "actor_id": "0055j000000utlPAAQ",
        "actor_login": "ada@acme.example",
        "ip": "203.0.113.9",
        "ip_basis": "vendor",
        "country": "DE",
        "user_agent": "Chrome",
        "agent_family": read(login(Browser="Chrome")).agent_family,
        "tls": "TLS 1.3",
        "auth_method": "Application",
        "channel": "ui",
    }


def test_stream_object_and_bus_tell_one_event() -> None:
    row = login()
    bare = {name: value for name, value in row.items() if name != "attributes"}
    whole = [
        row,
        bare,
        {"channel": "/event/LoginEventStream", "data": {"schema": "s", "payload": bare, "event": {"replayId": 1}}},
        {"schema": "s", "payload": {**bare, "EventDate": 1_795_510_740_128}},
    ]
    assert len({read(each).activity_id for each in whole}) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Failed: Missing Consumer Key Parameter", "other"),
        ("Invalid Password", "bad_password"),
        ("Password Lockout: user locked", "bad_password"),
        ("User is frozen", "disabled"),
        ("Restricted IP", "policy"),
    ],
)
def test_a_failed_login_is_told_by_a_sentence_and_names_the_login_by_the_same_column(status: str, reason: str) -> None:
    found = read(login(Status=status, UserId=None))
    assert (found.action, found.reason, found.actor_id) == ("auth.login.failed", reason, "ada@acme.example")
    assert found.login_token == read(login()).login_token == TOKENS("ada@acme.example")


@pytest.mark.parametrize(
    ("operation", "action", "exported"),
    [("ReportRunFromLightning", "report.viewed", False), ("ReportExported", "data.exported", None)],
)
def test_a_run_in_several_events_keeps_its_execution_and_sequence(
    operation: str, action: str, exported: bool | None
) -> None:
    row = event("ReportEventStream", ReportId="00O3X00000B4bTE", Operation=operation, RowsProcessed=500)
    found = [read({**row, "EventIdentifier": f"r{n}", "ExecutionIdentifier": "x1", "Sequence": n}) for n in (1, 2)]
    assert [(each.action, each.exported, each.count, each.execution_id, each.sequence) for each in found] == [
        (action, exported, 500, "x1", 1),
        (action, exported, 500, "x1", 2),
    ]
    assert read({**row, "RowsProcessed": None}).count is None


def test_reads_by_api_and_list_view_and_the_result_of_a_bulk_query() -> None:
    api = read(
        event("ApiEventStream", ApiType="REST", Operation="Query", QueriedEntities="Contact", RowsProcessed=2_000.0)
    )
    view = read(event("ListViewEvent", ListViewId="00B5j000000abcd", QueriedEntities="Lead", RowsProcessed="50"))
    bulk = read(event("BulkApiResultEventStore", Query="SELECT Id FROM Contact"))
    assert [(each.action, each.channel, each.count) for each in (api, view, bulk)] == [
        ("record.read", "api", 2_000), ("record.read", "ui", 50), ("data.exported", "bulk", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("score", "kept"), [(0.84, 0.84), ("84", 0.84), (None, None)])
def test_an_anomaly_of_the_vendor_has_a_score_from_zero_to_one(score: Any, kept: float | None) -> None:
    found = read(event("SessionHijackingEventStore", Score=score, CurrentIp="198.51.100.4", SourceIp=None))
    assert (found.action, found.kind, found.score, found.ip) == (
        "vendor.alerted", "SessionHijacking", kept, "198.51.100.4",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("action", "read_as", "area"),
    [
        ("insertConnectedApplication", "app.authorised", ""),
        ("PermSetAssign", "access.granted", ""),
        ("PermSetUnassign", "access.revoked", ""),
        ("createduser", "user.created", ""),
        ("changedpassword", "auth.credential.changed", ""),
        ("suOrgAdminLogin", "auth.impersonation.started", ""),
        ("passwordPolicyChange", "config.changed", "password"),
        ("somethingNew", "config.changed", "other"),
    ],
)
def test_the_setup_audit_trail_goes_by_action(action: str, read_as: str, area: str) -> None:
    found = read(trail(action, DelegateUser="bo@acme.example"))
    assert (found.action, found.area, found.change, found.impersonator) == (read_as, area, action, "bo@acme.example")
    assert found.native_id == "SetupAuditTrail/0Ym5j000019nwonCAA"


def test_what_is_no_business_of_ours_is_counted_and_what_is_wrong_is_refused() -> None:
    assert skipped(event("UriEvent"), topic=TOPIC).kind == "Uri"
    assert (
        skipped({"attributes": {"type": "EventLogFile"}, "LogFile": "/x", "Id": "0"}, topic=TOPIC).kind
        == "EventLogFile"
    )
    assert refused(event("ReportAnomalyEventStore", Score="high"), topic=TOPIC)[0] == "wrong_type"
    assert refused(login(Status=None), topic=TOPIC)[0] == "field_missing"


def test_what_somebody_queried_is_never_stored_however_it_is_wrapped() -> None:
    row = event("ApiEvent", Query="SELECT Id FROM Contact WHERE Name = 'chri'", RowsProcessed=1)
    for each in (row, {"payload": row}, {"channel": "/event/ApiEventStream", "data": {"payload": row}}):
        assert b"chri" not in storable(record(each, topic=TOPIC))
        assert b"chri" not in storable(record(each), "salesforce")
