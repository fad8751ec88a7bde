"""OCSF: what Vedette exports it reads again as the same, and what others make it reads by class.

The records of others are made up in the shape of CloudTrail's as they reach a security lake, with what was odd in them.
The schema is OCSF's own (Apache-2.0, licence beside it), of the classes that are exported and without its descriptions.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import actions, ocsf
from domain.activity import Activity
from ingest.dead_letters import DeadLetter
from tests.ingest.made import TOKENS, activity, normaliser, record, refused, said, skipped
from tests.ingest.sources.rows import FIXTURES

TOPIC = "vedette.raw.ocsf"
SCHEMA = json.loads((FIXTURES / "ocsf-1.8.0.json").read_text())

words = st.sampled_from(["a", "x-7", "Überweisung", "contact", "o'neil", "a" * 200])
_NAMES = (
    "session_id", "app_id", "app_name", "object_type", "object_id", "title", "target_id", "request_id", "execution_id",
    "job_id", "role", "ticket", "feed", "auth_method", "value_digest", "area", "destination", "purpose", "change",
    "method", "state", "result", "kind", "control",
)  # fmt: skip
texts = {
    "outcome": st.sampled_from(actions.OUTCOMES), "reason": st.sampled_from(actions.REASONS),
    "channel": st.sampled_from(actions.CHANNELS), "sensitivity": st.sampled_from(actions.SENSITIVITIES),
    "time_precision": st.sampled_from(actions.PRECISIONS), "direction": st.sampled_from(["weakened", "neutral"]),
    "credential": st.sampled_from(["password", "mfa"]), "scopes": st.lists(words, max_size=3),
    "fields": st.lists(words, max_size=3), "object_ids": st.lists(words, max_size=3), "score": st.floats(0, 1),
    **dict.fromkeys(_NAMES, words),
    **{name: st.integers(0, 10**9) for name in ("count", "bytes", "recipient_count", "sequence")},
    **{name: st.booleans() for name in ("mfa", "external", "exported", "hard", "attachment")},
    "source": st.sampled_from(["salesforce", "own-crm"]),
    "from": st.just("2026-11-24"), "until": st.just("2026-12-01"), "left": words,
}  # fmt: skip
actors = st.fixed_dictionaries(
    {"id": words},
    optional={
        "login": words, "name": words, "kind": st.sampled_from(actions.ACTOR_KINDS), "team": words,
        "email": st.sampled_from(["ada@acme.example", "no mail", "ada.b@acme.example"]), "impersonator": words,
        "roles": st.lists(words, max_size=2), "privileged": st.booleans(),
    },
)  # fmt: skip
origins = st.fixed_dictionaries(
    {},
    optional={
        "ip": st.sampled_from(["203.0.113.9", "2001:db8::1", "nonsense"]), "asn": st.integers(1, 65_000),
        "country": st.sampled_from(["DE", "IN"]), "city": words, "region": words, "lat": st.floats(-90, 90),
        "lon": st.floats(-180, 180), "user_agent": words, "device_id": words, "tls": words,
        "network": st.sampled_from(actions.NETWORKS), "radius_km": st.floats(0, 100),
    },
)  # fmt: skip


def faults(value: Any, schema: dict[str, Any], place: str = "event") -> list[str]:
    """Where a value departs from its schema, by the words that OCSF's schemas use but for the patterns of texts."""
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], place)
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    wanted = schema.get("type")
    if isinstance(wanted, str) and not isinstance(value, kinds[wanted]):  # type: ignore[arg-type]  # a type or several
        return [f"{place} is no {wanted}"]
    found = [f"{place} is none of its values"] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, list):
        return found + [fault for each in value for fault in faults(each, schema.get("items", {}), f"{place}[]")]
    if isinstance(value, dict):
        choices = [schema, *schema.get("anyOf", [])][len(schema.get("anyOf", [])) > 0 :]
        found += [f"{place} lacks {name}" for name in schema.get("required", ()) if name not in value]
        if not any(set(choice.get("required", ())) <= set(value) for choice in choices):
            found.append(f"{place} has none of what it needs")
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name)
            if known is not None:
                found += faults(inner, known, f"{place}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{place}.{name} is not in the schema")
    return found


def again(found: Activity) -> Activity:
    """The activity that the export of another becomes."""
    outcome = normaliser().normalise(record(json.dumps(ocsf.event(found)).encode(), topic=TOPIC))
    assert not isinstance(outcome, DeadLetter), outcome.reason
    assert isinstance(outcome, list)
    return outcome[0]


