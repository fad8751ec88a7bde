"""What the events of Salesforce can say, by action; a test holds it against what is read."""

from __future__ import annotations

from typing import Final

from domain import actions

YIELDS: Final[dict[str, str]] = {
    actions.LOGIN_SUCCEEDED: "actor_login auth_method mfa tls",
    actions.LOGIN_FAILED: "actor_login auth_method mfa tls reason",
    actions.LOGOUT: "",
    actions.IMPERSONATION_STARTED: "actor_login target_id",
    actions.REPORT_VIEWED: "object_type object_id count exported",
    actions.DATA_EXPORTED: "object_type object_id count job_id execution_id method",
    actions.RECORD_READ: "object_type object_id count method app_id app_name bytes",
    actions.RECORD_SEARCHED: "count",
    actions.RECORD_CREATED: "object_type object_id count job_id execution_id method bytes",
    actions.RECORD_UPDATED: "object_type count job_id execution_id method",
    actions.RECORD_DELETED: "object_type count hard job_id execution_id method",
    actions.FILE_DOWNLOADED: "object_type object_id bytes",
    actions.API_CALLED: "object_type object_id count method app_id app_name job_id execution_id",
}
