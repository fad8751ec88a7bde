"""HubSpot: twenty real, anonymised entries of its three feeds (BSD-3-Clause, see the licence beside the file)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from domain.activity import Activity
from ingest.record import Skip
from tests.ingest.made import TOKENS, activity, normaliser, record, refused, said, skipped
from tests.ingest.sources.rows import HUBSPOT

TOPIC = "vedette.raw.hubspot"
HEADERS = (("tenant", b"acme"), ("source", b"hubspot"))


def read(row: dict[str, Any], **changes: Any) -> Activity:
    return activity({**row, **changes}, topic="vedette.raw.import", headers=HEADERS)


def test_every_entry_is_an_activity_or_counted_by_its_kind() -> None:
    outcomes = [normaliser(default_tenant="acme").normalise(record(row, topic=TOPIC)) for row in HUBSPOT]
    assert Counter(each.kind for each in outcomes if isinstance(each, Skip)) == {"LOGIN_SUCCEEDED": 1}
    assert Counter(each[0].action for each in outcomes if isinstance(each, list)) == {
        "auth.login.succeeded": 1,
        "record.created": 7,
        "record.updated": 7,
        "access.granted": 1,
        "access.revoked": 1,
        "user.changed": 1,
        "app.authorised": 1,
    }


def test_a_sign_in_of_the_login_history_is_read_whole() -> None:
    row = HUBSPOT[0]
    assert said(read(row)) == {
        "tenant": "acme",
        "source": "hubspot",
        "feed": "login history",
        "occurred_at": 1_726_469_751_186,
        "action": "auth.login.succeeded",
        "native_id": "login/3959685975",
        "outcome": "success",
        "actor_id": "john.doe@techworldhub.com",
        "actor_login": "john.doe@techworldhub.com",
        "actor_email": "john.doe@techworldhub.com",
        "ip": "10.10.10.10",
        "ip_basis": "vendor",
        "country": "IN",
        "region": "DL",
        "user_agent": row["userAgent"],
        "agent_family": "Chrome on Windows",
    }
    failed = read(row, loginSucceeded=False)
    assert (failed.action, failed.reason, failed.login_token) == (
        "auth.login.failed", "other", TOKENS("john.doe@techworldhub.com"),
    )  # fmt: skip


def test_one_sign_in_at_three_endpoints_is_counted_once() -> None:
    assert skipped(HUBSPOT[1], topic=TOPIC).feed == "audit log"
    assert skipped({**HUBSPOT[17], "type": "LOGIN_SUCCEEDED"}, topic=TOPIC).feed == "security activity"


def test_who_did_it_is_one_person_in_all_feeds_whatever_the_number_beside_it() -> None:
    audit, security = HUBSPOT[2], HUBSPOT[19]
    assert audit["actingUser"]["userId"] != security["userId"]
    assert read(audit).actor_id == read(security).actor_id == "sara.lee@nextgenventures.com"


def test_an_entry_of_the_audit_log_has_no_address_and_any_target() -> None:
    found = [read(row) for row in HUBSPOT if row.get("category") == "CONTENT"]
    assert {(each.ip, each.country, each.ip_basis) for each in found} == {("", "", "none")}
    assert {"@hubspot/growth", "178043830806"} < {each.object_id for each in found}
    assert {each.object_type for each in found} == {
        "content_settings", "blog", "blog_post", "theme", "website_page", "file", "landing_page",
    }  # fmt: skip


def test_an_administrator_made_and_unmade() -> None:
    made, unmade = read(HUBSPOT[16]), read(HUBSPOT[19])
    assert [(each.action, each.target_id, each.role, each.privileged) for each in (made, unmade)] == [
        ("access.granted", "70700783", "admin", True),
        ("access.revoked", "70769658", "admin", True),
    ]


def test_an_integration_installed_without_an_address_is_an_app() -> None:
    found = read(HUBSPOT[18])
    assert (found.action, found.app_id, found.ip, found.country, found.flags) == (
        "app.authorised", "39031290", "", "", (),
    )  # fmt: skip


def test_an_export_is_of_unknown_size() -> None:
    found = read(HUBSPOT[17], type="EXPORT_CONTACTS")
    assert (found.action, found.object_type, found.count, found.flags) == (
        "data.exported", "contacts", None, ("count_missing",),
    )  # fmt: skip


def test_the_weakening_of_a_guard_is_told_by_the_words_of_its_type() -> None:
    kinds = {kind: read(HUBSPOT[17], type=kind) for kind in ("REMOVE_SSO_REQUIREMENT", "ENABLE_2FA", "SOMETHING_NEW")}
    assert {kind: (found.action, found.area, found.direction) for kind, found in kinds.items()} == {
        "REMOVE_SSO_REQUIREMENT": ("config.changed", "sso", "weakened"),
        "ENABLE_2FA": ("config.changed", "mfa", "strengthened"),
        "SOMETHING_NEW": ("config.changed", "other", "neutral"),
    }


def test_another_shape_is_refused_with_the_remedy() -> None:
    assert refused({"id": 1}, topic=TOPIC)[0] == "shape_unknown"
    assert refused({**HUBSPOT[0], "loginSucceeded": None}, topic=TOPIC)[0] == "field_missing"
