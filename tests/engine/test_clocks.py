"""A partition's clocks: who holds a tenant's time back, and who does not."""

from __future__ import annotations

from collections.abc import Mapping

from domain.clock import BEGINNING, MINUTE
from domain.wire import LaneMark, Marks
from engine.clocks import SOON, Clocks

NOON = 1_795_521_600_000


def clock(*heard: Mapping[str, LaneMark], every: int = SOON) -> int | None:
    """The tenant's time once these lanes were heard, one after the other, `every` so many ms."""
    clocks = Clocks({}, ())
    clocks.know("acme")
    for at, lanes in enumerate(heard):
        clocks.hear(Marks(1, NOON + at * every, dict(lanes), tuple(lanes)))
        clocks.advance()
    return clocks.now.get("acme")


def test_the_slowest_lane_decides() -> None:
    assert clock({"raw:0": lane(NOON, NOON), "raw:1": lane(NOON, NOON - MINUTE)}) == NOON - MINUTE


def test_a_lane_more_than_a_minute_behind_the_fastest_that_carries_the_tenant_holds_nobody_back() -> None:
    lanes = {"raw:0": lane(NOON, NOON), "raw:1": lane(NOON, NOON - MINUTE - 1)}
    assert clock(lanes, lanes) == NOON


def test_of_an_old_backlog_each_lane_may_be_where_the_fastest_was_a_few_seconds_ago() -> None:
    hour = 60 * MINUTE
    begun = {"raw:0": lane(NOON - 3 * hour, NOON - 3 * hour), "raw:1": lane(NOON - 4 * hour, NOON - 4 * hour)}
    ahead = {"raw:0": lane(NOON - 2 * hour, NOON - 2 * hour), "raw:1": begun["raw:1"]}
    follows = {"raw:0": lane(NOON, NOON), "raw:1": lane(NOON - 3 * hour, NOON - 3 * hour)}
    assert clock(begun, ahead, every=SOON - 1) == NOON - 4 * hour
    assert clock(begun, ahead, follows, every=SOON // 2) == NOON - 3 * hour
    assert clock(begun, ahead, follows, follows, every=SOON // 2) == NOON


def test_after_an_outage_an_empty_lane_does_not_make_everything_late() -> None:
    behind = NOON - 30 * MINUTE
    assert clock(*[{"raw:0": lane(behind, behind), "http:0": lane(NOON)}] * 2) == behind


def test_a_lane_that_was_not_read_yet_holds_everything_back() -> None:
    assert clock({"raw:0": lane(NOON, NOON), "raw:1": lane(BEGINNING - 1_000)}) is None


def lane(base: int, acme: int | None = None) -> LaneMark:
    return LaneMark(base, {} if acme is None else {"acme": acme}, 0)
