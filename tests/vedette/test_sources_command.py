"""`vedette sources`: the table that answers "did my events arrive?"."""

from __future__ import annotations

import pytest

from storage.feeds import Feed
from tests.ingest.made import RECEIVED
from vedette.commands.sources import cells, span, table


def feed(**changes: object) -> Feed:
    whole: dict[str, object] = {
        "tenant": "acme", "source": "salesforce", "feed": "event log file", "stored": 12, "rejected": 1, "skipped": 3,
        "headers": 0, "conflicts": 4, "last_occurred": RECEIVED - 60_000, "last_received": RECEIVED - 5_000,
        "delay_median": 3_700.0, "delay_p99": 9_000.5,
    }  # fmt: skip
    return Feed(**{**whole, **changes})  # type: ignore[arg-type]


def test_a_feed_is_told_in_words() -> None:
    assert cells(feed(), RECEIVED) == (
        "acme", "salesforce", "event log file", "12", "1", "3", "4", "5.0 s ago", "61 min", "2 h",
    )  # fmt: skip


def test_a_feed_without_events_has_no_usual_delay() -> None:
    assert cells(feed(tenant="", stored=0, last_received=0), RECEIVED)[0] == "(none)"
    assert cells(feed(tenant="", stored=0, last_received=0), RECEIVED)[7:] == ("never", "", "")


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0.0 s"),
        (1_250, "1.2 s"),
        (59_000, "59 s"),
        (180_000, "3 min"),
        (7_200_000, "2 h"),
        (200_000_000, "2 d"),
        (-3_000, "-3.0 s"),
    ],
)
def test_a_span_has_two_figures(ms: int, words: str) -> None:
    assert span(ms) == words


def test_columns_stand_under_each_other() -> None:
    assert table([("A", "LONG"), ("longer", "1")]) == "A       LONG\nlonger  1"
