"""Rows of a real organisation, as a SIEM exported them: every oddity of the sample, read right.

The file is Microsoft's (MIT, see the licence beside it); names of people in it are masked.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from domain.activity import Activity
from ingest.kept import storable
from ingest.record import Skip
from tests.ingest.made import TOKENS, activity, normaliser, record, said, skipped

SAMPLE = Path(__file__).parent.parent / "fixtures" / "SalesforceServiceCloud_CL.json"
ROWS: dict[str, dict[str, Any]] = {row["event_type"]: row for row in json.loads(SAMPLE.read_text())}
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/86.0.4240.75 Safari/537.36"
)
TOPIC = "vedette.raw.salesforce"


def read(kind: str, **changes: Any) -> Activity:
    row = {name: value for name, value in {**ROWS[kind], **changes}.items() if value is not None}
    return activity(row, topic=TOPIC)


def told(kind: str) -> dict[str, Any]:
    """What is particular to a row."""
    common = {"tenant": "acme", "source": "salesforce", "feed": "siem export"}
    whole = said(read(kind))
    assert {name: whole.pop(name) for name in common} == common
    return whole


def test_every_row_is_an_activity_or_counted_by_its_kind() -> None:
    outcomes = [normaliser().normalise(record(row, topic=TOPIC)) for row in ROWS.values()]
    kinds = Counter(outcome.kind for outcome in outcomes if isinstance(outcome, Skip))
    actions = Counter(outcome[0].action for outcome in outcomes if isinstance(outcome, list))
    assert (len(ROWS), kinds.total(), set(kinds.values())) == (38, 27, {1})
    assert actions == {
        "auth.login.succeeded": 1,
        "auth.impersonation.started": 1,
        "auth.logout": 1,
        "report.viewed": 2,
        "data.exported": 1,
        "api.called": 2,
        "record.read": 1,
        "record.searched": 1,
        "record.created": 1,
    }


def test_a_header_row_inside_the_data_is_skipped() -> None:
    found = skipped(ROWS["EVENT_TYPE"], topic=TOPIC)
    assert (found.kind, found.source, found.feed) == ("header", "salesforce", "siem export")


def test_the_address_of_salesforce_itself_is_no_address() -> None:
    found = read("Login")
    assert (found.ip, found.ip_basis, found.ip_token, found.country, found.flags) == (
        "", "none", "", "", ("ip_missing",),
    )  # fmt: skip


def test_a_sign_in_without_user_name_has_the_user_id_as_its_subject_in_both_outcomes() -> None:
    success, failure = read("Login"), read("Login", login_status="LOGIN_ERROR_INVALID_PASSWORD")
    assert (success.action, failure.action, failure.reason) == (
        "auth.login.succeeded", "auth.login.failed", "bad_password",
    )  # fmt: skip
    for found in (success, failure):
        assert (found.login_token, found.actor_token) == ("", TOKENS("0050O000003RJycQAG"))
    named = [
        read("Login", user_name="Ann@x.org", login_status=s) for s in ("LOGIN_NO_ERROR", "LOGIN_ERROR_USER_INACTIVE")
    ]
    assert [found.login_token for found in named] == [TOKENS("ann@x.org")] * 2


def test_the_long_id_is_computed_where_it_is_absent() -> None:
    assert "user_id_derived" not in ROWS["Search"]
    assert read("Search").actor_id == "0053X000009rBnhQAE"
    for kind, row in ROWS.items():
        if "user_id_derived" in row and kind != "EVENT_TYPE":
            from ingest.sources.salesforce_ids import long_id

            assert long_id(row["user_id"]) == row["user_id_derived"]


def test_rows_of_one_request_are_activities_of_their_own() -> None:
    twice = [read("ContentTransfer"), read("ContentTransfer", version_id="0683X00000HpIG8")]
    assert len({found.activity_id for found in twice}) == 2
    assert {found.request_id for found in twice} == {"TID:885614668000002629"}


def test_a_dashboard_view_is_counted_once_by_its_report_run() -> None:
    assert skipped(ROWS["Dashboard"], topic=TOPIC).kind == "Dashboard"
    assert told("AsyncReportRun") == {
        "occurred_at": 1_602_842_552_963,
        "action": "report.viewed",
        "native_id": read("AsyncReportRun").native_id,
        "actor_id": "0050O000008bwk5QAA",
        "channel": "ui",
        "object_type": "report",
        "object_id": "00O3X00000C8gq9UAB",
        "count": 91,
        "exported": False,
    }


def test_a_row_without_request_takes_its_id_from_its_content() -> None:
    found = read("AsyncReportRun")
    assert found.native_id.startswith("AsyncReportRun/content-")
    assert read("AsyncReportRun", user_email="other", report_id_derived="").native_id == found.native_id
    assert read("AsyncReportRun", row_count="92").native_id != found.native_id


def test_login_as_is_done_by_the_administrator_to_the_account() -> None:
    found = read("LoginAs")
    assert (found.action, found.actor_id, found.target_id) == (
        "auth.impersonation.started", "0050O000003RBWVQA4", "0053X00000Bole6QAB",
    )  # fmt: skip
    assert (found.actor_login, found.actor_token) == ("", TOKENS("0050O000003RBWVQA4"))


def test_a_queued_bulk_batch_is_of_unknown_size() -> None:
    whole = told("BulkApi")
    assert {name: whole.get(name) for name in ("action", "count", "channel", "job_id", "execution_id", "outcome")} == {
        "action": "api.called",
        "count": None,
        "channel": "bulk",
        "job_id": "7503X00000as1szQAA",
        "execution_id": "7513X00000jx500QAA",
        "outcome": None,
    }


def test_a_report_tells_its_rows_and_its_export_does_not() -> None:
    report, export = read("Report"), read("ReportExport")
    assert (report.action, report.object_id, report.count, report.exported) == (
        "report.viewed", "00O3X00000B4bTEUAZ", 544, False,
    )  # fmt: skip
    assert (export.action, export.object_id, export.count, export.flags) == (
        "data.exported", "00O3X00000C8f8VUAR", None, ("count_missing",),
    )  # fmt: skip


def test_a_user_agent_is_found_under_each_of_its_names_and_a_number_is_none() -> None:
    found = {kind: read(kind).user_agent for kind in ("Login", "Logout", "ReportExport", "RestApi")}
    assert found == {"Login": "Go-http-client/1.1", "Logout": CHROME, "ReportExport": CHROME, "RestApi": ""}


def test_quotes_and_comments_inside_values_are_no_part_of_them() -> None:
    assert read("Logout").actor_kind == "human"
    assert read("Logout", browser_type=f'"{CHROME}"').user_agent == CHROME


def test_a_scrubbed_mail_address_is_none() -> None:
    assert {read(kind).actor_email for kind in ("Login", "Report", "API")} == {""}


def test_what_people_looked_for_and_whom_they_filtered_is_never_kept() -> None:
    for kind, secret in (("ReportExport", "Owner+01"), ("Search", "chri"), ("ApexUnexpectedException", "stack_trace")):
        raw = record(ROWS[kind], topic=TOPIC)
        assert secret.encode() in raw.value
        kept = storable(raw)
        assert secret.encode() not in kept
        assert set(msgspec.json.decode(kept)) == set(ROWS[kind]) - {"report_description", "search_query", "stack_trace"}
    for kind in ("ReportExport", "Search"):
        assert "Owner" not in repr(read(kind))
        assert "chri" not in repr(read(kind))


def test_what_is_kept_of_a_record_reads_as_the_record_did() -> None:
    for kind in ("ReportExport", "Search", "Login"):
        raw = record(ROWS[kind], topic=TOPIC)
        again = record(storable(raw), topic=TOPIC)
        assert normaliser().normalise(again) == normaliser().normalise(raw)


def test_an_unknown_organisation_is_refused_with_the_setting_that_mends_it() -> None:
    from ingest.dead_letters import DeadLetter

    outcome = normaliser(organizations={}).normalise(record(ROWS["Login"], topic=TOPIC))
    assert isinstance(outcome, DeadLetter)
    assert (outcome.code, outcome.reason) == (
        "tenant_unknown",
        "organisation '00B30000000nLF7EAM' belongs to no tenant; add it to ingest.organizations, or set "
        "ingest.default_tenant",
    )
