"""Lanes with a backlog are taken evenly in time, and what is live waits for none of them."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ingest.queues import AHEAD, Queues

LANES = ("a", "b", "c")


class Read(NamedTuple):
    offset: int
    timestamp: int


def read(*times: int, start: int = 0) -> list[Read]:
    return [Read(start + n, time) for n, time in enumerate(times)]


def filled(**lanes: list[Read]) -> Queues[Read]:
    queues = Queues[Read]()
    for lane, records in lanes.items():
        queues.put(lane, records)
    return queues


def test_lanes_are_taken_up_to_the_time_that_is_known_of_each() -> None:
    queues = filled(a=read(10, 20, 30, 40), b=read(15, 25))
    taken = queues.take(100, live=(), awaited={"a": 0, "b": 0})
    assert taken == {"a": read(10, 20), "b": read(15, 25)}
    assert queues.take(100, live=(), awaited={"a": 20, "b": 25}) == {"a": read(30, 40, start=2)}, (
        "b is 5 s ahead at most"
    )
    queues.put("a", read(25 + AHEAD, 26 + AHEAD, start=4))
    assert queues.take(100, live=(), awaited={"b": 25}) == {"a": read(25 + AHEAD, start=4)}


def test_what_is_taken_next_is_known_before() -> None:
    queues = filled(a=read(10, 20))
    assert (queues.first("a"), queues.first("b")) == (Read(0, 10), None)
    queues.take(9, live=(), awaited={})
    assert queues.first("a") is None


def test_of_more_than_is_asked_for_the_oldest_come_first() -> None:
    queues = filled(a=read(10, 20, 30, 40), b=read(15, 16, 17, 18))
    assert queues.take(5, live=(), awaited={}) == {"a": read(10), "b": read(15, 16, 17, 18)}


def test_what_is_live_waits_for_no_backlog() -> None:
    queues = filled(old=read(10, 20), live=read(900, 901))
    assert queues.take(4, live={"live"}, awaited={"old": 5}) == {"old": read(10, 20), "live": read(900, 901)}
    queues.put("live", read(902, start=2))
    assert queues.take(4, live={"live"}, awaited={"old": 20}) == {"live": read(902, start=2)}


def test_a_lane_of_which_nothing_is_known_holds_nobody() -> None:
    assert filled(a=read(10)).take(9, live=(), awaited={"b": None}) == {"a": read(10)}


@given(
    st.lists(
        st.tuples(st.sampled_from(LANES), st.lists(st.integers(0, 40_000), max_size=6), st.integers(1, 8)), max_size=20
    ),
    st.sets(st.sampled_from(LANES)),
)
def test_every_record_comes_once_and_in_order_and_in_the_end_all_have_come(
    steps: list[tuple[str, list[int], int]], live: set[str]
) -> None:
    queues, put, got = Queues[Read](), dict.fromkeys(LANES, 0), {lane: list[int]() for lane in LANES}
    for lane, times, most in steps:
        queues.put(lane, read(*times, start=put[lane]))
        put[lane] += len(times)
        awaited = {each: None for each in LANES if not queues.waiting(each)}
        for each, records in queues.take(most, live=live, awaited=awaited).items():
            got[each] += [record.offset for record in records]
    for _ in range(sum(put.values())):
        for each, records in queues.take(1, live=live, awaited={}).items():
            got[each] += [record.offset for record in records]
    assert got == {lane: list(range(number)) for lane, number in put.items()}
    assert not queues
