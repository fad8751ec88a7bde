"""A feed that is refused too often is noticed, once an hour, and goes on."""

from __future__ import annotations

from collections import Counter

from domain.alert import Severity
from domain.clock import HOUR
from domain.incident import Notice, notice_id
from ingest.rejects import Rejects

FEED = ("acme", "generic")
AT = 1_795_500_000_000


def test_silent_at_five_percent_of_a_window() -> None:
    assert Rejects().count(Counter({FEED: 950}), Counter({FEED: 50}), at=AT) == []


def test_silent_before_a_window_is_full() -> None:
    assert Rejects().count(Counter(), Counter({FEED: 999}), at=AT) == []


def test_noticed_beyond_five_percent_with_what_to_do() -> None:
    rejects = Rejects()
    assert rejects.count(Counter({FEED: 900}), Counter({FEED: 51}), at=AT) == []
    [notice] = rejects.count(Counter({FEED: 49}), Counter(), at=AT)
    assert notice == Notice(
        notice_id=notice_id("rejects", "acme", "generic", str(AT // HOUR)),
        tenant="acme",
        kind="rejects",
        subject="generic",
        text="generic: 51 of the last 1,000 records were refused; `vedette dead-letters list` says why",
        severity=Severity.MEDIUM,
    )


def test_each_window_counts_from_nothing_and_feeds_do_not_mix() -> None:
    rejects = Rejects()
    assert len(rejects.count(Counter(), Counter({FEED: 1_000}), at=AT)) == 1
    assert rejects.count(Counter({FEED: 1_000, ("acme", "salesforce"): 1_000}), Counter({FEED: 10}), at=AT) == []
