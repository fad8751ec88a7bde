"""A company's history becomes a model; promoted while all runs, it judges from its time on, live as in replay."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

from domain import clock
from domain.activity import Activity
from domain.alert import Content
from domain.clock import DAY, rfc3339
from tests.detectors.story import MIDNIGHT
from tests.e2e.system import System, until, vedette
from tests.models import made


def records(told: Iterable[Activity], *, shift: int) -> list[bytes]:
    """The activities as an integrator sends them, `shift` ms later."""
    return [
        json.dumps(
            {
                "id": f"{each.actor_id}/{each.native_id}",
                "tenant": "acme",
                "occurred_at": rfc3339(each.occurred_at + shift),
                "action": each.action,
                "actor": {"id": each.actor_id, "roles": list(each.roles)},
                "origin": {"ip": each.ip, "country": each.country, "device_id": each.device_id},
                "object_type": each.object_type or None,
                "object_id": each.object_id or None,
                "count": each.count,
            }
        ).encode()
        for each in told
    ]


async def test_a_promoted_model_judges_from_its_time_on_and_replay_equals_live(system: System) -> None:
    midnight = clock.now() // DAY * DAY - DAY  # yesterday's, so that the night after it is over
    shift = midnight - MIDNIGHT
    history = [each for told in made.company().values() for each in told]
    await system.send(records(history, shift=shift))
    await system.settled(events=len(history))
    assert not [content for content in await contents(system) if content.detector == "unusual_activity"]

    trained = await vedette(system, "train", "--days", "28", "--until", rfc3339(midnight), "--seed", "7")
    model = trained.split(":")[0]
    await vedette(system, "models", "promote", model, "--at", rfc3339(midnight), "--trial-days", "0")
    person = made.worker("person-7")
    known = len(person.told)
    night = records(made.intruder(person).told[known:], shift=shift)
    await system.send(night)
    await system.settled(events=len(history) + len(night))
    found = [content for content in await contents(system) if content.detector == "unusual_activity"]
    assert [(content.model, content.arm, content.stage) for content in found] == [(model, "hour", "live")]
    assert found[0].observed > found[0].threshold

    alerts = await system.alerts()
    await system.reborn("detect", system.kill("detect"))
    await system.send(records(made.monday(made.worker("person-8")).told[-3:], shift=shift))

    async def judged_again() -> bool:
        return await system.count("events") == len(history) + len(night) + 3 and await system.alerts() == alerts

    await until(judged_again, seconds=60, what=system.said)
    assert await system.truth() == alerts

    async def replayed() -> bool:
        said = await vedette(system, "replay", "--compare")
        assert "\n0 added, 0 lost, 0 changed; " in said
        return f"; {len(alerts)} the same, 0 frozen" in said  # once the clock has passed the last of them

    await until(replayed, seconds=90, what=system.said, pause=1)


async def contents(system: System) -> list[Content]:
    return [msgspec.json.decode(each, type=Content) for each in (await system.alerts()).values()]
