"""A source that gives two events one id is told so, once an hour; what comes twice is no such thing."""

from __future__ import annotations

import msgspec

from domain.activity import Activity
from domain.alert import Severity
from domain.clock import HOUR
from domain.incident import Notice, notice_id
from domain.rows import Rows
from ingest.reused import REMEMBERED, Reused
from tests.ingest.made import activity, event

AT = 1_795_500_000_000
ONE = activity(event(id="e-1"))
LATER = activity(event(id="e-1", occurred_at="2026-11-24T10:00:00Z"))


def told(*, text: str = "an id came") -> Notice:
    return Notice(
        notice_id=notice_id("ids_reused", ONE.tenant, "generic", str(AT // HOUR)),
        tenant=ONE.tenant,
        kind="ids_reused",
        subject="generic",
        text=f"generic: {text} again for another time, action or subject, counted as other events; "
        "let the source give each event its own id",
        severity=Severity.LOW,
    )


def other(one: Activity, number: int) -> Activity:
    return msgspec.structs.replace(one, native_id=f"o-{number}", activity_id=f"{number}")


def test_an_id_for_two_times_is_noticed_in_one_fetch_and_in_a_later_one() -> None:
    assert ONE.activity_id != LATER.activity_id
    assert Reused().count(Rows.of([ONE, other(ONE, 2), LATER]), at=AT) == [told()]
    reused = Reused()
    assert reused.count(Rows.of([ONE]), at=AT) == []
    assert reused.count(Rows.of([]), at=AT) == []
    assert reused.count(Rows.of([other(ONE, 2)]), at=AT) == []
    assert reused.count(Rows.of([LATER]), at=AT) == [told()]


def test_of_many_ids_those_that_came_last_are_remembered() -> None:
    reused = Reused()
    assert reused.count(Rows.of([ONE]), at=AT) == []
    assert reused.count(Rows.of([other(ONE, n) for n in range(REMEMBERED)]), at=AT) == []
    assert reused.count(Rows.of([LATER]), at=AT) == []


def test_one_notice_an_hour_says_how_many() -> None:
    reused, rows = Reused(), [other(ONE, n) for n in range(1_000)]
    assert reused.count(Rows.of(rows), at=AT) == []
    again = [msgspec.structs.replace(row, activity_id=f"x{row.activity_id}") for row in rows]
    assert reused.count(Rows.of(again), at=AT) == [told(text="1,000 ids came")]
    assert reused.count(Rows.of(rows), at=AT) == []
    assert len(reused.count(Rows.of(again), at=AT + HOUR)) == 1


def test_silent_for_what_is_delivered_twice_has_no_id_or_is_anothers() -> None:
    nameless = [msgspec.structs.replace(row, native_id="") for row in (ONE, LATER)]
    theirs = msgspec.structs.replace(LATER, tenant="globex"), msgspec.structs.replace(LATER, source="hubspot")
    assert Reused().count(Rows.of([ONE, ONE, *nameless, *theirs]), at=AT) == []