@pytest.mark.parametrize("action", actions.ACTIONS)
@settings(max_examples=15, deadline=None)
@given(fields=st.fixed_dictionaries({}, optional=texts), actor=actors, origin=origins)
def test_what_is_exported_is_read_as_the_same_activity_and_fits_the_schema(
    action: str, fields: dict[str, Any], actor: dict[str, Any], origin: dict[str, Any]
) -> None:
    whole = {"id": "n1", "tenant": "acme", "occurred_at": "2026-11-24T08:59:00.128Z", "action": action, "actor": actor}
    if action == actions.CONTEXT_STATED:
        whole |= {"fact": "leaver", "about": "actor:u7"}
    if action in (actions.LOGIN_SUCCEEDED, actions.LOGIN_FAILED, actions.MFA_DENIED):
        fields = {name: value for name, value in fields.items() if name != "outcome"}
    first = activity({**whole, **fields, "origin": origin})
    assert faults(ocsf.event(first), SCHEMA["classes"][str(ocsf.CLASSES[action][0])]) == []
    second = again(first)
    mended, told = said(second), said(first)
    for each in (mended, told):
        each.pop("flags", None)  # made anew: an address that cannot be used does not leave
    if first.session_id:  # it leaves as a keyed hash and is hashed once more
        assert second.session_id == TOKENS("session\0" + first.session_id)
        mended["session_id"] = first.session_id
    assert mended == told
    assert second.activity_id == first.activity_id


def test_every_action_has_a_class() -> None:
    assert set(ocsf.CLASSES) == set(actions.ACTIONS)


def cloudtrail(class_uid: int, activity_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "activity_id": activity_id,
        "activity_name": "Something",
        "actor": {"idp": {}, "session": {}, "user": {"name": "ada", "type": "IAMUser", "uid": "AIDA1"}},
        "api": {"operation": "DoIt", "request": {"uid": "''"}, "response": {}, "service": {"name": "x.example"}},
        "category_name": "Audit Activity",
        "class_uid": class_uid,
        "http_request": {"user_agent": "Boto3/1.15.2"},
        "metadata": {"product": {"name": "CloudTrail"}, "uid": "m-1", "version": "1.0.0-rc.2"},
        "src_endpoint": {"ip": "203.0.113.9"},
        "status_id": 1,
        "time": 1_795_510_740_000,
        "type_uid": 300_502,
        "unmapped": {"eventType": "AwsApiCall", "vedette": {"action": "data.exported"}},
        **changes,
    }


def read(row: dict[str, Any]) -> Activity:
    return activity(row, topic="vedette.raw.import", headers=(("tenant", b"acme"), ("source", b"ocsf")))


def test_a_logon_of_another_maker_is_read_whole() -> None:
    assert said(read(cloudtrail(3002, 1, user={"uid": "AIDA1"}))) == {
        "tenant": "acme",
        "source": "ocsf",
        "feed": "ocsf",
        "occurred_at": 1_795_510_740_000,
        "time_precision": "s",
        "action": "auth.login.succeeded",
        "native_id": "m-1",
        "outcome": "success",
        "actor_id": "AIDA1",
        "actor_login": "ada",
        "ip": "203.0.113.9",
        "ip_basis": "direct",
        "user_agent": "Boto3/1.15.2",
        "agent_family": read(cloudtrail(3002, 1)).agent_family,
    }


@pytest.mark.parametrize(
    ("class_uid", "activity_id", "action"),
    [
        (3002, 2, "auth.logout"),
        (3002, 7, "auth.impersonation.started"),
        (3001, 1, "user.created"),
        (3001, 4, "auth.credential.changed"),
        (3001, 5, "user.changed"),
        (3001, 7, "access.granted"),
        (3005, 3, "access.granted"),
        (3005, 4, "access.revoked"),
        (3004, 3, "config.changed"),
        (6001, 2, "record.read"),
        (6001, 7, "data.exported"),
        (6001, 8, "record.shared"),
        (6003, 2, "api.called"),
        (6005, 1, "record.read"),
        (6005, 4, "data.exported"),
    ],
)
def test_the_class_and_activity_say_what_happened(class_uid: int, activity_id: int, action: str) -> None:
    found = read(cloudtrail(class_uid, activity_id, user={"uid": "AIDA9"}))
    assert (found.action, found.actor_id) == (action, "AIDA9" if action == "auth.logout" else "AIDA1")


def test_a_failed_logon_has_a_reason_of_ours_and_one_without_a_status_is_refused() -> None:
    found = read(cloudtrail(3002, 1, status_id=2, status_detail="Failed authentication"))
    assert (found.action, found.outcome, found.reason) == ("auth.login.failed", "failure", "other")
    assert refused(cloudtrail(3002, 1, status_id=None), topic=TOPIC) == (
        "field_missing", "status_id is missing; send 1 or 2 with each logon: whether it succeeded",
    )  # fmt: skip


def test_only_our_own_export_speaks_our_own_words() -> None:
    found = read(cloudtrail(6003, 2))
    assert (found.action, found.method, found.request_id, found.source) == ("api.called", "DoIt", "", "ocsf")


def test_other_classes_are_counted() -> None:
    assert skipped(cloudtrail(4001, 1), topic=TOPIC).kind == "class 4001 activity 1"
    assert skipped(cloudtrail(3002, 6), topic=TOPIC).kind == "class 3002 activity 6"
    assert refused({"class_uid": "3002"}, topic=TOPIC)[0] == "shape_unknown"
