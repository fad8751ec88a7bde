"""Revisions and incidents in a real store: what is new, what has been dealt with, what a crash left undone."""

from __future__ import annotations

import msgspec

from domain.alert import Severity
from domain.clock import now
from domain.incident import Incident, webhook_id
from storage.client import Client
from storage.deliveries import NotifyStore
from tests.notify.fakes import content, delivery, uid
from tests.notify.made import accept


def incident(number: int, *, version: int = 1, revision: int = 1, **changes: object) -> Incident:
    made = Incident(
        tenant="acme",
        incident_id=uid(7000 + number),
        alert_ids=(uid(number),),
        alert_versions=(version,),
        detector="bulk_export",
        severity=int(Severity.HIGH),
        status="open",
        opened_at=1_795_510_800_123,
        paged=True,
        channels=("oncall",),
        notified_at=1_795_510_830_456,
        revision=revision,
    )
    return msgspec.structs.replace(made, **changes)


async def test_a_revision_is_new_until_an_incident_has_dealt_with_it(store: Client) -> None:
    notify, began = NotifyStore(store), now()
    await accept(store, content(11), content(12), version=1)
    assert {(t.alert_id, t.version) for t in await notify.unhandled()} == {(uid(11), 1), (uid(12), 1)}
    await notify.put_incidents([incident(11), incident(12, version=0)])
    assert [(t.alert_id, t.version) for t in await notify.unhandled()] == [(uid(12), 1)]
    await accept(store, content(11, severity=Severity.HIGH), version=2)
    assert {(t.alert_id, t.version) for t in await notify.unhandled()} == {(uid(11), 2), (uid(12), 1)}
    assert {(t.alert_id, t.version) for t in await notify.accepted_since(began - 1_000)} == {(uid(11), 2), (uid(12), 1)}
    assert await notify.accepted_since(now() + 60_000) == []
    [revision] = await notify.revisions([uid(11)])
    assert (revision.content, revision.version, revision.withdrawn) == (content(11, severity=Severity.HIGH), 2, False)
    assert began - 1_000 <= revision.detected_at <= revision.revised_at <= now() + 1_000


async def test_an_incident_comes_back_as_it_was_written_and_its_latest_revision_counts(store: Client) -> None:
    notify = NotifyStore(store)
    grown = incident(21, revision=2, alert_ids=(uid(21), uid(22)), alert_versions=(3, 1), quiet="fuse", triage=uid(9))
    await notify.put_incidents([grown])
    await notify.put_incidents([incident(21)])
    assert await notify.incidents_of([uid(22)]) == [grown]
    assert await notify.incidents_of([uid(23)]) == []


async def test_an_incident_whose_notification_was_stored_before_a_crash_is_found(store: Client) -> None:
    notify = NotifyStore(store)
    after = incident(31, revision=4)
    row = msgspec.structs.replace(
        delivery(31),
        incident_id=after.incident_id,
        webhook_id=webhook_id(after.incident_id, 4),
        sequence=4,
        incident=msgspec.json.encode(after).decode(),
    )
    await notify.put_incidents([incident(31, revision=3)])
    await notify.put_deliveries([row])
    assert await notify.unfinished() == [after]
    await notify.put_incidents([after])
    assert await notify.unfinished() == []


async def test_what_replaces_a_withdrawn_alert_is_found(store: Client) -> None:
    notify = NotifyStore(store)
    await accept(store, content(41), version=2, withdrawn=True)
    await accept(store, content(42), version=1, replaces=(uid(41), uid(40)))
    await accept(store, content(43), version=2, replaces=(uid(39),), withdrawn=True)
    assert await notify.successors([uid(41), uid(39), uid(38)]) == {uid(41): uid(42)}


async def test_a_decision_of_an_analyst_is_followed_once(store: Client) -> None:
    notify = NotifyStore(store)
    await notify.put_incidents([incident(51)])
    columns = ("tenant", "alert_id", "action_id", "actor", "action", "disposition", "reason")
    await store.insert("triage", columns, [("acme", uid(51), uid(9001), "ann", "close", "benign", "a test")])
    assert await notify.triaged() == [(incident(51), "close", uid(9001))]
    closed = incident(51, revision=2, status="closed", triage=uid(9001))
    await notify.put_incidents([closed])
    assert await notify.triaged() == []
    await store.insert("triage", columns, [("acme", uid(51), uid(9002), "ann", "comment", "", "hm")])
    assert await notify.triaged() == []
    await store.insert("triage", columns, [("acme", uid(51), uid(9003), "ann", "reopen", "", "not so benign")])
    assert await notify.triaged() == [(closed, "reopen", uid(9003))]
