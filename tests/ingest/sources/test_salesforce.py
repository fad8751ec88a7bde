"""Event log files of Salesforce in both spellings; the records are made up in the shape of the documented columns."""

from __future__ import annotations

from typing import Any

import pytest

from domain.activity import Activity
from ingest.sources.salesforce_ids import long_id
from tests.ingest.made import TOKENS, activity, refused, said, skipped

TOPIC = "vedette.raw.salesforce"
LOGIN: dict[str, Any] = {
    "EVENT_TYPE": "Login",
    "TIMESTAMP": "20261124085900.13",
    "REQUEST_ID": "4lGJ1R0ZSWVXwFl1cJIRH-",
    "ORGANIZATION_ID": "00D5j000000VI3n",
    "USER_ID": "0055j000000utlP",
    "URI": "/index.jsp",
    "SESSION_KEY": "",
    "LOGIN_KEY": "NK2oPJrJze8tH+vC",
    "USER_TYPE": "Standard",
    "REQUEST_STATUS": "Success",
    "BROWSER_TYPE": "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/IP_ADDRESS_REMOVED Safari/537.36",
    "API_TYPE": "f",
    "USER_NAME": "user@example.com",
    "TLS_PROTOCOL": "TLSv1.2",
    "AUTHENTICATION_METHOD_REFERENCE": "",
    "TIMESTAMP_DERIVED": "2026-11-24T08:59:00.128Z",
    "USER_ID_DERIVED": "0055j000000utlPAAQ",
    "CLIENT_IP": "198.51.100.7",
    "LOGIN_STATUS": "LOGIN_NO_ERROR",
    "SOURCE_IP": "198.51.100.7",
}


def read(row: dict[str, Any], **changes: Any) -> Activity:
    return activity({name: value for name, value in {**row, **changes}.items() if value is not ...}, topic=TOPIC)


def of(kind: str, **columns: Any) -> dict[str, Any]:
    return {
        "EVENT_TYPE": kind,
        "TIMESTAMP_DERIVED": "2026-11-24T08:59:00.128Z",
        "REQUEST_ID": "q1",
        "ORGANIZATION_ID": "00D5j000000VI3n",
        "USER_ID": "0055j000000utlP",
        **columns,
    }


def test_a_sign_in_of_an_event_log_file_is_read_whole() -> None:
    found = read(LOGIN)
    assert said(found) == {
        "tenant": "acme",
        "source": "salesforce",
        "feed": "event log file",
        "occurred_at": 1_795_510_740_128,
        "action": "auth.login.succeeded",
        "native_id": found.native_id,
        "outcome": "success",
        "actor_id": "0055j000000utlPAAQ",
        "actor_login": "user@example.com",
        "ip": "198.51.100.7",
        "ip_basis": "vendor",
        "user_agent": LOGIN["BROWSER_TYPE"],
        "agent_family": "Chrome on Windows",
        "tls": "TLSv1.2",
        "channel": "ui",
        "request_id": "4lGJ1R0ZSWVXwFl1cJIRH-",
    }
    assert found.login_token == TOKENS("user@example.com")


def test_both_spellings_of_one_row_are_one_activity() -> None:
    lower = {name.lower(): value for name, value in LOGIN.items()}
    assert read(lower).activity_id == read(LOGIN).activity_id
    assert read(lower).feed == "siem export"


def test_ids_of_fifteen_and_eighteen_characters_are_one_actor() -> None:
    short = read(LOGIN, USER_ID_DERIVED="")
    long = read(LOGIN, USER_ID="0055j000000utlPAAQ", USER_ID_DERIVED=...)
    assert short.activity_id == long.activity_id == read(LOGIN).activity_id


def test_ids_that_differ_by_case_alone_are_two_actors() -> None:
    one, two = read(LOGIN, USER_ID_DERIVED=""), read(LOGIN, USER_ID="0055j000000utlp", USER_ID_DERIVED="")
    assert (one.actor_id, two.actor_id) == ("0055j000000utlPAAQ", "0055j000000utlpAAA")
    assert one.actor_token != two.actor_token


def test_only_whole_short_ids_get_a_suffix() -> None:
    assert [long_id(v) for v in ("", "0055j000000utl", "0055j000000utlPAAQ", "0055j000-00utlP")] == [
        "", "0055j000000utl", "0055j000000utlPAAQ", "0055j000-00utlP",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("20211019050707.13", 1_634_620_027_130),
        ("20211019050707", 1_634_620_027_000),
        ("20211019050707.049", 1_634_620_027_049),
    ],
)
def test_a_timestamp_alone_is_utc_with_a_decimal_fraction(stamp: str, at: int) -> None:
    assert read(LOGIN, TIMESTAMP=stamp, TIMESTAMP_DERIVED="").occurred_at == at


