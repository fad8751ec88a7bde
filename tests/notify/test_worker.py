"""What on-call hears of alerts as they come, are revised, replaced and withdrawn; on a fake clock."""

from __future__ import annotations

import msgspec
import pytest

from domain.alert import Severity
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import StoreUnavailable
from domain.incident import Incident, incident_id
from notify.settings import Channel, NotifySettings
from notify.worker import Notifier
from tests.notify.fakes import T0, MemoryStore, content, uid, witness

ONE = NotifySettings(channels={"oncall": Channel(url="https://hooks.example.com/a")})
TWO = NotifySettings(
    channels={
        "oncall": Channel(url="https://hooks.example.com/a", min_severity="HIGH"),
        "queue": Channel(url="https://hooks.example.com/b"),
    }
)


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    made.activities = {uid(1000 + n): witness(n) for n in range(1, 100)}
    return made


def only(store: MemoryStore) -> Incident:
    [incident] = store.incidents.values()
    return incident


async def test_a_critical_alert_is_paged_at_once(store: MemoryStore) -> None:
    store.accept(content(severity=Severity.CRITICAL), at=T0 + SECOND, version=1)
    await Notifier(ONE, store).poll(T0 + 2 * SECOND)
    assert store.sent() == [("opened", "oncall")]
    assert only(store) == Incident(
        tenant="acme",
        incident_id=incident_id("acme", uid(1)),
        alert_ids=(uid(1),),
        alert_versions=(1,),
        detector="bulk_export",
        severity=Severity.CRITICAL,
        status="open",
        opened_at=T0 + SECOND,
        paged=True,
        channels=("oncall",),
        notified_at=T0 + 2 * SECOND,
        revision=1,
    )


async def test_another_alert_waits_30_s_and_its_revisions_make_one_page(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.MEDIUM), at=T0, version=1)
    await notifier.poll(T0 + SECOND)
    store.accept(content(severity=Severity.HIGH), at=T0 + 20 * SECOND, version=2)
    await notifier.poll(T0 + 29 * SECOND)
    assert store.sent() == []
    await notifier.poll(T0 + 30 * SECOND)
    assert store.sent() == [("opened", "oncall")]
    assert '"severity":"HIGH"' in store.written[0].body


async def test_a_rise_is_immediate_and_an_update_waits_five_minutes(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.MEDIUM), at=T0, version=1)
    await notifier.poll(T0 + 30 * SECOND)
    store.accept(content(severity=Severity.MEDIUM, observed=240_000.0), at=T0 + 40 * SECOND, version=2)
    await notifier.poll(T0 + 41 * SECOND)
    store.accept(content(severity=Severity.HIGH, observed=300_000.0), at=T0 + 50 * SECOND, version=3)
    await notifier.poll(T0 + 51 * SECOND)
    assert store.sent() == [("opened", "oncall"), ("escalated", "oncall")]
    store.accept(content(severity=Severity.HIGH, observed=600_000.0), at=T0 + 60 * SECOND, version=4)
    await notifier.poll(T0 + 51 * SECOND + 5 * MINUTE - 1)
    assert len(store.sent()) == 2
    await notifier.poll(T0 + 51 * SECOND + 5 * MINUTE)
    assert store.sent()[2:] == [("updated", "oncall")]
    keys = {msgspec.json.decode(d.body)["data"]["dedup_key"] for d in store.written}
    assert keys == {incident_id("acme", uid(1))}, "revisions keep the notification key"
    assert len({d.webhook_id for d in store.written}) == 3


async def test_an_alert_withdrawn_after_its_page_gives_exactly_one_update(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.CRITICAL), at=T0, version=1)
    await notifier.poll(T0 + SECOND)
    store.accept(content(severity=Severity.CRITICAL), at=T0 + MINUTE, version=2, withdrawn=True)
    for at in range(T0 + MINUTE, T0 + 20 * MINUTE, 30 * SECOND):
        await notifier.poll(at)
    await Notifier(ONE, store).poll(T0 + HOUR)
    assert store.sent() == [("opened", "oncall"), ("withdrawn", "oncall")]
    assert (only(store).status, only(store).alert_versions) == ("withdrawn", (2,))


async def test_an_alert_withdrawn_before_its_page_gives_none(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(), at=T0, version=1)
    await notifier.poll(T0 + SECOND)
    store.accept(content(), at=T0 + 10 * SECOND, version=2, withdrawn=True)
    await notifier.poll(T0 + 11 * SECOND)
    await notifier.poll(T0 + HOUR)
    assert store.sent() == []
    assert (only(store).status, only(store).paged) == ("withdrawn", False)


