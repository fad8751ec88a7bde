"""What of a tenant's past has expired, by what was received long ago."""

from __future__ import annotations

import msgspec

from domain import clock
from domain.clock import BEGINNING, DAY, HOUR
from storage.client import Client
from storage.events import EventStore
from storage.retention import KEPT, RetentionStore
from tests.detectors.story import Story


async def test_what_was_received_longer_ago_than_events_are_kept_has_expired(store: Client, reader: Client) -> None:
    now = clock.now()
    old, edge = now - (KEPT + 5) * DAY, now - KEPT * DAY + 3 * HOUR
    rows = [
        msgspec.structs.replace(Story("now").tell("record.read", occurred), tenant=tenant, received_at=received)
        for tenant, occurred, received in (
            ("aged", old - DAY, old),
            ("aged", edge, edge),
            ("young", old, now),  # history that was brought in today
        )
    ]
    await EventStore(store).insert(rows, token="t")
    assert await RetentionStore(reader).expired({"aged", "young", "nobody"}) == {
        "aged": old - DAY,
        "young": BEGINNING,
        "nobody": BEGINNING,
    }
