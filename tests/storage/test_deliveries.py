"""Deliveries, and what surrounds an alert, in a real store."""

from __future__ import annotations

import msgspec

from domain.alert import evidence
from domain.clock import DAY, HOUR, MINUTE
from domain.incident import Notice, notice_id
from storage.client import Client
from storage.deliveries import DUE_TOGETHER, NotifyStore
from tests.notify.fakes import ADDRESS, PERSON, T0, content, delivery, uid, witness
from tests.notify.made import activity, store_activities


async def test_due_is_what_is_pending_and_whose_time_has_come(store: Client) -> None:
    notify = NotifyStore(store)
    rows = [
        delivery(1, next_attempt_at=T0),
        delivery(2, next_attempt_at=T0 - 1),
        delivery(3, next_attempt_at=T0 + 1),
        delivery(4, status="delivered"),
        delivery(5, channel="other", next_attempt_at=T0 - 2),
    ]
    await notify.put_deliveries(rows)
    assert await notify.due(T0) == [rows[4], rows[1], rows[0]]
    done = msgspec.structs.replace(rows[1], status="delivered", attempts=1, response_status=204, revision=2)
    await notify.put_deliveries([done])
    assert await notify.due(T0) == [rows[4], rows[0]]
    assert await notify.delivery(done.webhook_id) == [done]
    assert await notify.delivery(done.webhook_id, "other") == []
    assert await notify.deliveries(status="delivered", channel="oncall") == [done, rows[3]]
    assert await notify.deliveries(incident=rows[2].incident_id) == [rows[2]]


async def test_one_channels_backlog_does_not_crowd_out_another(store: Client) -> None:
    notify = NotifyStore(store)
    await notify.put_deliveries([delivery(100 + n, channel="full") for n in range(DUE_TOGETHER + 20)])
    await notify.put_deliveries([delivery(300, channel="quiet")])
    channels = [row.channel for row in await notify.due(T0 + 1)]
    assert (channels.count("full"), channels.count("quiet")) == (DUE_TOGETHER, 1)


async def test_a_channel_is_off_while_a_delivery_that_was_answered_410_waits(store: Client) -> None:
    notify = NotifyStore(store)
    gone = delivery(400, channel="gone", status="disabled", response_status=410)
    await notify.put_deliveries([gone, delivery(401, channel="other", status="disabled")])
    assert await notify.disabled_channels() == {"gone"}
    await notify.put_deliveries([msgspec.structs.replace(gone, status="pending", revision=2)])
    assert await notify.disabled_channels() == set()


async def test_what_surrounds_an_alert_is_read_without_what_is_personal(store: Client) -> None:
    notify = NotifyStore(store)
    await store_activities(store, [activity(n, at=T0 - n * MINUTE, delay=n * MINUTE, history=n == 3) for n in range(4)])
    made = content(at=T0, evidence=evidence([uid(1002), uid(1000)]), completed=(T0, uid(1000)))
    assert await notify.witnesses(made, [uid(1003), uid(1000), uid(1999)]) == [
        witness(3, at=T0 - 3 * MINUTE, received_at=T0, history=True),
        witness(0, at=T0, received_at=T0),
    ]
    assert await notify.usual_delay("acme", "generic", "main", since=T0 - DAY) in range(2 * MINUTE, 3 * MINUTE + 1)
    assert await notify.usual_delay("acme", "generic", "other", since=T0 - DAY) == 0
    assert await notify.active_users("acme", since=T0 - HOUR) == 1
    assert await notify.active_users("globex", since=T0 - HOUR) == 0
    assert await notify.names("acme", [PERSON, ADDRESS, "0" * 32]) == {PERSON: "Ann Example", ADDRESS: "203.0.113.9"}
    assert await notify.names("globex", [PERSON]) == {}
    assert await notify.raised("acme", "bulk_export", since=T0) == 0


async def test_the_same_notice_is_said_once(store: Client, reader: Client) -> None:
    notify = NotifyStore(store)
    notice = Notice(notice_id("fuse_blown", "acme"), "acme", "fuse_blown", "bulk_export", "it has blown", 4)
    for _ in range(2):
        await notify.put_notice(notice)
    rows = await reader.query("SELECT kind, text FROM notices FINAL", row=list[str])
    assert rows == [["fuse_blown", "it has blown"]]
