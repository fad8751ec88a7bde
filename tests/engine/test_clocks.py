"""A partition's clocks: who holds a tenant's time back, and who does not."""

from __future__ import annotations

from collections.abc import Mapping

from domain.clock import BEGINNING, MINUTE
from domain.wire import LaneMark, Marks
from engine.clocks import Clocks

NOON = 1_795_521_600_000


def clock(lanes: Mapping[str, LaneMark]) -> int | None:
    """The tenant's time once these lanes were heard."""
    clocks = Clocks({}, ())
    clocks.hear(Marks(1, dict(lanes), tuple(lanes)))
    clocks.know("acme")
    clocks.advance()
    return clocks.now.get("acme")


def test_the_slowest_lane_decides() -> None:
    assert clock({"raw:0": lane(NOON, NOON), "raw:1": lane(NOON, NOON - MINUTE)}) == NOON - MINUTE


def test_a_lane_more_than_a_minute_behind_the_fastest_that_carries_the_tenant_holds_nobody_back() -> None:
    assert clock({"raw:0": lane(NOON, NOON), "raw:1": lane(NOON, NOON - MINUTE - 1)}) == NOON


def test_after_an_outage_an_empty_lane_does_not_make_everything_late() -> None:
    behind = NOON - 30 * MINUTE
    assert clock({"raw:0": lane(behind, behind), "http:0": lane(NOON)}) == behind


def test_a_lane_that_was_not_read_yet_holds_everything_back() -> None:
    assert clock({"raw:0": lane(NOON, NOON), "raw:1": lane(BEGINNING - 1_000)}) is None


def lane(base: int, acme: int | None = None) -> LaneMark:
    return LaneMark(base, {} if acme is None else {"acme": acme}, 0)