def test_the_derived_time_counts_in_both_of_its_spellings() -> None:
    zulu, offset = "2026-11-24T08:59:00.128Z", "2026-11-24T08:59:00.128+0000"
    assert read(LOGIN, TIMESTAMP_DERIVED=zulu).activity_id == read(LOGIN, TIMESTAMP_DERIVED=offset).activity_id


@pytest.mark.parametrize("nothing", ["", "N/A", "null", None, ...])
def test_every_way_of_saying_unknown_is_unknown(nothing: Any) -> None:
    found = read(LOGIN, TLS_PROTOCOL=nothing, SESSION_KEY=nothing, CLIENT_IP=nothing, SOURCE_IP=nothing)
    assert (found.tls, found.session_id, found.ip, found.flags) == ("", "", "", ("ip_missing",))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("LOGIN_ERROR_INVALID_PASSWORD", "bad_password"),
        ("LOGIN_ERROR_SSO_PWD_INVALID", "bad_password"),
        ("LOGIN_ERROR_INVALID_USERNAME", "unknown_user"),
        ("LOGIN_ERROR_PASSWORD_LOCKOUT", "locked"),
        ("LOGIN_ERROR_USER_INACTIVE", "disabled"),
        ("LOGIN_ERROR_USER_FROZEN", "disabled"),
        ("LOGIN_SAML_INVALID_TIMESTAMP", "expired"),
        ("LOGIN_CHALLENGE_ISSUED", "mfa"),
        ("LOGIN_ERROR_RESTRICTED_TIME", "policy"),
        ("LOGIN_ERROR_SSO_SVC_DOWN", "outage"),
        ("LOGIN_ERROR_SOMETHING_NEW", "other"),
        ("Failed: Missing Consumer Key Parameter", "other"),
    ],
)
def test_a_failed_sign_in_has_one_of_our_reasons(status: str, reason: str) -> None:
    found = read(LOGIN, LOGIN_STATUS=status)
    assert (found.action, found.outcome, found.reason) == ("auth.login.failed", "failure", reason)


def test_a_sign_in_without_login_status_goes_by_its_request_and_else_is_refused() -> None:
    assert read(LOGIN, LOGIN_STATUS="").action == "auth.login.succeeded"
    assert read(LOGIN, LOGIN_STATUS="", REQUEST_STATUS="F").action == "auth.login.failed"
    assert refused({**LOGIN, "LOGIN_STATUS": "", "REQUEST_STATUS": ""}, topic=TOPIC) == (
        "field_missing",
        "LOGIN_STATUS is missing; send the column LOGIN_STATUS (or REQUEST_STATUS) of Login rows",
    )


def test_a_sign_in_names_its_factor_only_when_the_row_does() -> None:
    assert [read(LOGIN, AUTHENTICATION_METHOD_REFERENCE=v).mfa for v in ("", "pwd", "pwd mfa")] == [None, None, True]


def test_a_logout_with_codes_instead_of_words_is_a_logout() -> None:
    row = of(
        "Logout",
        USER_ID="0056j000000utlQAAR",
        USER_TYPE="X",
        SESSION_TYPE="C",
        SESSION_LEVEL="1",
        SESSION_KEY="/b1/C123g6WXplkT",
    )
    found = read(row)
    assert (found.action, found.actor_id, found.actor_kind) == ("auth.logout", "0056j000000utlQAAR", "human")
    assert found.session_id == TOKENS("session\0/b1/C123g6WXplkT")


@pytest.mark.parametrize(
    ("columns", "exported", "channel"),
    [
        ({"ORIGIN": "ReportRunFromLightning", "RENDERING_TYPE": "W"}, False, "ui"),
        ({"ORIGIN": "ReportExported"}, True, "ui"),
        ({"ORIGIN": "ReportExportedUsingExcelConnector"}, True, "ui"),
        ({"RENDERING_TYPE": "X"}, True, "ui"),
        ({"RENDERING_TYPE": "C"}, True, "ui"),
        ({"ORIGIN": "ReportRunFromRestApi"}, False, "api"),
        ({"ORIGIN": "ReportRunFromMobile"}, False, "mobile"),
        ({"ORIGIN": "ReportScheduled"}, False, "automation"),
    ],
)
def test_a_report_says_itself_whether_it_was_exported(columns: dict[str, str], exported: bool, channel: str) -> None:
    found = read(of("Report", REPORT_ID="00O3X00000B4bTE", ROW_COUNT="18400", **columns))
    assert (found.action, found.count, found.exported, found.channel) == ("report.viewed", 18_400, exported, channel)


@pytest.mark.parametrize(
    ("operation", "action", "hard"),
    [
        ("query", "data.exported", None),
        ("queryAll", "data.exported", None),
        ("insert", "record.created", None),
        ("upsert", "record.updated", None),
        ("delete", "record.deleted", None),
        ("hardDelete", "record.deleted", True),
    ],
)
def test_a_bulk_batch_is_what_its_operation_says(operation: str, action: str, hard: bool | None) -> None:
    found = read(
        of(
            "BulkApi",
            OPERATION_TYPE=operation,
            ENTITY_TYPE="Contact",
            ROWS_PROCESSED="10000",
            SUCCESS="1",
            JOB_ID="7503X00000as1sz",
        )
    )
    assert (found.action, found.hard, found.count, found.object_type, found.outcome, found.channel) == (
        action, hard, 10_000, "Contact", "success", "bulk",
    )  # fmt: skip


