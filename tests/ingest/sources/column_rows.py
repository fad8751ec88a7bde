"""By table of the sources' pages, records that between them show what every column becomes; made up, but HubSpot's."""

from __future__ import annotations

from typing import Any

from tests.ingest.sources.effects import Row
from tests.ingest.sources.rows import (
    DATAVERSE,
    ESPOCRM,
    HUBSPOT,
    ROWS,
    TWENTY,
    dataverse,
    espo_history,
    espo_login,
    twenty,
    twenty_object,
)
from tests.ingest.sources.test_ocsf import cloudtrail
from tests.ingest.sources.test_salesforce import LOGIN, of
from tests.ingest.sources.test_salesforce_realtime import event, login, trail


def without(row: Row, *names: str, **columns: Any) -> Row:
    return {**{name: value for name, value in row.items() if name not in names}, **columns}


_LIST, _AUDIT, _SECURITY = HUBSPOT[0], HUBSPOT[2], HUBSPOT[17]
_ID = "0053X00000AbCdE"
_LEAD = {"ENTITY_NAME": "Lead", "ROWS_PROCESSED": "9"}
_FILES: list[Row] = [
    LOGIN,
    without(LOGIN, "USER_ID_DERIVED", "TIMESTAMP_DERIVED", "CLIENT_IP", "LOGIN_STATUS"),
    {**LOGIN, "LOGIN_STATUS": "LOGIN_ERROR_INVALID_PASSWORD", "AUTHENTICATION_METHOD_REFERENCE": "pwd mfa"},
    {**LOGIN, "LOGIN_STATUS": "LOGIN_ERROR_PASSWORD_LOCKOUT", "USER_EMAIL": "ada@acme.example"},
    of("LoginAs", DELEGATED_USER_ID=_ID, DELEGATED_USER_NAME="bo@acme.example"),
    of("LoginAs", DELEGATED_USER_ID_DERIVED=_ID, DELEGATED_USER_NAME="ed@acme.example", USER_ID_DERIVED=_ID),
    of("Logout", BROWSER_TYPE="Chrome", USER_TYPE="Guest", SESSION_KEY="s1"),
    *(
        of(kind, REPORT_ID=_ID, ROW_COUNT="9", ORIGIN=origin, RENDERING_TYPE="H", REQUEST_STATUS="S")
        for kind in ("Report", "AsyncReportRun")
        for origin in ("ReportRunFromMobile", "ReportScheduled", "ReportExported", "RunFromApi")
    ),
    of("Report", REPORT_ID_DERIVED=_ID, REQUEST_STATUS="F", RENDERING_TYPE="X"),
    of("ReportExport", URI=f"/{_ID}", CLIENT_INFO="Chrome", REPORT_DESCRIPTION="%7B%7D"),
    of("ReportExport", URI_ID_DERIVED=_ID),
    *(
        of("BulkApi2", OPERATION_TYPE=verb, **_LEAD, SUCCESS="1", ENTITY_TYPE="Lead", JOB_ID=_ID, BATCH_ID=_ID)
        for verb in ("delete", "hardDelete", "insert", "query")
    ),
    *(of("API", METHOD_NAME=verb, ENTITY_NAME="Lead", ROWS_PROCESSED="9") for verb in ("query", "create", "update")),
    of("API", METHOD_NAME="query", CONNECTED_APP_NAME="Loader", REQUEST_STATUS="S", QUERY="SELECT Id"),
    *(
        of(
            "RestApi", METHOD="GET", URI=f"/data/sobjects/{thing}", STATUS_CODE="200", ROWS_PROCESSED="9",
            USER_AGENT="curl/8", CONNECTED_APP_ID=_ID, CLIENT_NAME="Loader/",
        )
        for thing in (f"Lead/{_ID}", "Case")
    ),
    of("RestApi", METHOD="GET", URI="/data/query", ENTITY_NAME="Lead", CLIENT_ID=_ID, REQUEST_STATUS="S"),
    *(of("RestApi", METHOD=verb, URI="/data/x", ENTITY_NAME="Lead") for verb in ("POST", "PATCH")),
    of("Search", NUM_RESULTS="9", SEARCH_QUERY="chri", QUERY_ID="7"),
    of("ContentTransfer", TRANSACTION_TYPE="VersionDownload", DOCUMENT_ID=_ID, VERSION_ID=_ID, SIZE_BYTES="9"),
    of("ContentTransfer", TRANSACTION_TYPE="VersionDownloadApi", DOCUMENT_ID_DERIVED=_ID),
    of("PermissionUpdate", DESCRIPTION="UserPerm: ExportReport enabled", PERMISSION_TYPE="x", FEATURE_ID=_ID),
    of("PermissionUpdate", DESCRIPTION="UserPerm: ViewAll disabled"),
    of("PermissionUpdate", DESCRIPTION="UserPerm: ViewAll enabled", STACK_TRACE="x"),
]  # fmt: skip
_EVENTS: list[Row] = [
    login(TlsProtocol="TLS 1.3", City="Berlin", Subdivision="BE", Application="App", UserAgent="Chrome"),
    login(Browser="Chrome", LoginSubType="x", AuthMethodReference=""),
    login(Status="Invalid Password", AuthMethodReference="mfa"),
    login(Status="Restricted IP", LoginType="Remote Access 2.0", UserId=""),
    event("LogoutEvent", UserType="Guest", SessionKey="s1", PolicyOutcome="Notified"),
    event("LoginAsEvent", DelegatedUsername="bo@acme.example"),
    event("LoginAsEvent", DelegatedUserId=_ID),
    event(
        "ReportEvent", ReportId=_ID, Operation="ReportExported", Sequence=1, RowsProcessed=9, ExecutionIdentifier="x"
    ),
    event("ReportEvent", DashboardId=_ID, Operation="ReportRunFromLightning", EventSource="API"),
    event("ReportEvent", ReportId=_ID, Operation="ReportRunUsingApi", EventSource="Lightning"),
    event("ReportEvent", ReportId=_ID, Operation="ReportRunFromLightning", EventSource="Lightning"),
    event("ApiEvent", Operation="Query", RowsProcessed=9, Query="SELECT Id FROM Lead", QueriedEntities="Lead"),
    event("ApiEvent", Operation="QueryMore", RowsReturned=9, Application="App", ConnectedAppId=_ID, Sequence=1),
    event("ApiEvent", Operation="Insert", Client="App", ExecutionIdentifier="x"),
    event("ListViewEvent", ListViewId=_ID, RowsProcessed=9),
    event("BulkApiResultEvent", RowsProcessed=9, QueriedEntities="Lead"),
    event("ReportAnomalyEventStore", Score=0.125, Report=_ID),
    event("UniversalAnomalyEventStore", Score=12.5, AnomalySubType="x", CurrentUserAgent="Chrome", UserAgent="Edge"),
    without(event("SessionHijackingEventStore", Score=1, CurrentIp="203.0.113.8", CurrentUserAgent="x"), "SourceIp"),
    without(event("LogoutEvent"), "EventDate"),
    *(without(event("", **{name: "LogoutEvent"}), "attributes") for name in ("EventType", "type")),
]
_TRAIL: list[Row] = [
    *(trail(action, DelegateUser="bo", ResponsibleNamespacePrefix="x") for action in ("PermSetAssign", "createduser")),
    *(trail(action) for action in ("permSetLicenseAssign", "createdConnectedApp", "insertConnectedApplication")),
    *(trail(action) for action in ("loginasgrantedtopartner", "changedpassword", "resetTwoFactor")),
    *(trail(action) for action in ("samlOn", "somethingNew")),
    trail("updateConnectedApplication", ResponsibleNamespacePrefix="y"),
]  # fmt: skip
_USER = {"uid": "u1", "name": "ada", "email_addr": "ada@acme.example", "full_name": "Ada"}
_WHERE = {"country": "IN", "region": "KA", "city": "Bengaluru", "lat": 12.9, "long": 77.6}
_THING = [{"uid": "c1", "type": "contact", "name": "Bo"}]


