"""A new life of the log: what the old one held and nobody judged is folded from the store."""

from __future__ import annotations

import msgspec

from domain.judgement import Marker, position
from engine.epoch import open_epoch
from storage.client import Client
from storage.epochs import EpochStore
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from tests.storage.test_settled import EVEN, LANE, NOON, activity

ADDRESS, APP = f"{8 << 96:032x}", f"{10 << 96:032x}"


async def test_every_subject_with_a_stored_activity_that_no_judge_heard_is_dirty_in_the_next_epoch(
    store: Client,
) -> None:
    epochs, judges = EpochStore(store), ClickHouseJudgeStore(store)
    first = await open_epoch(epochs, broker="one", partitions=1)
    heard = activity(1, f"{4 << 96:032x}", NOON - 1_000, epoch=first)
    export = msgspec.structs.replace(activity(2, EVEN, NOON, epoch=first), app_token=APP)
    failure = msgspec.structs.replace(
        activity(3, f"{6 << 96:032x}", NOON + 1, epoch=first), action="auth.login.failed", ip_token=ADDRESS
    )
    await EventStore(store).insert([heard, export, failure], token="three")
    term = await judges.claim(0, 1)
    await judges.put_marker(0, term, Marker(position(first, 5), 1, {LANE: 1}, {"acme": NOON - 500}))

    second = await open_epoch(epochs, broker="two", partitions=1)

    dirty = {mark.subject: mark.start for mark in await judges.dirty(0, 1) if not mark.subject.startswith("tenant|")}
    assert second == first + 1
    assert dirty == {
        f"actor|acme|{EVEN}": export.key,
        f"client|acme|{APP}": export.key,
        f"login|acme|{failure.actor_token}": failure.key,
        f"source|acme|{ADDRESS}": failure.key,
    }