async def test_a_replacement_inherits_the_key_and_pages_only_when_severity_rises(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(1, severity=Severity.HIGH), at=T0, version=1)
    await notifier.poll(T0 + 30 * SECOND)
    store.accept(content(1, severity=Severity.HIGH), at=T0 + MINUTE, version=2, withdrawn=True)
    store.accept(content(2, severity=Severity.HIGH), at=T0 + MINUTE, version=1, replaces=(uid(1),))
    for at in range(T0 + MINUTE, T0 + 7 * MINUTE, 30 * SECOND):
        await notifier.poll(at)
    assert store.sent() == [("opened", "oncall"), ("updated", "oncall")]
    store.accept(content(2, severity=Severity.CRITICAL), at=T0 + 8 * MINUTE, version=2, replaces=(uid(1),))
    await notifier.poll(T0 + 8 * MINUTE)
    assert store.sent()[2:] == [("escalated", "oncall")]
    assert only(store).alert_ids == (uid(1), uid(2))
    assert only(store).alert_versions == (2, 2)
    assert {d.incident_id for d in store.written} == {incident_id("acme", uid(1))}


async def test_two_episodes_that_merge_close_one_of_two_incidents(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    for number in (1, 2):
        store.accept(content(number, severity=Severity.CRITICAL), at=T0 + number, version=1)
    await notifier.poll(T0 + SECOND)
    for number in (1, 2):
        store.accept(content(number, severity=Severity.CRITICAL), at=T0 + MINUTE, version=2, withdrawn=True)
    store.accept(content(3, severity=Severity.CRITICAL), at=T0 + MINUTE, version=1, replaces=(uid(1), uid(2)))
    for at in range(T0 + MINUTE, T0 + 7 * MINUTE, 30 * SECOND):
        await notifier.poll(at)
    said = [(d.kind, d.incident_id) for d in store.written]
    first, second = incident_id("acme", uid(1)), incident_id("acme", uid(2))
    assert said == [("opened", first), ("opened", second), ("closed", second), ("updated", first)]


async def test_silent_when_stored_too_late_or_history_or_shadow_or_info(store: MemoryStore) -> None:
    store.activities[uid(1002)] = witness(2, history=True)
    store.accept(content(1), at=T0 + HOUR + 1, version=1)
    store.accept(content(2), at=T0, version=1)
    store.accept(content(3, stage="shadow"), at=T0, version=1)
    store.accept(content(4, severity=Severity.INFO), at=T0, version=1)
    store.accept(content(5, at=T0 - 3 * DAY), at=T0, version=1)
    await Notifier(ONE, store).poll(T0 + 2 * HOUR)
    assert store.sent() == []
    quiet = {i.current: i.quiet for i in store.incidents.values()}
    assert quiet == {uid(1): "late", uid(2): "history", uid(3): "shadow", uid(4): "info", uid(5): "late"}


async def test_a_feed_that_is_usually_late_still_pages(store: MemoryStore) -> None:
    store.delay = 30 * MINUTE
    store.accept(content(), at=T0 + HOUR + 29 * MINUTE, version=1)
    await Notifier(ONE, store).poll(T0 + 2 * HOUR)
    assert store.sent() == [("opened", "oncall")]


async def test_a_late_rise_of_a_paged_incident_is_an_update_and_no_page(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.MEDIUM), at=T0, version=1)
    await notifier.poll(T0 + 30 * SECOND)
    store.accept(content(severity=Severity.HIGH), at=T0 + 2 * HOUR, version=2)
    await notifier.poll(T0 + 2 * HOUR)
    assert store.sent() == [("opened", "oncall"), ("updated", "oncall")]


async def test_info_that_rises_is_paged_at_once(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.INFO), at=T0, version=1)
    await notifier.poll(T0 + SECOND)
    store.accept(content(severity=Severity.HIGH), at=T0 + 31 * SECOND, version=2)
    await notifier.poll(T0 + 31 * SECOND)
    assert store.sent() == [("opened", "oncall")]


async def test_a_channel_hears_from_its_severity_on_and_first_hears_it_opened(store: MemoryStore) -> None:
    notifier = Notifier(TWO, store)
    store.accept(content(severity=Severity.MEDIUM), at=T0, version=1)
    await notifier.poll(T0 + 30 * SECOND)
    assert store.sent() == [("opened", "queue")]
    store.accept(content(severity=Severity.HIGH), at=T0 + MINUTE, version=2)
    await notifier.poll(T0 + MINUTE)
    assert store.sent()[1:] == [("opened", "oncall"), ("escalated", "queue")]


async def test_another_tenants_channel_hears_nothing(store: MemoryStore) -> None:
    settings = NotifySettings(channels={"theirs": Channel(url="https://hooks.example.com/x", tenant="globex")})
    store.accept(content(severity=Severity.CRITICAL), at=T0, version=1)
    await Notifier(settings, store).poll(T0)
    assert store.sent() == []
    assert not only(store).paged


