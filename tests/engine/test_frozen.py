"""What no fold can give again stays as it is: settling neither revises nor withdraws it, nor adds to it."""

from __future__ import annotations

import msgspec
import pytest

from detectors.timeline import timeline
from domain.alert import Content, canonical
from domain.clock import BEGINNING
from engine.frozen import Foldable, Missing, frozen, missing
from tests.engine.changing import Changing, Second, configuration, rearm
from tests.engine.memory import run
from tests.engine.steps import checkpoint, eat, ingest, later, put
from tests.engine.test_versions import A, B, flow, sign_in
from tests.engine.toys import SECOND
from tests.engine.world import START

FOLDABLE = Foldable({"least.v1": frozenset({"x"})}, {"least.v1": 1_000})


def standing(world: Changing) -> dict[str, bytes]:
    return {i: canonical(r.content) for i, r in world.store.alerts.items() if not r.withdrawn}


def settle(world: Changing) -> None:
    """Something late of `s` comes, and its subject is folded again."""
    put(world, B, "late", 80)
    ingest(world, B)
    eat(world)
    checkpoint(world)
    assert run(world.judges[0].judge.settle(at_once=True)) == 1
    checkpoint(world)


def bursts(world: Changing) -> dict[str, bytes]:
    """Two bursts of `s`, a minute apart, and the alerts there are then."""
    for start in (90, 150):
        for n in range(3):
            put(world, A, f"b{start + n}", start + n)
        later(world, 60)
        ingest(world, A, B, A, B)
    flow(world)
    found = standing(world)
    assert sorted(r.content.opener[1] for r in world.store.alerts.values()) == ["b152", "b92"]
    return found


def test_an_alert_whose_events_have_expired_stays_and_its_rest_makes_no_other() -> None:
    world = Changing(1)
    before = bursts(world)
    for key in [key for key, a in world.store.events.items() if a.occurred_at < START + 91 * SECOND]:
        del world.store.events[key]
    put(world, B, "b93", 92.5)  # with b91 and b92 a burst again, if it were looked at
    world.store.expiry = START + 91 * SECOND
    settle(world)
    assert standing(world) == before


def test_an_alert_whose_event_was_erased_stays_and_so_do_those_within_a_horizon_of_it() -> None:
    world = Changing(1)
    before = bursts(world)
    erased = next(key for key, a in world.store.events.items() if a.activity_id == "b91")
    del world.store.events[erased]
    settle(world)
    assert standing(world) == before
    later_one = next(key for key, a in world.store.events.items() if a.activity_id == "b152")
    world.store.events.pop(later_one)
    put(world, B, "later", 81)
    ingest(world, B)
    eat(world)
    checkpoint(world)
    run(world.judges[0].judge.settle(at_once=True))
    checkpoint(world)
    assert standing(world) == before


def test_an_alert_of_a_version_that_is_gone_stays() -> None:
    world = Changing(1)
    sign_in(world, "b0", 97)
    flow(world)
    before = {i for i, r in world.store.alerts.items() if r.content.slot == "pair.v1"}
    assert len(before) == 1
    world.change(configuration(Second()))
    found = timeline(world.history, lambda each: None if each.slot == "pair.v1" else rearm(each))
    world.folder.take(found.segments, found.activations)
    late = msgspec.structs.replace(
        next(a for a in world.store.events.values() if a.activity_id == "b0"),
        activity_id="a9",
        native_id="a9",
        occurred_at=START,
    )
    world.put(B, late)
    ingest(world, B)
    eat(world)
    checkpoint(world)
    assert run(world.judges[0].judge.settle(at_once=True)) > 0
    checkpoint(world)
    assert before <= standing(world).keys()


@pytest.mark.parametrize(
    ("slot", "settings", "lost", "why"),
    [
        ("least.v1", "x", Missing(), ""),
        ("least.v1", "y", Missing(), "settings"),
        ("least.v0", "x", Missing(), "settings"),
        ("least.v1", "x", Missing(expired=START + 88 * SECOND), ""),
        ("least.v1", "x", Missing(expired=START + 91 * SECOND), "expired"),
        ("least.v1", "x", Missing(expired=START + 91 * SECOND, erased=START + 91 * SECOND), "erased"),
    ],
)
def test_why_an_alert_is_frozen(slot: str, settings: str, lost: Missing, why: str) -> None:
    content = msgspec.structs.replace(content_of(Changing(1)), slot=slot, settings=settings)
    assert content.opener[0] - FOLDABLE.horizons["least.v1"] == START + 91 * SECOND
    assert frozen(content, FOLDABLE, lost) == why


def content_of(world: Changing) -> Content:
    bursts(world)
    return next(r.content for r in world.store.alerts.values() if r.content.opener[1] == "b92")


def test_only_alerts_that_were_read_far_enough_say_what_is_missing() -> None:
    content = content_of(Changing(1))
    kept = {"b90", "b91", "b92"}
    assert missing([content], kept, until=content.completed[0] + 1) == Missing()
    assert missing([content], kept - {"b91"}, until=content.completed[0]) == Missing()
    assert missing([content], kept - {"b91"}, until=content.completed[0] + 1, expired=7) == Missing(
        7, content.completed[0]
    )
    assert missing([], (), until=0, expired=5) == Missing(5, BEGINNING)
