"""Feeds and places: what arrived, how late, and what became of it by where it stood."""

from __future__ import annotations

import msgspec

from domain.clock import now
from storage.client import Client
from storage.events import EventStore
from storage.feeds import FeedStore
from storage.places import Fate, PlaceStore
from tests.storage.test_settled import LANE, NOON, ODD, activity


async def test_a_place_is_stored_only_where_the_earliest_delivery_lies(store: Client, reader: Client) -> None:
    first = activity(20, ODD, NOON, epoch=1)
    again = msgspec.structs.replace(first, offset=21)
    events = EventStore(store)
    await events.insert([again], token="again")
    await events.insert([first], token="first")
    await store.insert(
        "dead_letters",
        (
            "dead_letter_id",
            "tenant",
            "source",
            "feed",
            "epoch",
            "lane",
            "offset",
            "index",
            "received_at_ms",
            "code",
            "reason",
        ),
        [(first.activity_id, "acme", "generic", "", 1, LANE, 22, 0, now(), "wrong_type", "it is wrong")],
    )
    await store.insert(
        "skips",
        ("tenant", "source", "feed", "kind", "epoch", "lane", "first_offset", "last_offset", "rows"),
        [("acme", "salesforce", "", "header", 1, LANE, 20, 23, 2)],
    )
    places = [(LANE, offset) for offset in (20, 21, 22, 23, 24)]
    fates = await PlaceStore(reader).fates("acme", 1, places, occurred=(NOON - 1_000, NOON + 1_000), since=NOON - 1_000)
    assert fates[LANE, 20] == Fate("stored", activity_id=first.activity_id)
    assert fates[LANE, 22] == Fate("rejected", code="wrong_type", reason="it is wrong")
    assert fates[LANE, 23] == Fate("skipped")
    assert (LANE, 24) not in fates
    assert (LANE, 21) not in await PlaceStore(reader).fates(
        "acme", 1, places, occurred=None, since=NOON - 1_000, source="generic"
    )
    assert await PlaceStore(reader).fates("globex", 1, places, occurred=None, since=0) == {}
    feed, headers = await FeedStore(reader).list("acme", since=NOON)
    assert (headers.source, headers.stored, headers.skipped, headers.headers) == ("salesforce", 0, 0, 2)
    assert (feed.source, feed.stored, feed.rejected, feed.last_occurred) == ("generic", 2, 1, NOON)
