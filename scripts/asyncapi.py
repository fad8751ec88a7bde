"""The AsyncAPI document of the topics, out of the code: `python -m scripts.asyncapi > docs/asyncapi.yaml`."""

from __future__ import annotations

import sys
from typing import Any, Final

import msgspec
import yaml

from domain import actions
from domain.activity import JUDGED
from domain.sources import GENERIC, SOURCES
from domain.wire import BUNDLE_ACTIVITIES, BUNDLE_BYTES, JUDGED_OPTIONAL
from ingest.sources.generic_fields import ABOUT, ACTOR, FACTS, ORIGIN, TOP
from ingest.sources.registry import ADAPTERS
from scripts.asyncapi_records import RECORDS
from transport.producer import MAX_REQUEST
from transport.topics import ACTIVITY, RAW, RAW_HTTP, RAW_IMPORT, RAW_TOPICS

Document = dict[str, Any]

_TEXT: Final = {"type": "string"}
#: Fields of the generic event whose values are a closed list.
_CLOSED: Final = {
    "action": actions.ACTIONS, "outcome": actions.OUTCOMES, "reason": actions.REASONS, "channel": actions.CHANNELS,
    "sensitivity": actions.SENSITIVITIES, "time_precision": actions.PRECISIONS, "fact": FACTS,
    "direction": ("weakened", "strengthened", "neutral"), "credential": ("password", "mfa", "recovery", "api_key"),
    "kind": actions.ACTOR_KINDS, "ip_basis": actions.IP_BASES, "network": actions.NETWORKS,
}  # fmt: skip
_IDS: Final = frozenset(
    {"id", "session_id", "app_id", "object_id", "target_id", "request_id", "execution_id", "job_id"}
)
_WHOLE: Final = frozenset({"count", "bytes", "recipient_count", "sequence", "asn"})
_NUMBERS: Final = frozenset({"score", "lat", "lon", "radius_km"})
_TRUTHS: Final = frozenset({"mfa", "external", "exported", "hard", "attachment", "privileged"})
_LISTS: Final = frozenset({"scopes", "fields", "object_ids", "roles"})


def document() -> Document:
    """AsyncAPI 3.0.0."""
    topics = (*RAW_TOPICS, ACTIVITY)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vedette",
            "version": "1",
            "description": "The Kafka topics of Vedette: audit records of CRMs go in, activities go on to the judges.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_key(topic): _channel(topic) for topic in topics},
        "operations": {_key(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {**{_name(source): _record(source) for source in SOURCES}, **_own()},
            "schemas": {**{_name(source): RECORDS[source] for source in SOURCES if source != GENERIC}, **_generic()},
        },
    }


def _key(topic: str) -> str:
    """Names of channels may hold no dots."""
    return topic.replace(".", "_")


def _name(source: str) -> str:
    return f"{source}Record"


def _sources(topic: str) -> tuple[str, ...]:
    """Whose records a raw topic carries."""
    return SOURCES if topic in (RAW, RAW_HTTP, RAW_IMPORT) else (topic.removeprefix(f"{RAW}."),)


def _channel(topic: str) -> Document:
    names = ("bundle", "marks") if topic == ACTIVITY else tuple(map(_name, _sources(topic)))
    settings = {} if topic == ACTIVITY else {"topicConfiguration": {"max.message.bytes": MAX_REQUEST}}
    return {
        "address": topic,
        "description": _about(topic),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": topic, **settings, "bindingVersion": "0.5.0"}},
    }


def _about(topic: str) -> str:
    if topic == ACTIVITY:
        return "Written by ingest, read by detect: one partition is one judge's log. LogAppendTime is not needed."
    own = {
        RAW: "Written by your CRMs: records of any source, told by their fields or by ingest.raw_source.",
        RAW_HTTP: "Written by the api role alone; its headers are trusted.",
        RAW_IMPORT: "Written by vedette import, watch-folder and collect alone; its headers are trusted.",
    }
    others = f"Written by your CRMs: records of {topic.removeprefix(f'{RAW}.')}."
    return f"{own.get(topic, others)} LogAppendTime."


def _operation(topic: str) -> Document:
    """From our side: ingest receives raw records and sends bundles."""
    return {
        "action": "send" if topic == ACTIVITY else "receive",
        "channel": {"$ref": f"#/channels/{_key(topic)}"},
        "summary": "Bundles and marks for the judges" if topic == ACTIVITY else "Raw audit records",
    }


def _record(source: str) -> Document:
    adapter = ADAPTERS[source]
    payload = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("genericEvent", "cloudEvent")]}
    blind = f"Not told: {adapter.blind}." if adapter.blind else "Tells everything."
    return {
        "title": f"An audit record of {source}",
        "summary": f"{len(adapter.yields)} of {len(actions.ACTIONS)} actions. {blind}",
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": payload if source == GENERIC else {"$ref": f"#/components/schemas/{_name(source)}"},
        "bindings": {"kafka": {"key": {**_TEXT, "description": "Any key"}, "bindingVersion": "0.5.0"}},
    }