def test_a_rest_read_keeps_the_path_and_never_the_query() -> None:
    found = read(
        of(
            "RestApi",
            METHOD="GET",
            URI="/services/data/v60.0/query?q=SELECT+Id+FROM+Contact+WHERE+Email='ann@x.org'",
            STATUS_CODE="200",
            ROWS_PROCESSED="2000",
            USER_AGENT="python-requests/2.31",
            CONNECTED_APP_ID="0H43X0000004CmQ",
            CLIENT_NAME="Sync",
        )
    )
    assert (found.action, found.outcome, found.count, found.agent_family) == (
        "record.read",
        "success",
        2_000,
        "python-requests",
    )
    assert (found.app_id, found.app_name, found.app_token) == (
        "0H43X0000004CmQSAU",
        "Sync",
        TOKENS("0H43X0000004CmQSAU"),
    )
    assert "x.org" not in repr(found)


def test_a_rest_call_on_one_record_names_it() -> None:
    uri = "/services/data/v60.0/sobjects/Contact/0033X00002abcDE"
    found = read(of("RestApi", METHOD="GET", URI=uri, STATUS_CODE="403"))
    assert (found.action, found.outcome, found.object_type, found.object_id) == (
        "record.read", "denied", "Contact", long_id("0033X00002abcDE"),
    )  # fmt: skip
    assert read(of("RestApi", METHOD="PATCH", URI=uri, STATUS_CODE="500")).action == "api.called"
    assert read(of("RestApi", METHOD="PATCH", URI=uri, STATUS_CODE="500")).outcome == "failure"


@pytest.mark.parametrize(
    ("said", "action"),
    [("UserPerm: ExportReport enabled", "access.granted"), ("UserPerm: ConvertLeads disabled", "access.revoked")],
)
def test_a_permission_given_or_taken_names_what_it_was_given_to(said: str, action: str) -> None:
    found = read(
        of("PermissionUpdate", DESCRIPTION=said, FEATURE_ID="0PS5j000000abcd", PERMISSION_TYPE="UserPermission")
    )
    assert (found.action, found.role, found.target_id, found.change) == (
        action, said.rpartition(" ")[0], long_id("0PS5j000000abcd"), "UserPermission",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "action", "channel"),
    [
        ("VersionDownloadAction", "file.downloaded", "ui"),
        ("VersionDownloadApi", "file.downloaded", "api"),
        ("VersionRenditionDownload", "record.read", "ui"),
        ("saveVersion", "record.created", "ui"),
    ],
)
def test_only_a_download_of_a_file_is_a_download(kind: str, action: str, channel: str) -> None:
    found = read(of("ContentTransfer", TRANSACTION_TYPE=kind, DOCUMENT_ID="0693X00000HKWgj", SIZE_BYTES="78365"))
    assert (found.action, found.channel, found.object_id, found.bytes) == (
        action,
        channel,
        "0693X00000HKWgjQAH",
        78_365,
    )


def test_other_shapes_and_columns_are_refused_with_the_remedy() -> None:
    assert refused({"EventDate": "2021-10-19T11:38:54Z"}, topic=TOPIC) == (
        "shape_unknown",
        "the record has neither EVENT_TYPE nor event_type nor EventIdentifier; send rows of Salesforce event log "
        "files, real-time events or the setup audit trail, or the generic event to vedette.raw",
    )
    assert refused({**LOGIN, "event_type": "Login"}, topic=TOPIC) == (
        "repeated_key",
        "two columns differ only in upper and lower case; send each column once",
    )
    assert refused({**LOGIN, "USER_ID": "", "USER_ID_DERIVED": ""}, topic=TOPIC) == (
        "field_missing",
        "USER_ID is missing; send USER_ID or USER_ID_DERIVED for each row",
    )
    assert refused(of("Search", NUM_RESULTS="many"), topic=TOPIC) == (
        "wrong_type",
        "NUM_RESULTS is 'many'; send a whole number from 0",
    )
    assert refused({**LOGIN, "TIMESTAMP_DERIVED": "", "TIMESTAMP": "yesterday"}, topic=TOPIC) == (
        "time_unreadable",
        "TIMESTAMP 'yesterday' is no Salesforce time; send one such as 20261124090000.000",
    )


def test_a_type_we_do_not_read_is_counted_and_a_strange_one_has_no_name() -> None:
    assert skipped(of("LightningPageView"), topic=TOPIC).kind == "LightningPageView"
    assert skipped(of("<script>"), topic=TOPIC).kind == "unnamed"
