"""What the events of Salesforce can say, by action; a test holds it against what is read."""

from __future__ import annotations

from typing import Final

from domain import actions

YIELDS: Final[dict[str, str]] = {
    actions.LOGIN_SUCCEEDED: "actor_login auth_method mfa tls app_name country region city",
    actions.LOGIN_FAILED: "actor_login auth_method mfa tls app_name country region city reason",
    actions.LOGOUT: "",
    actions.CREDENTIAL_CHANGED: "credential change impersonator",
    actions.IMPERSONATION_STARTED: "actor_login target_id change impersonator",
    actions.USER_CREATED: "change impersonator",
    actions.USER_CHANGED: "change impersonator",
    actions.ACCESS_GRANTED: "target_id role change impersonator",
    actions.ACCESS_REVOKED: "target_id role change impersonator",
    actions.REPORT_VIEWED: "object_type object_id count exported execution_id sequence",
    actions.DATA_EXPORTED: "object_type object_id count job_id execution_id sequence method",
    actions.RECORD_READ: "object_type object_id count method app_id app_name bytes execution_id sequence",
    actions.RECORD_SEARCHED: "count",
    actions.RECORD_CREATED: "object_type object_id count job_id execution_id method bytes",
    actions.RECORD_UPDATED: "object_type count job_id execution_id method",
    actions.RECORD_DELETED: "object_type count hard job_id execution_id method",
    actions.FILE_DOWNLOADED: "object_type object_id bytes",
    actions.API_CALLED: "object_type object_id count method app_id app_name job_id execution_id sequence",
    actions.APP_AUTHORISED: "app_name change impersonator",
    actions.APP_CHANGED: "app_name change impersonator",
    actions.CONFIG_CHANGED: "area direction change impersonator",
    actions.VENDOR_ALERTED: "kind score object_type object_id",
}