def _own() -> Document:
    """The messages of the activity topic."""
    return {
        name: {
            "title": title,
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
        for name, title in (("bundle", "Activities of one insert"), ("marks", "How far each lane has come"))
    }


def _generic() -> Document:
    field = {name: _field(name) for name in TOP}
    moment = {**_TEXT, "format": "date-time", "description": "With an offset"}
    about = f"tenant, or {', '.join(f'{kind}:…' for kind in ABOUT)}"
    event = {
        "type": "object",
        "required": ["occurred_at", "action", "actor"],
        "properties": {
            **field,
            "occurred_at": moment,
            "about": {**_TEXT, "description": about},
            "actor": _object(ACTOR, required=["id"]),
            "origin": _object(ORIGIN),
        },
        "description": "Unknown fields are kept in extra and counted. Over HTTP id is required.",
    }
    return {
        "genericEvent": event,
        "cloudEvent": _cloud(),
        "headers": _headers(),
        "activity": _activity(),
        "group": _group(),
        "bundle": _array("b", {"type": "array", "maxItems": BUNDLE_ACTIVITIES, "items": _ref("group")}),
        "marks": _array(
            "m", {"type": "integer"}, {"type": "integer"}, {"type": "object"}, {"type": "array", "items": _TEXT}
        ),
    }


def _field(name: str) -> Document:
    if name in _CLOSED:
        return {**_TEXT, "enum": list(_CLOSED[name])}
    if name in _IDS:
        return {"type": ["string", "integer"], "description": "An integer equals its decimal text"}
    if name in _LISTS:
        return {"type": "array", "items": _TEXT}
    kinds = ((_WHOLE, "integer"), (_NUMBERS, "number"), (_TRUTHS, "boolean"))
    return {"type": next((kind for names, kind in kinds if name in names), "string")}


def _object(names: Any, *, required: list[str] | None = None) -> Document:
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {name: _field(name) for name in names},
    }


def _cloud() -> Document:
    names = ("id", "source", "type", "time")
    return {
        "type": "object",
        "required": ["specversion", "data"],
        "properties": {"specversion": {"const": "1.0"}, **dict.fromkeys(names, _TEXT), "data": {"type": "object"}},
        "description": "CloudEvents 1.0 around a record; binary mode carries the attributes as headers ce_….",
    }


def _headers() -> Document:
    trusted = f"Counts on {RAW_HTTP} and {RAW_IMPORT} alone"
    said = {"tenant": trusted, "source": trusted, "feed": trusted, "history": f"{trusted}: 1 pages nobody"}
    said |= {"batch": "1: late by nature, no clock waits for it"}
    attributes = ("specversion", "id", "source", "type", "time")
    return {
        "type": "object",
        "properties": {
            **{name: {**_TEXT, "description": text} for name, text in said.items()},
            **{f"ce_{name}": _TEXT for name in attributes},
        },
    }


def _activity() -> Document:
    return {
        "type": "array",
        "minItems": JUDGED.index(JUDGED_OPTIONAL),
        "maxItems": len(JUDGED),
        "description": f"What is judged of an activity, in this order: {', '.join(JUDGED)}. "
        f"One that says nothing from {JUDGED_OPTIONAL} on ends before it.",
    }


def _group() -> Document:
    time = {"type": "integer"}
    activities = {"type": "array", "minItems": 1, "maxItems": BUNDLE_ACTIVITIES, "items": _ref("activity")}
    return {
        "type": "array",
        "items": [_TEXT, time, time, time, activities],
        "minItems": 5,
        "maxItems": 5,
        "description": "A subject; before which time (ms) none of its activities occurred, after which none did, "
        "before which none was received; and the activities.",
    }


def _array(tag: str, *parts: Document) -> Document:
    size = len(parts) + 1
    return {
        "type": "array",
        "items": [{"const": tag}, *parts],
        "minItems": size,
        "maxItems": size,
        "description": f"At most {BUNDLE_BYTES} bytes before compression."
        if tag == "b"
        else "Per lane, and its names.",
    }


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def text() -> str:
    """As YAML, always the same for the same code."""
    plain = msgspec.to_builtins(document())
    return "# Made by python -m scripts.asyncapi; a test holds it to the code.\n" + str(
        yaml.dump(plain, Dumper=_Plain, sort_keys=False, width=118, allow_unicode=True)
    )


class _Plain(yaml.SafeDumper):
    """Repeats what stands twice instead of pointing to it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the base asks for each value)
        return True


if __name__ == "__main__":
    sys.stdout.write(text())
