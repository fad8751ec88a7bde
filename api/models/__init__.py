"""What the operations answer, for the OpenAPI document. The answers are made in `shapes`; a test holds them to this."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from api.models.alerts import Alert, AlertEvents, AlertPage, AlertWhole
from api.models.detectors import Detectors, DetectorWhole, TrainedModels
from api.models.events import Answer, DeadLetterPage, DeadLetterWhole, Event, EventPage, Replayed
from api.models.system import Health, Notices, Ready, Sources, System

__all__ = [
    "Alert", "AlertEvents", "AlertPage", "AlertWhole", "Answer", "DeadLetterPage", "DeadLetterWhole", "DetectorWhole",
    "Detectors", "Event", "EventPage", "Health", "Notices", "Ready", "Replayed", "Sources", "System",
    "TrainedModels", "answers",
    "components", "streamed",
]  # fmt: skip

MODELS: Final[tuple[Any, ...]] = (
    EventPage, Answer, AlertPage, AlertWhole, AlertEvents, DeadLetterPage, DeadLetterWhole, Replayed, Detectors,
    Sources, Notices, System, Health, Ready, Event, TrainedModels, DetectorWhole,
)  # fmt: skip


def components() -> dict[str, Any]:
    """The schemas of every model, by name, for `components/schemas`."""
    _, found = msgspec.json.schema_components(MODELS, ref_template="#/components/schemas/{name}")
    return found


def answers(model: Any, *, example: Any = None) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers with `model`."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    if example is not None:
        content["example"] = example
    return {200: {"description": "OK", "content": {"application/json": content}}}


def streamed(text: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": text, "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
