"""Dataverse: only the schema of its table is public, so the rows are made up in its columns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.activity import Activity
from tests.ingest.made import TOKENS, activity, refused, said, skipped
from tests.ingest.sources.rows import FIXTURES, dataverse

TOPIC = "vedette.raw.dataverse"
HEADERS = (("tenant", b"acme"), ("source", b"dataverse"))


def read(row: dict[str, Any]) -> Activity:
    return activity(row, topic="vedette.raw.import", headers=HEADERS)


def test_the_rows_have_the_columns_of_the_published_table() -> None:
    table = json.loads((FIXTURES / "DataverseActivity.json").read_text())
    assert set(dataverse("Retrieve", Query="", QueryResults="", Fields=[])) <= {
        each["name"] for each in table["Properties"]
    }


def test_a_sign_in_is_read_whole() -> None:
    found = read(dataverse("UserSignIn", EntityName="", EntityId=""))
    assert said(found) == {
        "tenant": "acme",
        "source": "dataverse",
        "feed": "sentinel",
        "occurred_at": 1_795_510_740_128,
        "action": "auth.login.succeeded",
        "native_id": "r-UserSignIn",
        "outcome": "success",
        "actor_id": "ada@acme.example",
        "actor_login": "Ada@Acme.example",
        "actor_email": "Ada@Acme.example",
        "ip": "203.0.113.9",
        "ip_basis": "vendor",
        "user_agent": dataverse("")["UserAgent"],
        "agent_family": "Chrome on Windows",
        "request_id": "c-1",
    }
    assert found.login_token == TOKENS("ada@acme.example")


@pytest.mark.parametrize(
    ("columns", "at", "precision"),
    [
        ({"TimeGenerated": "2026-11-24T08:59:00.128Z"}, 1_795_510_740_128, "ms"),
        ({"TimeGenerated": "2026-11-24T14:29:00.128+05:30"}, 1_795_510_740_128, "ms"),
        ({"TimeGenerated": None, "CreationTime": "2026-11-24T08:59:00"}, 1_795_510_740_000, "s"),
        ({"TimeGenerated": "", "TimeGenerated [UTC]": "11/24/2026, 8:59:00.128 AM"}, 1_795_510_740_128, "ms"),
        ({"TimeGenerated": "11/24/2026, 12:59:00 PM"}, 1_795_525_140_000, "s"),
    ],
)
def test_a_time_is_read_in_each_of_its_spellings(columns: dict[str, Any], at: int, precision: str) -> None:
    found = read(dataverse("Retrieve", **columns))
    assert (found.occurred_at, found.time_precision) == (at, precision)


@pytest.mark.parametrize(
    ("results", "count"), [(None, None), ("", None), ("a1", 1), ("a1,a2,a3", 3), ([], 0), (["a1", "a2"], 2), ("[]", 0)]
)
def test_a_read_counts_what_it_returned_and_never_guesses(results: Any, count: int | None) -> None:
    found = read(dataverse("RetrieveMultiple", QueryResults=results, EntityId=""))
    assert (found.count, found.flags) == (count, ("count_missing",) if count is None else ())


@pytest.mark.parametrize("message", ["ExportToExcel", "ExportPdfDocument", "ExportWordDocument", "ExecutePowerBISql"])
def test_every_way_out_is_an_export(message: str) -> None:
    found = read(dataverse(message, QueryResults="a,b"))
    assert (found.action, found.count, found.destination, found.execution_id) == ("data.exported", 2, message, "c-1")


def test_an_application_user_is_an_integration_and_has_no_address_of_mail() -> None:
    user = "7c3d0d4e-0000-4000-8000-00000000000a"
    found = read(dataverse("Retrieve", UserId=f"{user}@{user}.com", UserUpn=""))
    assert (found.actor_kind, found.actor_email, found.channel) == ("integration", "", "api")


def test_a_role_given_is_a_grant_and_another_association_is_counted() -> None:
    fields = [
        {"Name": "relationship", "Value": "systemuserroles_association"},
        {"Name": "RoleName", "Value": "System Administrator"},
    ]
    found = read(dataverse("Associate", EntityName="systemuser", EntityId="u-9", Fields=fields))
    assert (found.action, found.target_id, found.role, found.privileged) == (
        "access.granted", "u-9", "System Administrator", True,
    )  # fmt: skip
    assert skipped(dataverse("Associate"), topic=TOPIC).kind == "Associate"
    assert skipped(dataverse("WhoAmI"), topic=TOPIC).kind == "WhoAmI"


@pytest.mark.parametrize(
    ("fields", "area", "direction"),
    [
        ({"IsAuditEnabled": "false"}, "audit", "weakened"),
        ({"isauditenabled": True}, "audit", "strengthened"),
        ({"maxuploadfilesize": "9"}, "other", "neutral"),
    ],
)
def test_a_setting_that_guards_is_weakened_when_it_is_switched_off(
    fields: dict[str, Any], area: str, direction: str
) -> None:
    found = read(dataverse("Update", EntityName="organization", Fields=fields))
    assert (found.action, found.area, found.direction) == ("config.changed", area, direction)


def test_emptied_fields_share_the_digest_of_nothing_and_values_are_not_kept() -> None:
    fields = [{"Name": "Email", "Value": ""}, {"Name": "phone", "Value": None}]
    emptied, other = (
        read(dataverse("Update", Fields=fields)),
        read(dataverse("Update", Fields={"email": "a@b.example", "phone": "1"})),
    )
    assert (emptied.fields, emptied.value_digest) == (("email", "phone"), "e4a6a0577479b2b4")
    assert (other.fields, other.value_digest) == (("email", "phone"), "")
    assert "a@b.example" not in repr(other)


def test_a_row_without_user_or_message_is_refused_with_the_remedy() -> None:
    nobody = dataverse("Retrieve", UserId="", UserUpn="", SystemUserId="00000000-0000-0000-0000-000000000000")
    assert refused(nobody, topic=TOPIC) == (
        "field_missing", "the user is missing; send the id of who did it with each record",
    )  # fmt: skip
    assert refused({"TimeGenerated": "2026-11-24T08:59:00Z"}, topic=TOPIC) == (
        "shape_unknown",
        "the record has neither Message nor Operation; send rows of DataverseActivity",
    )
