"""Windows, memories of what was counted, and what is usual."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from detectors import baseline, history, windows
from detectors.baseline import Usual
from detectors.history import Hours, Jobs
from detectors.windows import Seen, Window
from domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.detectors.story import MIDNIGHT

SPAN, KEEP = 10 * MINUTE, 8


class Entry(msgspec.Struct, frozen=True, array_like=True):
    at: int
    id: str
    amount: int


EVENTS = st.lists(st.tuples(st.sampled_from([0, 1, 500, SECOND, MINUTE, 9 * MINUTE]), st.integers(0, 5)), max_size=60)


@given(EVENTS)
def test_a_window_counts_exactly_while_it_is_not_full_and_never_too_much(events: list[tuple[int, int]]) -> None:
    window: Window[Entry] = Window()
    at, told = MIDNIGHT, []
    for number, (gap, amount) in enumerate(events):
        at += gap
        told.append(Entry(at, str(number), amount))
        window, _ = windows.expire(window, at - SPAN)
        window = windows.add(window, told[-1], span=SPAN, keep=KEEP)
        within = [entry for entry in told if entry.at > at - SPAN]
        assert window.entries == tuple(within[-KEEP:])
        missing = sum(1 for entry in within if entry.at // SECOND * SECOND <= at - SPAN)
        assert len(within) - missing <= window.count <= len(within)
        assert window.total <= sum(entry.amount for entry in within)
        if not window.full:
            assert (window.count, window.total) == (len(window.entries), sum(e.amount for e in window.entries))


@given(EVENTS)
def test_what_leaves_a_window_is_what_came_in(events: list[tuple[int, int]]) -> None:
    window: Window[Entry] = Window()
    at, gone = MIDNIGHT, 0
    for number, (gap, amount) in enumerate(events):
        at += gap
        window, left = windows.expire(window, at - SPAN)
        gone += sum(each for _, each in left)
        window = windows.add(window, Entry(at, str(number), amount), span=SPAN, keep=KEEP)
    assert gone + window.total == sum(amount for _, amount in events)


def test_a_full_window_has_at_most_a_slot_a_second() -> None:
    window: Window[Entry] = Window()
    for number in range(20_000):
        at = MIDNIGHT + number * 100
        window, _ = windows.expire(window, at - SPAN)
        window = windows.add(window, Entry(at, "", 1), span=SPAN, keep=KEEP)
    assert len(window.slots) == 600
    assert 5_990 <= window.count <= 6_000


def test_a_slot_leaves_with_its_first_millisecond() -> None:
    window: Window[Entry] = Window()
    for number in range(KEEP + 3):
        window = windows.add(window, Entry(MIDNIGHT + number * 400, "", 1), span=SPAN, keep=KEEP)
    assert [(slot.at, slot.count) for slot in window.slots] == [(MIDNIGHT, 3)]
    assert windows.expire(window, MIDNIGHT - 1) == (window, ())
    after, left = windows.expire(window, MIDNIGHT)
    assert (after.slots, after.count, left) == ((), KEEP, ((MIDNIGHT, 3),))


def test_what_was_seen_is_known_by_its_last_sight_and_its_largest_amount() -> None:
    seen, before = windows.see(Seen(), 1, 100, amount=5, keep=3)
    assert before is None
    seen, before = windows.see(seen, 2, 200, keep=3)
    seen, before = windows.see(seen, 1, 300, amount=2, keep=3)
    assert (seen, before) == (Seen((2, 1), (200, 300), (0, 5)), 5)
    assert windows.forget(seen, 199) is seen
    assert windows.forget(seen, 200) == Seen((1,), (300,), (5,))
    for key in (3, 4):
        seen, before = windows.see(seen, key, 400, keep=3)
    assert seen.keys == (1, 3, 4)


def test_a_fingerprint_is_the_same_everywhere_and_tells_words_apart() -> None:
    assert windows.fingerprint("app", "a") == windows.named("app", "a") == 227_756_084_797_636
    assert windows.fingerprint("a", "b") != windows.fingerprint("ab")


def test_usual_takes_three_days_and_two_of_them() -> None:
    usual = baseline.meet(Usual(), 1, MIDNIGHT)
    assert not baseline.is_usual(usual, 1, MIDNIGHT + 3 * DAY)
    usual = baseline.meet(usual, 1, MIDNIGHT + DAY)
    assert not baseline.is_usual(usual, 1, MIDNIGHT + 3 * DAY - 1)
    assert baseline.is_usual(usual, 1, MIDNIGHT + 3 * DAY)
    assert not baseline.is_usual(usual, 2, MIDNIGHT + 3 * DAY)


def test_meeting_a_value_again_on_one_day_changes_nothing() -> None:
    usual = baseline.meet(Usual(), 1, MIDNIGHT)
    assert baseline.meet(usual, 1, MIDNIGHT + HOUR) is usual


def test_values_are_forgotten_after_29_days_and_the_17th_makes_room() -> None:
    usual = baseline.meet(baseline.meet(Usual(), 1, MIDNIGHT), 1, MIDNIGHT + DAY)
    assert baseline.expire(usual, MIDNIGHT + 29 * DAY - 1) is usual
    assert [value.met for value in baseline.expire(usual, MIDNIGHT + 29 * DAY).values] == [(MIDNIGHT + DAY,)]
    assert baseline.expire(usual, MIDNIGHT + 30 * DAY) == Usual()
    for key in range(2, 17):
        usual = baseline.meet(usual, key, MIDNIGHT + 2 * DAY)
    usual = baseline.meet(usual, 1, MIDNIGHT + 2 * DAY)
    assert [value.key for value in baseline.meet(usual, 99, MIDNIGHT + 2 * DAY).values] == [*range(3, 17), 1, 99]


def test_percentile_and_median() -> None:
    assert baseline.percentile([], 99) == 0
    assert baseline.percentile(range(1, 101), 99) == 99
    assert baseline.percentile([5, 1, 3], 95) == 5
    assert (baseline.median([]), baseline.median([3, 1, 2]), baseline.median([1, 2])) == (0, 2, 1.5)


def test_weeks_are_whole_clock_hours_that_end_where_this_week_begins() -> None:
    now = MIDNIGHT // HOUR
    hours = Hours((now - 839, now - 700, now - 335, now - 168, now - 167, now), (8, 100, 40, 2, 1_000, 1))
    assert history.this_week(hours, MIDNIGHT) == 1_001
    assert history.weekly_median(hours, MIDNIGHT) == 21  # of 42, 0, 0 and 108: an empty week counts
    assert history.weekly_median(Hours((now - 167,), (5,)), MIDNIGHT) is None
    assert history.weekly_median(Hours((now - 168,), (5,)), MIDNIGHT) == 5
    assert history.expire_hours(hours, MIDNIGHT) is hours
    assert history.expire_hours(hours, MIDNIGHT + HOUR).hours[0] == now - 700


def test_the_ninth_app_makes_room_for_itself() -> None:
    jobs = Jobs()
    for key in range(1, 10):
        at = MIDNIGHT + key * 2 * HOUR
        jobs = history.expire_jobs(jobs, at, HOUR)
        jobs = history.ran(history.use(jobs, key, at), at, 5)
    assert [job.key for job in jobs.jobs] == list(range(2, 10))
