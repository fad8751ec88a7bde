"""Random schedules over real ingest and engine code: the alerts are those of one sequential fold."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.world import World, activity


@patch.multiple("engine.settle", SLICE=2, HANDED_BACK=1)
def play(seed: int, steps: int, partitions: int) -> None:
    world = World(seed, partitions=partitions, lanes=2 + seed % 2)
    for n in range(steps):
        world.step()
        if n % 20 == 0:
            world.check_commits()
    world.drain()
    world.check_rest()
    world.drain(restart=True)  # what is durable must be enough
    for n, actor in enumerate("suv"):
        world.put("raw:0", activity(f"z{n}", (world.now - 1_790_000_000_000) / 1000 - 3, actor), batch=False)
    world.drain()
    world.check_rest()


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((60, 200, 500)), st.sampled_from((1, 1, 2, 3)))
def test_alerts_are_those_of_a_sequential_fold_after_any_schedule(seed: int, steps: int, partitions: int) -> None:
    play(seed, steps, partitions)
