"""`settled_through`: the lowest of clocks, dirty marks and what is stored but not heard."""

from __future__ import annotations

from domain.activity import Activity
from domain.judgement import DirtyMark, Marker, position
from domain.subject import bucket
from storage.client import Client
from storage.epochs import EpochStore
from storage.events import EventStore
from storage.judge import ClickHouseJudgeStore
from storage.settled import SettledStore

NOON = 1_795_176_000_000
LANE = "vedette.raw:0"
PARTITIONS = 2
#: One actor per partition.
EVEN, ODD = f"{2 << 96:032x}", f"{3 << 96:032x}"


def activity(offset: int, actor: str, at: int, *, epoch: int, tenant: str = "acme") -> Activity:
    return Activity(
        tenant=tenant,
        activity_id=f"00000000-0000-5000-8000-{offset:012x}",
        occurred_at=at,
        action="data.exported",
        source="generic",
        feed="",
        native_id=str(offset),
        actor_token=actor,
        epoch=epoch,
        lane=LANE,
        offset=offset,
        received_at=at,
    )


async def test_settled_through_is_the_lowest_of_clocks_marks_and_the_unheard(store: Client, reader: Client) -> None:
    settled, judges, epochs = SettledStore(reader), ClickHouseJudgeStore(store), EpochStore(store)
    assert await settled.through("acme") is None

    epoch = await epochs.begin(broker="test", partitions=PARTITIONS)
    await epochs.opened(epoch, broker="test", partitions=PARTITIONS)
    terms = [await judges.claim(partition, 1) for partition in range(PARTITIONS)]
    assert (bucket(EVEN) % PARTITIONS, bucket(ODD) % PARTITIONS) == (0, 1)

    async def mark(partition: int, bundle: int, through: int, clock: int) -> None:
        marker = Marker(position(epoch, bundle), PARTITIONS, {LANE: through}, {"acme": clock})
        await judges.put_marker(partition, terms[partition], marker)

    await mark(0, 1, 5, NOON)
    assert await settled.through("acme") is None, "the other partition has said nothing"
    await mark(1, 1, 9, NOON + 9_000)
    assert await settled.through("acme") == NOON
    assert await settled.through("globex") is None, "no partition knows the tenant"

    # offset 7 is above what partition 0 has heard and below what partition 1 has
    await EventStore(store).insert([activity(7, ODD, NOON - 5_000, epoch=epoch)], token="a")
    assert await settled.through("acme") == NOON
    await EventStore(store).insert([activity(8, EVEN, NOON - 3_000, epoch=epoch)], token="b")
    assert await settled.through("acme") == NOON - 3_000
    await EventStore(store).insert([activity(9, EVEN, NOON - 8_000, epoch=epoch, tenant="globex")], token="c")
    assert await settled.through("acme") == NOON - 3_000, "another tenant's is another tenant's"
    await mark(0, 2, 9, NOON + 4_000)
    assert await settled.through("acme") == NOON + 4_000

    late = DirtyMark("m1", f"actor|acme|{ODD}", (NOON - 60_000, ""), 0, "late")
    await judges.put_dirty(1, terms[1], [late], cleared=False)
    assert (await settled.through("acme"), await settled.dirty("acme")) == (NOON - 60_000, 1)
    await judges.put_dirty(1, terms[1], [late], cleared=True)
    assert (await settled.through("acme"), await settled.dirty("acme")) == (NOON + 4_000, 0)


async def test_a_new_epoch_is_unknown_until_every_partition_has_a_marker_of_it(store: Client, reader: Client) -> None:
    epochs = EpochStore(store)
    epoch = await epochs.begin(broker="test", partitions=PARTITIONS)
    await epochs.opened(epoch, broker="test", partitions=PARTITIONS)
    assert await SettledStore(reader).through("acme") is None
