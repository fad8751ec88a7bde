"""Rows of every source. Those of HubSpot and of Salesforce's SIEM export are real.

The others are made up in the shape of the documented columns, since no real ones are public.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, Any]
FIXTURES = Path(__file__).parent.parent / "fixtures"
AT = "2026-11-24T08:59:00.128Z"

HUBSPOT: list[Row] = [
    json.loads(test["sample"])
    for test in yaml.safe_load((FIXTURES / "hubspot-content-hub_tests.yaml").read_text())["tests"]
]
SALESFORCE: list[Row] = json.loads((FIXTURES / "SalesforceServiceCloud_CL.json").read_text())


def dataverse(message: str, **columns: Any) -> Row:
    return {
        "TimeGenerated": AT,
        "SourceRecordId": f"r-{message}",
        "UserId": "Ada@Acme.example",
        "UserUpn": "Ada@Acme.example",
        "UserType": "Regular",
        "SystemUserId": "7c3d0d4e-0000-4000-8000-000000000001",
        "ClientIp": "203.0.113.9:52100",
        "UserAgent": "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/129.0 Safari/537.36",
        "CrmOrganizationUniqueName": "acme",
        "CorrelationId": "c-1",
        "Message": message,
        "Operation": message,
        "ResultStatus": "Success",
        "EntityName": "contact",
        "EntityId": "e-1",
        **columns,
    }


DATAVERSE: list[Row] = [
    dataverse("UserSignIn", EntityName="", EntityId=""),
    dataverse("UserSignOut"),
    dataverse("Retrieve", SourceRecordId="r-app", UserId="5f1e@5f1e.com", UserUpn="", ResultStatus=""),
    dataverse("Retrieve"),
    dataverse("RetrieveMultiple", EntityId="", QueryResults="a1,a2,a3", Query="<fetch><value>chri</value></fetch>"),
    dataverse("ExportToExcel", QueryResults=["a1", "a2"]),
    dataverse("Create", Fields=[{"Name": "FullName", "Value": "Bo"}, {"Name": "phone", "Value": "1"}]),
    dataverse("Update", Fields='[{"Name": "email", "Value": ""}, {"Name": "phone", "Value": ""}]', QueryResults="a1"),
    dataverse("Delete", QueryResults="a1"),
    dataverse("BulkDelete", EntityId=""),
    dataverse("GrantAccess", QueryResults="a1"),
    dataverse(
        "Associate",
        EntityName="systemuser",
        EntityId="u-9",
        Fields={"relationship": "systemuserroles_association", "RoleName": "System Administrator"},
    ),
    dataverse(
        "Disassociate",
        EntityName="role",
        Fields={"relationship": "systemuserroles_association", "systemuserid": "u-9", "RoleName": "System Customizer"},
    ),
    dataverse("Create", SourceRecordId="r-user", EntityName="systemuser", EntityId="u-9"),
    dataverse("Update", SourceRecordId="r-off", EntityName="systemuser", EntityId="u-9", Fields={"isdisabled": "true"}),
    dataverse("Update", SourceRecordId="r-org", EntityName="organization", Fields={"isauditenabled": "false"}),
    dataverse("Create", SourceRecordId="r-n", QueryResults="a,b", Fields={"name": "x", "title": "x"}),
]


def espo(**columns: Any) -> Row:
    return {"id": "e1", "createdAt": "2026-11-24 08:59:00", "ipAddress": "203.0.113.9", **columns}


def espo_login(*, denied: bool, **columns: Any) -> Row:
    row = espo(
        username="ada", userId="u7", isDenied=denied, denialReason=None, authenticationMethod="Espo", requestUrl="/"
    )
    return {**row, **columns}


def espo_history(target: str, action: str, **columns: Any) -> Row:
    row = espo(number=41, targetType=target, targetId="t1", action=action, userId="u7", userType="regular")
    return {**row, "authTokenId": "token-1", "authLogRecordId": "l1", **columns}


ESPOCRM: list[Row] = [
    espo_login(denied=False, secondStep=True),
    espo_login(denied=False, id="e2", userType="api", authenticationMethod="Hmac"),
    espo_login(denied=True, denialReason="CREDENTIALS", userId=None),
    *(espo_history("Contact", verb) for verb in ("read", "create", "update", "delete")),
    espo_history("User", "create", userType="admin"),
    espo_history("User", "update"),
    espo_history("OAuthAccount", "create"),
    espo_history("OAuthProvider", "delete"),
    espo_history("AuthenticationProvider", "update"),
    *(
        espo(entityType="LeadSource", action=verb, status="Success", processedCount=1_200, createdById="u7", data={})
        for verb in ("delete", "update")
    ),
    espo(
        params='{"entityType": "Contact", "format": "csv"}',
        attachmentId="f1",
        status="Success",
        createdById="u7",
        count=7,
    ),
]


def twenty(event: str, *, user: str = "u7", **properties: Any) -> Row:
    return {
        "event": event,
        "timestamp": "2026-11-24 08:59:00.128",
        "userId": user,
        "workspaceId": "w1",
        "properties": json.dumps(properties),
    }


def twenty_object(verb: str, **properties: Any) -> Row:
    row = twenty(f"Object Record {verb}", **properties)
    return {**row, "recordId": "t1", "objectMetadataId": "m1", "isCustom": False}


TWENTY: list[Row] = [
    twenty("AuthSession", action="login", authProvider="password"),
    twenty("AuthSession", action="logout"),
    twenty("TwoFactorAuthentication", action="otp_rejected", strategy="totp", targetUserId="u7"),
    twenty("TwoFactorAuthentication", action="method_deleted", strategy="totp", targetUserId="u7"),
    twenty("Impersonation", level="server", action="token_exchange_success", targetUserId="u9"),
    twenty("ServerAdminAccessChanged", targetUserId="u9", canAccessFullAdminPanel=True, canImpersonate=True),
    twenty("ServerAdminAccessChanged", targetUserId="u9", canAccessFullAdminPanel=False, canImpersonate=False),
    twenty("User Signup"),
    twenty("Custom Domain Activated"),
    {**twenty_object("Updated"), "userId": "", "userWorkspaceId": "key-1"},
    twenty_object("Viewed"),
    twenty_object("Created", updatedFields=["name"]),
    twenty_object("Updated", diff={"phone": {"before": "1", "after": "2"}}),
    twenty_object("Deleted"),
    twenty_object("Destroyed"),
]

HUBSPOT_MADE: list[Row] = [
    {**HUBSPOT[0], "id": "l2", "loginSucceeded": False},
    *(
        {**HUBSPOT[2], "id": f"a-{verb}", "category": "CRM_OBJECT", "subCategory": "CONTACT", "action": verb}
        for verb in ("VIEW", "DELETE", "PURGE", "EXPORT")
    ),
    *(
        {**HUBSPOT[17], "id": f"s-{kind}", "type": kind}
        for kind in (
            "ADD_USER", "EXPORT_CONTACTS", "CREATE_API_KEY", "PASSWORD_RESET", "REMOVE_SSO_REQUIREMENT",
            "UNINSTALL_INTEGRATION", "ADD_SUPER_ADMIN_PERMISSIONS", "LOGOUT",
        )
    ),
]  # fmt: skip

#: By source, rows that between them show everything the source can say.
ROWS: dict[str, list[Row]] = {
    "dataverse": DATAVERSE,
    "hubspot": [*HUBSPOT, *HUBSPOT_MADE],
    "espocrm": ESPOCRM,
    "twenty": TWENTY,
}
