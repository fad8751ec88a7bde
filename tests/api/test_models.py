"""The OpenAPI document: it describes every answer, and the answers are what it describes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api import examples, models
from domain import clock
from domain.alert import evidence
from ingest.record import Record
from tests.api.conftest import World
from tests.api.made import accept, alert, event
from transport.topics import RAW_IMPORT


def fits(value: Any, model: Any) -> None:
    """Exactly the model's fields, with their types; nothing that the document does not name."""
    msgspec.convert(value, model, strict=True)


@pytest.mark.parametrize(("example", "model"), [(examples.SENT, models.Answer), (examples.ALERT, models.Alert)])
def test_examples_are_what_they_are_examples_of(example: Any, model: Any) -> None:
    fits(example, model)


def test_an_answer_with_more_than_the_document_says_does_not_fit() -> None:
    with pytest.raises(msgspec.ValidationError, match="surplus"):
        fits({**examples.SENT, "surplus": 1}, models.Answer)


async def test_every_operation_describes_its_answer_and_every_reference_leads_somewhere(world: World) -> None:
    document = world.app.openapi()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            (content,) = operation["responses"]["200"]["content"].values()
            assert content["schema"] != {}, path
            assert operation["tags"], path
            assert operation["summary"], path
    assert set(_references(document)) <= known


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        mine = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return mine + [found for part in value.values() for found in _references(part)]
    if isinstance(value, list):
        return [found for part in value for found in _references(part)]
    return []


async def test_events_alerts_letters_and_the_system_are_told_as_the_document_says(world: World) -> None:
    raw = msgspec.json.encode(event("m-3", action="auth.login.odd"))
    odd = Record(RAW_IMPORT, 3, 10**11, world.log.epoch, clock.now(), (("tenant", b"acme"),), raw)
    await world.log.pipeline.take([odd], {}, (), at=clock.now())
    full = event("m-1", occurred_at=clock.rfc3339(clock.now()), origin={"ip": "203.0.113.7", "country": "DE"})
    async with world.client() as client:
        sent = (await client.post("/api/v1/events", json=[full, event("m-2", action="no")])).json()
        activity = sent["events"][0]["activity_id"]
        content = alert(900, evidence=evidence([activity]))
        await accept(world.store, content)
        path = f"/api/v1/alerts/{content.alert_id}"
        closing = {"disposition": "benign", "reason": "a test"}
        fits(sent, models.Answer)
        fits((await client.post(f"{path}/close", json=closing)).json(), models.AlertWhole)
        letters = (await client.get("/api/v1/dead-letters")).json()
        letter = f"/api/v1/dead-letters/{letters['items'][0]['id']}"
        fits(letters, models.DeadLetterPage)
        for asked, model in (
            ("/api/v1/events", models.EventPage),
            (f"/api/v1/events/{activity}", models.Event),
            ("/api/v1/alerts", models.AlertPage),
            (path, models.AlertWhole),
            (f"{path}?include=evidence", models.AlertWhole),
            (f"{path}/events", models.AlertEvents),
            (letter, models.DeadLetterWhole),
            ("/api/v1/detectors", models.Detectors),
            ("/api/v1/models", models.TrainedModels),
            ("/api/v1/sources", models.Sources),
            ("/api/v1/notices", models.Notices),
            ("/api/v1/system", models.System),
            ("/healthz", models.Health),
            ("/readyz", models.Ready),
        ):
            fits((await client.get(asked)).json(), model)
        fits((await client.post(f"{letter}/replay")).json(), models.Replayed)
