"""GET /detectors/{id}: the contract and what was ever in effect; and alerts that are frozen say so."""

from __future__ import annotations

import msgspec

from detectors.registry import load
from engine.frozen import REASONS
from storage.configurations import ConfigurationStore
from tests.api.conftest import World
from tests.api.made import accept, alert, uid

BURST = "failed_login_burst"


async def test_a_detector_is_told_with_every_configuration_that_was_in_effect(world: World) -> None:
    store = ConfigurationStore(world.store)
    await store.put(load({}).configurations())
    lower = [each for each in load({BURST: {"threshold": 5}}).configurations() if each.detector == BURST]
    await store.put(lower)
    async with world.client(role="auditor") as client:
        found = (await client.get(f"/api/v1/detectors/{BURST}")).json()
        listed = (await client.get("/api/v1/detectors")).json()["items"]
        assert (await client.get("/api/v1/detectors/nobody")).status_code == 404
    history = found.pop("history")
    assert found == next(each for each in listed if each["id"] == BURST)
    assert [each["effective_from"] is None for each in history] == [True, False]
    assert [each["settings_hash"] for each in history] == [found["settings_hash"], lower[0].hash]
    assert [each["changed"] for each in history] == [[], [{"what": "threshold", "before": 10, "after": 5}]]
    assert history[1]["settings"] == {"threshold": 5, "span": "10 m", "high": 50}


async def test_an_alert_that_no_fold_can_give_again_is_frozen_and_says_why(world: World) -> None:
    name = next(each.hash for each in load({}).configurations() if each.detector == BURST)
    old, erased = alert(701), msgspec.structs.replace(alert(702), settings=name)
    await accept(world.store, old, erased)
    async with world.client() as client:
        answers = [await client.get(f"/api/v1/alerts/{uid('acme', 'alert', number)}") for number in (701, 702)]
        told = [(each.json()["frozen"], each.json()["frozen_because"]) for each in answers]
        assert told == [(True, REASONS["settings"]), (True, REASONS["erased"])]
        tag = answers[0].headers["ETag"]
        assert tag.endswith('.frozen"')
        again = await client.get(f"/api/v1/alerts/{uid('acme', 'alert', 701)}", headers={"If-None-Match": tag})
        assert again.status_code == 304
        decided = await client.post(
            f"/api/v1/alerts/{uid('acme', 'alert', 701)}/acknowledge", headers={"If-Match": tag}
        )
        assert (decided.status_code, decided.json()["status"]) == (200, "acknowledged")
