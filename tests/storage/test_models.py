"""Models and promotions in the store: never changed, and never in time to change what was judged."""

from __future__ import annotations

import pytest

from domain import clock
from domain.activity import Activity
from domain.clock import DAY, HOUR, MINUTE
from models.artifact import pack
from storage.client import Client
from storage.events import EventStore
from storage.models import ModelStore, TooSoon
from storage.training import Share, TrainingStore
from tests.detectors.story import MIDNIGHT, Story
from tests.detectors.story import moved as changed
from tests.models import made


def moved(activity: Activity, **fields: object) -> Activity:
    """The activity as it is received now: what came long ago is not kept."""
    return changed(activity, received_at=clock.now(), **fields)


async def test_a_model_comes_back_as_it_was_stored(store: Client, reader: Client) -> None:
    model = made.model()
    name = await ModelStore(store).put(model.manifest, pack(model.forest.trees))
    assert name == await ModelStore(store).put(model.manifest, pack(model.forest.trees)) == model.hash
    found = await ModelStore(reader).get("acme", name)
    assert found is not None
    row = made.last_row(made.worker("ann").told)
    assert (found.hash, found.manifest, found.score(row)) == (model.hash, model.manifest, model.score(row))
    assert await ModelStore(reader).trained("acme") == [model.manifest]
    assert await ModelStore(reader).get("other", name) is None


async def test_a_promotion_lies_a_minute_ahead_of_the_stores_clock(store: Client, reader: Client) -> None:
    models, now = ModelStore(store), clock.now()
    await EventStore(store).insert([moved(Story("now").tell("record.read", now), tenant="busy")], token="t1")
    for soon in (now - DAY, now - 6 * MINUTE, now, now + 1, now + 50_000):
        with pytest.raises(TooSoon, match="a model of busy cannot take effect then"):
            await models.promote("busy", "m1", effective_from=soon, live_from=soon)
    first = await models.promote("busy", "m1", effective_from=now + 2 * MINUTE, live_from=now + 7 * DAY)
    second = await models.promote("busy", "", effective_from=now + HOUR, live_from=now + HOUR)
    found = await ModelStore(reader).promotions("busy")
    assert [(each.promotion_id, each.model, each.effective_from, each.live_from) for each in found] == [
        (first.promotion_id, "m1", now + 2 * MINUTE, now + 7 * DAY),
        (second.promotion_id, "", now + HOUR, now + HOUR),
    ]
    assert all(abs(each.promoted_at - now) < MINUTE for each in found)


async def test_a_promotion_may_lie_in_the_past_after_all_that_is_stored(store: Client) -> None:
    models = ModelStore(store)
    told = [moved(each, tenant="replay") for each in made.worker("ann").told]
    await EventStore(store).insert(told, token="t2")
    newest = told[-1].occurred_at
    assert await models.latest_activity("replay") == newest
    assert await models.latest_activity("nobody") == 0
    with pytest.raises(TooSoon):
        await models.promote("replay", "m1", effective_from=newest, live_from=newest)
    await models.promote("replay", "m1", effective_from=newest + 1, live_from=newest + 1)
    assert [each.effective_from for each in await models.promotions("replay")] == [newest + 1]


async def test_training_reads_what_people_did_in_the_order_of_the_fold(store: Client, reader: Client) -> None:
    ann, bob = made.worker("ann", days=6), made.worker("bob", days=6)
    robot = [moved(each, actor_kind="integration", activity_id=f"00{each.activity_id[2:]}") for each in bob.told]
    people = [moved(each, tenant="read") for each in (*ann.told, *bob.told)]
    await EventStore(store).insert(
        [*people, *(moved(each, tenant="read", actor_token="f" * 32) for each in robot)], token="t3"
    )
    history, since, until = TrainingStore(reader), MIDNIGHT - 6 * DAY, MIDNIGHT
    of = {story.told[0].actor_token: story.told for story in (ann, bob)}
    tokens = sorted(of)
    assert await history.actors("read", since=since, until=until) == [Share(t, len(of[t])) for t in tokens]
    actions = ["record.read", "data.exported"]
    found = await history.rows("read", first=tokens[0], last=tokens[-1], since=since, until=until, actions=actions)
    sent = {each.activity_id: each for each in people}
    assert found == [sent[a.activity_id] for token in tokens for a in of[token] if a.action in actions]
