"""Whenever a collector is killed, the next one delivers what is missing, and a cursor never runs ahead of the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import pytest

from domain.errors import StoreUnavailable, Unavailable
from ingest.collect.delivery import Delivery
from ingest.collect.rounds import Recent, Told
from tests.ingest.collect.made import Killed, Log, collect
from tests.ingest.collect.vendors import NOON, EspoCRM, HubSpot, Salesforce, Twenty, Vendor, log_file
from transport.batch import Sent

FILES = {f"0AT{n}": ("Logout", NOON - 60_000 * n, log_file(f"r{n}")) for n in range(1, 5)}


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("hubspot", lambda: HubSpot(230, 120, 120)),
        ("espocrm", lambda: EspoCRM(450)),
        ("twenty", lambda: Twenty(2_100)),
        ("salesforce", lambda: Salesforce(FILES, trail=3)),
    ],
)
async def test_killed_at_any_step_and_again_nothing_is_lost(name: str, make: Callable[[], Vendor]) -> None:
    vendor, whole = make(), Log()
    await collect(name, vendor, whole)
    for step in range(1, 40):
        log, killed = Log(), []
        for dies in (step, max(1, step // 2)):
            log.dies = dies
            try:
                await collect(name, vendor, log)
            except Killed:
                killed.append(dies)
        log.dies = 10**9
        await collect(name, vendor, log)
        assert set(log.records) == set(whole.records), f"killed at {step}"
        if step not in killed[:1]:
            return
    pytest.fail("more steps than expected")


async def test_a_page_token_that_has_ended_begins_the_walk_anew() -> None:
    vendor, log = HubSpot(logins=250), Log()
    log.dies = 4  # the second page is being delivered
    with pytest.raises(Killed):
        await collect("hubspot", vendor, log)
    gone = log.cursors["acme", "hubspot", "login"].token
    vendor.rows["login"] = [row for row in vendor.rows["login"] if row["id"] != gone]
    log.dies = 10**9
    assert (await collect("hubspot", vendor, log))[0].fault == ""
    assert {json.loads(each)["id"] for each in log.records} >= {row["id"] for row in vendor.rows["login"]}


async def test_the_overlap_is_not_sent_again_while_the_collector_runs_and_harmlessly_after() -> None:
    vendor, log, recent = HubSpot(logins=20, securities=20), Log(), Recent()
    assert [each.sent for each in await collect("hubspot", vendor, log, recent=recent)] == [20, 20, 0]
    assert [each.sent for each in await collect("hubspot", vendor, log, at=NOON + 60_000, recent=recent)] == [0, 0, 0]
    assert [each.sent for each in await collect("hubspot", vendor, log, at=NOON + 120_000)] == [20, 20, 0]


async def test_a_feed_that_is_refused_keeps_its_cursor_and_does_not_stop_the_others() -> None:
    vendor, log = HubSpot(logins=3, securities=3), Log()
    vendor.rows.pop("audit-logs")  # the server answers 500 from now on
    told = await collect("hubspot", vendor, log)
    assert told[:2] == [Told("login", 3), Told("security", 3)]
    assert told[2].passing
    assert set(log.cursors) == {("acme", "hubspot", "login"), ("acme", "hubspot", "security")}


async def test_a_store_that_is_away_ends_the_round() -> None:
    log = Log()

    async def away(records: Sequence[bytes]) -> None:
        raise StoreUnavailable("the store did not answer")

    log.deliver = away  # type: ignore[method-assign]  # a part that fails
    with pytest.raises(StoreUnavailable):
        await collect("hubspot", HubSpot(logins=1), log)
    assert log.cursors == {}


class Broker:
    """A log of one partition in an epoch; `stored` per look at the lanes, the last one for ever."""

    def __init__(self, *stored: Mapping[str, int], epochs: Sequence[int] = (1,)) -> None:
        self.stored, self.epochs, self.sent = list(stored), list(epochs), 0

    async def send(self, records: Sequence[bytes]) -> list[Sent]:
        self.sent += len(records)
        return [Sent(0, self.sent - 1, NOON)]

    async def epoch(self) -> int:
        return self.epochs.pop(0) if len(self.epochs) > 1 else self.epochs[0]

    async def through(self, epoch: int) -> Mapping[str, int]:
        return self.stored.pop(0) if len(self.stored) > 1 else self.stored[0]

    def delivery(self, *, forgets: bool = True, patience: float = 5.0) -> Delivery:
        return Delivery(
            topic="t", send=self.send, epoch=self.epoch, through=self.through if forgets else None, patience=patience
        )


async def test_a_broker_that_forgets_has_delivered_once_ingest_has_stored() -> None:
    broker = Broker({}, {"t:0": 0}, {"t:0": 1})
    await broker.delivery()([b"a", b"b"])
    assert (broker.stored, broker.sent) == ([{"t:0": 1}], 2)
    with pytest.raises(Unavailable, match="ingest has stood still"):
        await Broker({}).delivery(patience=0.0)([b"a"])
    kept = Broker({})
    await kept.delivery(forgets=False)([b"a"])
    assert kept.sent == 1


async def test_a_log_that_was_opened_anew_is_sent_the_records_again() -> None:
    broker = Broker({}, {"t:0": 1}, epochs=(1, 2, 2, 2))
    await broker.delivery()([b"a"])
    assert broker.sent == 2
