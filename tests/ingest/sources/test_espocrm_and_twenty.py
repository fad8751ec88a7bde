"""EspoCRM and Twenty: no records of theirs are public as data, so these are made up in their documented columns."""

from __future__ import annotations

from typing import Any

import pytest

from domain.activity import Activity
from tests.ingest.made import TOKENS, activity, refused, said, skipped
from tests.ingest.sources.rows import espo, espo_history, espo_login, twenty, twenty_object


def read(source: str, row: dict[str, Any]) -> Activity:
    return activity(row, topic="vedette.raw.import", headers=(("tenant", b"acme"), ("source", source.encode())))


def test_a_refused_sign_in_of_espocrm_is_read_whole() -> None:
    found = read("espocrm", espo_login(denied=True, denialReason="CREDENTIALS", userId=None, username="ada"))
    assert said(found) == {
        "tenant": "acme",
        "source": "espocrm",
        "feed": "auth log",
        "occurred_at": 1_795_510_740_000,
        "time_precision": "s",
        "action": "auth.login.failed",
        "native_id": "AuthLogRecord/e1",
        "outcome": "failure",
        "reason": "bad_password",
        "actor_id": "ada",
        "actor_login": "ada",
        "ip": "203.0.113.9",
        "ip_basis": "vendor",
        "auth_method": "Espo",
        "channel": "ui",
    }


def test_both_outcomes_of_a_sign_in_name_their_login_by_one_column() -> None:
    found = [read("espocrm", espo_login(denied=denied)) for denied in (True, False)]
    assert [each.login_token for each in found] == [TOKENS("ada")] * 2


def test_a_row_of_the_database_is_the_entity_of_the_api() -> None:
    row = {
        "id": "e1",
        "created_at": "2026-11-24 08:59:00",
        "ip_address": "203.0.113.9",
        "username": "ada",
        "user_id": "u7",
    }
    by_database = read("espocrm", {**row, "is_denied": 0, "authentication_method": "Espo"})
    assert by_database.activity_id == read("espocrm", espo_login(denied=False)).activity_id


@pytest.mark.parametrize(
    ("target", "verb", "action"),
    [
        ("Contact", "read", "record.read"),
        ("Contact", "create", "record.created"),
        ("Contact", "update", "record.updated"),
        ("Contact", "delete", "record.deleted"),
        ("User", "create", "user.created"),
        ("User", "update", "user.changed"),
        ("OAuthAccount", "create", "app.authorised"),
        ("OAuthProvider", "update", "app.changed"),
        ("AuthenticationProvider", "update", "config.changed"),
    ],
)
def test_the_action_history_of_espocrm(target: str, verb: str, action: str) -> None:
    found = read("espocrm", espo_history(target, verb))
    assert (found.action, found.session_id) == (action, TOKENS("session\0token-1"))


def test_a_mass_action_counts_what_it_processed_once_it_is_done() -> None:
    row = espo(entityType="LeadSource", action="delete", status="Success", processedCount=1_200, createdById="u7")
    done, running = read("espocrm", row), read("espocrm", {**row, "status": "Running", "processedCount": 3})
    assert (done.action, done.count, done.job_id, done.channel, done.object_type) == (
        "record.deleted", 1_200, "e1", "bulk", "lead_source",
    )  # fmt: skip
    assert running.count is None


def test_an_export_of_espocrm_says_its_number_only_when_the_row_does() -> None:
    row = espo(
        params='{"entityType": "Contact", "format": "csv"}', attachmentId="f1", status="Success", createdById="u7"
    )
    found = read("espocrm", row)
    assert (found.action, found.object_type, found.destination, found.count) == (
        "data.exported",
        "contact",
        "csv",
        None,
    )


def test_what_is_no_record_of_espocrm_is_refused_or_counted() -> None:
    assert refused({"id": 1}, topic="vedette.raw.espocrm")[0] == "shape_unknown"
    assert skipped(espo_history("Contact", "recalculate"), topic="vedette.raw.espocrm").kind == "Contact recalculate"


def test_a_row_of_twenty_is_read_whole_and_two_of_one_content_are_one() -> None:
    row = twenty_object("Updated", diff={"phone": {"before": "1", "after": "2"}})
    found = read("twenty", row)
    assert said(found) == {
        "tenant": "acme",
        "source": "twenty",
        "feed": "object events",
        "occurred_at": 1_795_510_740_128,
        "action": "record.updated",
        "native_id": found.native_id,
        "outcome": "success",
        "actor_id": "u7",
        "object_type": "m1",
        "object_id": "t1",
        "fields": ("phone",),
    }
    assert read("twenty", row).activity_id == found.activity_id
    assert "before" not in repr(found)


@pytest.mark.parametrize(
    ("row", "action", "outcome"),
    [
        (twenty("AuthSession", action="login"), "auth.login.succeeded", "success"),
        (twenty("AuthSession", action="logout"), "auth.logout", "success"),
        (twenty("TwoFactorAuthentication", action="otp_rejected"), "auth.mfa.denied", "denied"),
        (twenty("TwoFactorAuthentication", action="method_deleted"), "auth.credential.changed", "success"),
        (twenty("Impersonation", action="token_exchange_success"), "auth.impersonation.started", "success"),
        (twenty("Impersonation", action="token_exchange_failed"), "auth.impersonation.started", "failure"),
        (twenty("ServerAdminAccessChanged", canImpersonate=True), "access.granted", "success"),
        (twenty("ServerAdminAccessChanged", canImpersonate=False), "access.revoked", "success"),
        (twenty("User Signup"), "user.created", "success"),
        (twenty_object("Destroyed"), "record.deleted", "success"),
    ],
)
def test_the_workspace_events_of_twenty(row: dict[str, Any], action: str, outcome: str) -> None:
    found = read("twenty", row)
    assert (found.action, found.outcome, found.ip) == (action, outcome, "")


def test_only_destroyed_is_deleted_for_good_and_one_impersonation_is_counted_once() -> None:
    assert [read("twenty", twenty_object(verb)).hard for verb in ("Deleted", "Destroyed")] == [None, True]
    attempt = twenty("Impersonation", action="token_exchange_attempt")
    assert skipped(attempt, topic="vedette.raw.twenty").kind == "Impersonation token_exchange_attempt"
    assert skipped(twenty("Page View"), topic="vedette.raw.twenty").kind == "Page View"
