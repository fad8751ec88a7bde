"""The AsyncAPI document is valid, is what the code says, and its schemas hold for what the sources read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml

from domain.activity import JUDGED
from domain.sources import GENERIC, SOURCES
from domain.wire import LaneMark, Marks, bodies, bundle, encode, group, judged
from ingest.sources.generic_fields import ACTOR, ORIGIN, TOP
from scripts import asyncapi
from tests.ingest.made import activity, event
from tests.ingest.sources.test_every_source import ALL, outcome
from transport.topics import TOPICS

DOCUMENT = Path(__file__).parent.parent / "docs" / "asyncapi.yaml"
SPECIFICATION = Path(__file__).with_name("asyncapi-3.0.0.schema.json")
FOUND: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())


def schema(name: str) -> Callable[[Any], Any]:
    whole = {"$ref": f"#/components/schemas/{name}", "components": FOUND["components"]}
    compiled: Callable[[Any], Any] = fastjsonschema.compile(whole, use_default=False)
    return compiled


def test_the_document_is_what_the_code_says() -> None:
    assert DOCUMENT.read_text() == asyncapi.text(), "rewrite it: python -m scripts.asyncapi > docs/asyncapi.yaml"


def test_the_document_is_what_asyncapi_allows() -> None:
    fastjsonschema.compile(json.loads(SPECIFICATION.read_text()), use_default=False)(FOUND)


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for inner in value.values() for each in references(inner)]
        return [each for inner in value for each in references(inner)] if isinstance(value, list) else []

    for reference in references(FOUND):
        place: Any = FOUND
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_topic_is_a_channel_with_an_operation() -> None:
    assert [channel["address"] for channel in FOUND["channels"].values()] == list(TOPICS)
    assert set(FOUND["operations"]) == set(FOUND["channels"])


def test_every_field_of_the_generic_event_is_told() -> None:
    told = FOUND["components"]["schemas"]["genericEvent"]["properties"]
    assert set(told) == {*TOP, "occurred_at", "actor", "origin"}
    assert set(told["actor"]["properties"]) == set(ACTOR)
    assert set(told["origin"]["properties"]) == set(ORIGIN)
    check = schema("genericEvent")
    check(event())
    for wrong in (event(action="record.maybe"), event(actor=None), event(count="9")):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            check(wrong)


@pytest.mark.parametrize("source", [source for source in SOURCES if source != GENERIC])
def test_rows_of_a_source_fit_its_schema_and_what_does_not_is_not_read(source: str) -> None:
    check = schema(f"{source}Record")
    for row in ALL[source]:
        check(row)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check({"anything": 1})
    assert not isinstance(outcome(source, {"anything": 1}), list)


def test_what_travels_to_the_judges_fits_its_schema() -> None:
    some = [activity(event()), activity(event(count=3)), activity(event(title="Q3"))]
    schema("bundle")(json.loads(bundle([group("actor|acme|0", 1, 2, 3, map(judged, bodies(some)))])))
    schema("marks")(json.loads(encode(Marks(3, 4, {"vedette.raw:0": LaneMark(1, {"acme": 2}, 3)}, ("vedette.raw:0",)))))
    assert FOUND["components"]["schemas"]["activity"]["maxItems"] == len(JUDGED)
