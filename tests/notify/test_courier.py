"""Deliveries on a fake clock: outages of hours, receivers that are gone, busy or slow, a store that is away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from domain.clock import HOUR, MINUTE, SECOND
from domain.incident import Delivery
from notify import courier as module
from notify.courier import Courier
from notify.delivery import SCHEDULE, Answer, again
from notify.settings import Channel, NotifySettings
from notify.signature import new_secret
from tests.notify.fakes import T0, MemoryStore, delivery

SETTINGS = NotifySettings(
    channels={name: Channel(url=f"https://{name}.example.com/") for name in ("oncall", "slow", "gone")}
)
DOWN = Answer(status=500, error="the receiver answered 500")


class Receivers:
    """Answers by channel, and a clock that only the test moves."""

    def __init__(self) -> None:
        self.now = T0
        self.attempts: list[tuple[int, str, str]] = []
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.hold: dict[str, asyncio.Event] = {}

    async def send(self, made: Delivery, channel: Channel, keys: tuple[bytes, ...], at: int) -> Answer:
        assert keys
        self.attempts.append((self.now, made.channel, made.webhook_id))
        if made.channel in self.hold:
            await self.hold[made.channel].wait()
        return self.answers.get(made.channel, lambda: Answer(status=200))()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "channels").mkdir()
    for name in SETTINGS.channels:
        (tmp_path / "channels" / f"{name}.secret").write_text(new_secret() + "\n")
    return tmp_path


def make(store: MemoryStore, receivers: Receivers, data: Path) -> Courier:
    return Courier(SETTINGS, data, store, send=receivers.send, now=lambda: receivers.now)


async def pass_time(courier: Courier, receivers: Receivers, *, until: int, step: int = 5 * SECOND) -> None:
    while receivers.now < until:
        receivers.now += step
        await courier.poll()
        await courier.drained()


async def test_hours_of_500_and_then_recovery_deliver_each_id_exactly_once(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    receivers.answers["oncall"] = lambda: DOWN if receivers.now < T0 + 5 * HOUR else Answer(status=200)
    await store.put_deliveries([delivery(n) for n in range(1, 6)])
    courier = make(store, receivers, data)
    for hours in range(1, 13):
        await pass_time(courier, receivers, until=T0 + hours * HOUR, step=30 * SECOND)
        courier = make(store, receivers, data)  # a restart between any two attempts changes nothing
    recovered = [made for at, _, made in receivers.attempts if at >= T0 + 5 * HOUR]
    assert Counter(recovered) == Counter({delivery(n).webhook_id: 1 for n in range(1, 6)})
    assert {row.status for row in store.rows.values()} == {"delivered"}
    for number in range(1, 6):
        tried = [at for at, _, made in receivers.attempts if made == delivery(number).webhook_id]
        pauses = [later - earlier for earlier, later in pairwise(tried)]
        for made, seconds in zip(pauses, SCHEDULE[1:], strict=False):
            assert seconds * 800 <= made <= seconds * 1200 + 30 * SECOND, "the schedule, at polls of 30 s"


async def test_410_switches_the_channel_off_until_it_is_enabled_and_says_so_once(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    receivers.answers["gone"] = lambda: Answer(status=410, error="the receiver answered 410")
    await store.put_deliveries([delivery(1, channel="gone"), delivery(2, channel="gone", next_attempt_at=T0 + MINUTE)])
    courier = make(store, receivers, data)
    await pass_time(courier, receivers, until=T0 + 2 * MINUTE)
    assert [(channel, made) for _, channel, made in receivers.attempts] == [("gone", delivery(1).webhook_id)]
    assert {row.status for row in store.rows.values()} == {"disabled"}
    assert [(n.kind, n.subject) for n in store.notices.values()] == [("channel_disabled", "gone")]
    receivers.answers.clear()
    await store.put_deliveries([again(row, receivers.now) for row in list(store.rows.values())])
    await pass_time(courier, receivers, until=T0 + 3 * MINUTE)
    assert {row.status for row in store.rows.values()} == {"delivered"}


async def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    busy = Answer(status=429, error="the receiver answered 429", retry_after=10 * MINUTE)
    receivers.answers["oncall"] = lambda: busy if receivers.now < T0 + MINUTE else Answer(status=200)
    await store.put_deliveries([delivery(1), delivery(2, next_attempt_at=T0 + MINUTE), delivery(3, channel="slow")])
    await pass_time(make(store, receivers, data), receivers, until=T0 + HOUR)
    tried = [at - T0 for at, channel, _ in receivers.attempts if channel == "oncall"]
    assert tried == [5 * SECOND, 10 * MINUTE + 5 * SECOND, 10 * MINUTE + 5 * SECOND]
    assert {row.status for row in store.rows.values()} == {"delivered"}


async def test_a_slow_receiver_takes_two_at_a_time_and_does_not_delay_another_channel(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    receivers.hold["slow"] = asyncio.Event()
    await store.put_deliveries([delivery(n, channel="slow") for n in range(1, 9)])
    await store.put_deliveries([delivery(n, channel="oncall") for n in range(1, 9)])
    courier = make(store, receivers, data)
    await courier.poll()
    async with asyncio.timeout(5):
        while sum(1 for row in store.rows.values() if row.status == "delivered") < 8:  # noqa: ASYNC110 - under a deadline
            await asyncio.sleep(0)
    assert Counter(channel for _, channel, _ in receivers.attempts) == {"slow": 2, "oncall": 8}
    receivers.hold["slow"].set()
    await courier.drained()
    assert Counter(channel for _, channel, _ in receivers.attempts) == {"slow": 8, "oncall": 8}


async def test_an_answer_waits_for_a_store_that_is_away_and_nothing_is_sent_twice(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORD_AGAIN", 0.0)
    store, receivers = MemoryStore(), Receivers()
    await store.put_deliveries([delivery(1)])
    store.broken = "put_deliveries"
    courier = make(store, receivers, data)
    await pass_time(courier, receivers, until=T0 + MINUTE)
    assert len(receivers.attempts) == 1
    assert [row.status for row in store.rows.values()] == ["delivered"]


async def test_a_row_read_before_its_answer_was_written_is_not_sent_again(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    await store.put_deliveries([delivery(1)])
    courier = make(store, receivers, data)
    stale = await store.due(T0)
    await courier.poll()
    await courier.drained()

    async def slow_answer(at: int) -> list[Delivery]:
        return stale

    store.due = slow_answer  # type: ignore[method-assign] # the store's answer was under way meanwhile
    await courier.poll()
    await courier.drained()
    assert len(receivers.attempts) == 1


async def test_a_channel_without_secret_or_settings_is_tried_again_later_with_the_reason(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    (data / "channels" / "oncall.secret").unlink()
    await store.put_deliveries([delivery(1), delivery(2, channel="former")])
    await pass_time(make(store, receivers, data), receivers, until=T0 + SECOND, step=SECOND)
    rows = {channel: row for (_, channel), row in store.rows.items()}
    assert rows["former"].error == "notify.channels has no 'former' any more"
    assert "`vedette channels secret oncall` makes one" in rows["oncall"].error
    assert {row.status for row in rows.values()} == {"pending"}
    assert receivers.attempts == []


async def test_stopping_leaves_what_is_on_its_way_to_the_next_start(data: Path) -> None:
    store, receivers = MemoryStore(), Receivers()
    receivers.hold["slow"] = asyncio.Event()
    await store.put_deliveries([delivery(n, channel="slow") for n in range(1, 5)])
    courier = make(store, receivers, data)
    await courier.poll()
    await courier.stop(0.05)
    assert {row.status for row in store.rows.values()} == {"pending"}
    receivers.hold.clear()
    receivers.attempts.clear()
    again_started = make(store, receivers, data)
    await again_started.poll()
    await again_started.drained()
    assert sorted(made for _, _, made in receivers.attempts) == [delivery(n).webhook_id for n in range(1, 5)]
