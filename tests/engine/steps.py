"""The steps that hand-made traces are told in."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.engine.memory import run
from tests.engine.world import World, activity

A, B = "raw:0", "raw:1"


def at_rest(world: World) -> None:
    world.drain()
    world.check_rest()
    world.drain(restart=True)
    world.check_rest()


def put(
    world: World, lane: str, id: str, at: float, actor: str = "s", value: int = 0, action: str = "record.read"
) -> None:
    world.put(lane, activity(id, at, actor, action, value))


def ingest(world: World, *lanes: str) -> None:
    for lane in lanes:
        run(world.ingester.fetch(lane, 5))


def eat(world: World) -> None:
    while run(world.judges[0].take()):
        pass


def later(world: World, seconds: float) -> None:
    world.now += int(seconds * 1000)


def subject_of(id: str, world: World) -> str:
    return next(world.folder.subjects(a)[0] for a in world.store.events.values() if a.activity_id == id)


def checkpoint(world: World, writes: int = 99) -> None:
    """A checkpoint that is killed after so many writes."""
    before, step = world.store.writes, world.judges[0].checkpoint()
    while world.store.writes < before + writes:
        try:
            step.send(None)
        except StopIteration:
            return
    step.close()


def begin_settle(world: World) -> Coroutine[Any, Any, int]:
    """A settle that has read and folded the first page of what is stored; `run` brings it to its end."""
    settling, before = world.judges[0].judge.settle(at_once=True), world.store.pages
    while world.store.pages == before:
        settling.send(None)
    return settling
