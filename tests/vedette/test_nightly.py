"""Once a night it is time to renew the broker, and again for an hour while that cannot be done."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.clock import DAY, MINUTE, SECOND, millis
from vedette.nightly import AGAIN, Nightly
from vedette.settings import EmbeddedSettings

EVENING = millis(datetime(2026, 11, 24, 22, 0, tzinfo=UTC))
THREE = millis(datetime(2026, 11, 25, 3, 0, tzinfo=UTC))


def test_it_is_due_once_at_its_time_and_when_it_is_done_the_next_night() -> None:
    nightly = Nightly("03:00", EVENING)
    assert [nightly.due(at) for at in (EVENING, THREE - 1, THREE, THREE + SECOND)] == [False, False, True, False]
    nightly.done(THREE + 5 * SECOND)
    assert [nightly.due(at) for at in (THREE + AGAIN, THREE + DAY - 1, THREE + DAY)] == [False, False, True]


def test_what_is_put_off_is_tried_again_for_an_hour() -> None:
    nightly = Nightly("03:00", EVENING)
    tries = [minute for minute in range(120) if nightly.due(THREE + minute * MINUTE)]
    assert tries == [0, 10, 20, 30, 40, 50]
    assert nightly.due(THREE + DAY)


def test_a_night_that_was_slept_through_is_left_out() -> None:
    nightly = Nightly("03:00", EVENING)
    assert not nightly.due(THREE + 5 * 60 * MINUTE)
    assert nightly.due(THREE + DAY)


def test_without_a_time_it_is_never_due() -> None:
    nightly = Nightly("", EVENING)
    assert not any(nightly.due(EVENING + minute * MINUTE) for minute in range(2_000))


@pytest.mark.parametrize("text", ["3:00", "0300", "24:00", "03:60", "ab:cd", "03:00:00"])
def test_what_is_no_time_of_day_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of day"):
        EmbeddedSettings(broker_nightly=text)
