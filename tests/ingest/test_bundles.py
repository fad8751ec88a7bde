"""What ingest sends: every activity to each of its subjects once, in order, in messages that are not too large."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.activity import Activity, Judged
from domain.rows import Rows
from domain.wire import BUNDLE_ACTIVITIES, BUNDLE_BYTES, Bundle, activities_of, decode
from ingest.bundles import by_partition, by_subject, messages
from tests.ingest.made import activity, event
from tests.judged import as_judged


def made(n: int, subjects: str, **fields: Any) -> Activity:
    """An activity of subjects with names of one letter."""
    return msgspec.structs.replace(activity(event()), activity_id=f"{n}", actor_token=subjects, offset=n, **fields)


def sent(some: list[Activity]) -> list[Bundle]:
    found = [decode(message) for message in messages(by_subject(Rows.of(some), lambda head: head.actor_token))]
    assert all(isinstance(each, Bundle) for each in found)
    return [each for each in found if isinstance(each, Bundle)]


def delivered(bundles: list[Bundle]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for bundle in bundles:
        for group in bundle.groups:
            some = activities_of(group.activities)
            assert group.first <= min(each.occurred_at for each in some)
            assert group.last >= max(each.occurred_at for each in some)
            assert group.received <= min(each.received_at for each in some)
            found.setdefault(group.subject, []).extend(some)
    return found


@pytest.mark.parametrize("size", [0, 2_500, 400_000, BUNDLE_BYTES])
def test_every_subject_gets_what_it_is_judged_by_in_order_and_messages_are_not_too_large(size: int) -> None:
    few = 1_300 if size < 10_000 else 7
    some = [
        made(n, "ab" if n % 9 == 0 else "aacade"[n % 6], occurred_at=10**12 + n * 7 % 5_000, object_ids=("x" * size,))
        for n in range(few)
    ]
    bundles = sent(some)
    assert delivered(bundles) == {
        subject: as_judged(each for each in some if subject in each.actor_token) for subject in "abcde"
    }
    for bundle in bundles:
        counts = [len(activities_of(group.activities)) for group in bundle.groups]
        length = sum(len(group.activities) for group in bundle.groups)
        assert sum(counts) <= BUNDLE_ACTIVITIES
        assert length <= BUNDLE_BYTES or counts == [1]


def test_each_subject_is_sent_to_its_partition() -> None:
    names = [f"actor|acme|{n:08x}{0:024}" for n in (5, 6, 9)]
    parts = by_partition(by_subject(Rows.of([made(0, "")]), lambda _: names), 4)
    assert {partition: [mine.subject for mine in some] for partition, some in parts.items()} == {
        1: [names[0], names[2]],
        2: [names[1]],
    }
