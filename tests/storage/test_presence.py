"""A judge asks for no state that is not there, and for every one that is."""

from __future__ import annotations

from domain.judgement import StateRow
from domain.subject import bucket
from engine.presence import SLOTS, Presence
from storage.client import Client
from storage.judge import ClickHouseJudgeStore


async def test_every_stored_subject_of_a_partition_is_present_and_hardly_any_other(store: Client) -> None:
    judges, partitions = ClickHouseJudgeStore(store), 3
    subjects = [f"actor|acme|{(n * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128:032x}" for n in range(6_000)]
    stored, others = subjects[:3_000], subjects[3_000:]
    for partition in range(partitions):
        term = await judges.claim(partition, 1)
        mine = [s for s in stored if bucket(s) % partitions == partition]
        await judges.put_states(partition, term, [StateRow(s, 1, 1, "{}") for s in mine])

        present = Presence(partitions, await judges.state_slots(partition, partitions, slots=SLOTS))

        assert [s for s in mine if s not in present] == []
        foreign = [s for s in others if bucket(s) % partitions == partition and s in present]
        assert len(foreign) <= 3, "a thousand of eight million slots are taken"