async def test_a_blown_fuse_stops_pages_but_critical_ones_and_says_so_once(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    for number in range(1, 56):
        store.accept(content(number, severity=Severity.MEDIUM), at=T0, version=1)
    await notifier.poll(T0 + 30 * SECOND)
    assert len(store.sent()) == 50
    assert [i.quiet for i in store.incidents.values()].count("fuse") == 5
    assert [n.kind for n in store.notices.values()] == ["fuse_blown"]
    store.accept(content(60, severity=Severity.CRITICAL), at=T0 + MINUTE, version=1)
    await notifier.poll(T0 + MINUTE)
    assert len(store.sent()) == 51


async def test_a_crash_between_the_two_writes_makes_no_second_page(store: MemoryStore) -> None:
    store.accept(content(severity=Severity.CRITICAL), at=T0, version=1)
    store.broken = "put_incidents"
    with pytest.raises(StoreUnavailable):
        await Notifier(ONE, store).poll(T0 + SECOND)
    assert store.incidents == {}
    store.accept(content(severity=Severity.CRITICAL, observed=9e6), at=T0 + SECOND, version=2)
    notifier = Notifier(ONE, store)
    await notifier.poll(T0 + 2 * SECOND)
    assert store.sent() == [("opened", "oncall")]
    await notifier.poll(T0 + 10 * MINUTE)
    assert store.sent() == [("opened", "oncall"), ("updated", "oncall")]


async def test_a_page_that_could_not_be_stored_is_made_again_under_the_same_id(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.CRITICAL), at=T0, version=1)
    store.broken = "put_deliveries"
    with pytest.raises(StoreUnavailable):
        await notifier.poll(T0)
    await notifier.poll(T0 + SECOND)
    await notifier.poll(T0 + 2 * SECOND)
    assert store.sent() == [("opened", "oncall")]


async def test_closing_an_alert_tells_whoever_was_paged_once_and_a_rise_opens_it_again(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    store.accept(content(severity=Severity.HIGH), at=T0, version=1)
    await notifier.poll(T0 + 30 * SECOND)
    store.decisions.append((uid(1), "close", uid(9001)))
    for at in range(T0 + MINUTE, T0 + 3 * MINUTE, 10 * SECOND):
        await notifier.poll(at)
    assert store.sent() == [("opened", "oncall"), ("closed", "oncall")]
    store.accept(content(severity=Severity.HIGH, observed=9e5), at=T0 + 4 * MINUTE, version=2)
    await notifier.poll(T0 + 10 * MINUTE)
    assert len(store.sent()) == 2, "an update of what somebody closed is no news"
    store.accept(content(severity=Severity.CRITICAL), at=T0 + 11 * MINUTE, version=3)
    await notifier.poll(T0 + 11 * MINUTE)
    await notifier.poll(T0 + 12 * MINUTE)
    assert store.sent()[2:] == [("escalated", "oncall")]
    assert only(store).status == "open"


async def test_names_are_shown_only_to_a_channel_that_may_know_them(store: MemoryStore) -> None:
    settings = NotifySettings(
        channels={
            "named": Channel(url="https://hooks.example.com/a", identity="full"),
            "plain": Channel(url="https://hooks.example.com/b"),
        }
    )
    store.people = {content().subject.rpartition("|")[2]: "Ann Example"}
    store.accept(content(severity=Severity.CRITICAL), at=T0, version=1)
    await Notifier(settings, store).poll(T0)
    bodies = {d.channel: d.body for d in store.written}
    assert "Ann Example exported 118,400" in bodies["named"]
    assert "Ann Example" not in bodies["plain"]
    assert "person-a1b2c3d4 exported 118,400" in bodies["plain"]


async def test_an_alert_that_cannot_be_put_into_words_does_not_silence_the_others(store: MemoryStore) -> None:
    notifier = Notifier(ONE, store)
    broken = content(1, severity=Severity.CRITICAL, parts={"rows": {"span_ms": "long"}, "object": "x", "p50": 1})
    store.accept(broken, at=T0, version=1)
    store.accept(content(2, severity=Severity.CRITICAL), at=T0, version=1)
    await notifier.poll(T0)
    await notifier.poll(T0 + SECOND)
    assert store.sent() == [("opened", "oncall")]
    assert [(n.kind, n.subject) for n in store.notices.values()] == [("alert_untold", uid(1))]
    store.accept(content(1, severity=Severity.CRITICAL), at=T0 + MINUTE, version=2)
    await notifier.poll(T0 + MINUTE)
    assert len(store.sent()) == 2


async def test_asked_to_end_amid_many_alerts_it_begins_no_other_and_the_next_start_tells_of_the_rest(
    store: MemoryStore,
) -> None:
    for n in range(1, 6):
        store.accept(content(n, severity=Severity.CRITICAL), at=T0, version=1)
    await Notifier(ONE, store, lambda: len(store.sent()) == 2).poll(T0)
    assert len(store.sent()) == len(store.incidents) == 2
    await Notifier(ONE, store).poll(T0 + SECOND)
    assert len(store.sent()) == len({d.webhook_id for d in store.written}) == 5