def _whole(class_uid: int, activity_id: int, **changes: Any) -> Row:
    """An event of another maker with every attribute that is read of the class."""
    made = cloudtrail(
        class_uid,
        activity_id,
        user=_USER,
        actor={"user": _USER, "session": {"uid": "s1"}, "app_uid": "a1", "app_name": "App"},
        src_endpoint={"ip": "203.0.113.9", "autonomous_system": {"number": 64_500}, "location": _WHERE},
        metadata={"product": {"name": "Other"}, "uid": "m-1", "correlation_uid": "q1"},
        status="Failure",
        status_detail="x",
    )
    own: dict[int, Row] = {
        3002: {"auth_protocol": "SAML", "is_mfa": True, "session": {"uid": "s1"}},
        3004: {"entity": {"type": "Policy"}},
        3005: {"privileges": ["admin"]},
        6001: {"web_resources": _THING},
        6003: {"resources": _THING},
        6005: {"table": {"name": "Lead"}},
    }
    return {**made, **own.get(class_uid, {}), **changes}


_OCSF: list[Row] = [
    *(_whole(uid, 1) for uid in (3001, 3002, 3004, 3005, 6001, 6003, 6005)),
    _whole(3002, 7),
    _whole(3002, 2),
    _whole(3002, 1, status_id=2, status_detail="bad_password"),
    _whole(6001, 2, status_id=99, status="Denied"),
    *(without(_whole(6005, 1), "table", **{name: {"name": "Lead"}}) for name in ("database", "databucket")),
    without(_whole(6001, 1), "time", time_dt="2026-11-24T08:59:00Z"),
    *(
        _whole(uid, 1, user=user, actor={"user": user}, metadata={"uid": "m-1"}, api={"request": {"uid": "q1"}})
        for uid in (3002, 6001)
        for user in ({"name": "ada"}, {"email_addr": "ada@acme.example"})
    ),
    *(_whole(3002, 1, actor={}, user=user) for user in ({"name": "ada"}, {"email_addr": "ada@acme.example"})),
]
#: By the head of a table's first column, whose it is, and records that between them show every column's effect.
TABLES: dict[str, tuple[str, list[Row]]] = {
    "column of DataverseActivity": (
        "dataverse",
        [
            *DATAVERSE,
            dataverse("Retrieve", UserId="", UserUpn="bo@acme.example"),
            dataverse("Retrieve", UserId="", UserUpn="", UserType="Application", QueryResults="a,b"),
            dataverse("UpdateMultiple", Fields={"name": "y"}, QueryResults="a,b,c"),
            without(dataverse("Retrieve", **{"TimeGenerated [UTC]": "2026-11-24T08:59:00Z"}), "TimeGenerated"),
            without(
                dataverse("Retrieve", CreationTime="2026-11-24T08:59:00", ClientIP="203.0.113.9", Id="1"),
                "TimeGenerated", "SourceRecordId", "Message", "ClientIp",
            ),
        ],
    ),
    "column of HubSpot": (
        "hubspot",
        [
            *ROWS["hubspot"],
            {**_LIST, "email": ""},
            {**_AUDIT, "actingUser": {"userId": 7}},
            {**_AUDIT, "category": "CRITICAL_ACTION", "subCategory": "ADD_USER"},
            without(_SECURITY, "actingUser", userId=7),
            *(
                {**_SECURITY, "type": kind, "objectId": 9}
                for kind in ("ADD_PERMISSIONS", "REMOVE_PERMISSIONS", "RESET_2FA", "ENABLE_SSO", "EXPORT_DEALS")
            ),
        ],
    ),
    "column of EspoCRM, or its name_with_underscores": (
        "espocrm",
        [
            *ESPOCRM,
            *(espo_login(denied=True, denialReason=reason, userId=None) for reason in ("INACTIVE_USER", "LOCKED")),
            espo_login(denied=False, authTokenId="t"),
            without(espo_history("Contact", "read"), "userId", createdById="u7"),
            *({**row, "processedCount": 7} for row in ESPOCRM if "params" in row),
            *({**row, "entityType": "Lead", "params": {"format": "xlsx"}} for row in ESPOCRM if "params" in row),
        ],
    ),
    "column of Twenty": (
        "twenty",
        [
            *TWENTY,
            *(twenty("AuthSession", action="login", **{name: "x"}) for name in ("provider", "method")),
            twenty("TwoFactorAuthentication", action="recovery_code_issued", strategy="totp", targetUserId="u7"),
            twenty("Impersonation", action="token_exchange_failed"),
            twenty("Custom Domain Removed"),
            without(twenty("User Signup"), "userId", userWorkspaceId="w"),
            without(twenty("User Signup"), "userId", workspaceMemberId="w"),
            {**twenty_object("Created"), "objectNameSingular": "note"},
            *(
                without(twenty_object("Created", recordId="t1", **{name: "x"}), "recordId", "objectMetadataId")
                for name in ("objectNameSingular", "objectMetadataId")
            ),
        ],
    ),
    "column of an event log file": ("salesforce", _FILES),
    "column of a real-time event": ("salesforce", _EVENTS),
    "column of the setup audit trail": ("salesforce", _TRAIL),
    "attribute of OCSF": ("ocsf", _OCSF),
}  # fmt: skip
