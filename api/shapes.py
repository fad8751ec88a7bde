"""How activities, alerts and dead letters look to a client: plain JSON, times in RFC 3339, unknown fields left out."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

from detectors.sentence import explanation, sentence
from domain.activity import FIELDS, Activity
from domain.alert import Severity
from domain.clock import rfc3339
from domain.subject import scope_of, token_of
from engine.frozen import REASONS
from storage.alerts import StoredAlert
from storage.dead_letters import StoredLetter
from storage.triage import Decision

_TIMES: Final = frozenset({"occurred_at", "received_at", "valid_from", "valid_until"})
#: Where a record stood is the system's business; its digest too.
_INTERNAL: Final = frozenset({"epoch", "lane", "offset", "index", "record_digest"})


def json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, dict(headers or {}), "application/json")


def time(at: int | None) -> str | None:
    """RFC 3339, or null for a moment that is unknown or never was."""
    return rfc3339(at) if at else None


def event(activity: Activity) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(activity, name)
        if name in _INTERNAL or value is None or value == "" or value == ():
            continue
        shown[name] = rfc3339(value) if name in _TIMES else value
    return shown


def alert(stored: StoredAlert, names: Mapping[str, str]) -> dict[str, Any]:
    """An alert in a list."""
    content = stored.content
    token = token_of(content.subject)
    return {
        "id": stored.alert_id,
        "detector": content.detector,
        "slot": content.slot,
        "arm": content.arm,
        "stage": content.stage,
        "severity": Severity(content.severity).name,
        "sentence": sentence(content, names),
        "subject": {"scope": scope_of(content.subject), "token": token, "name": names.get(token)},
        "opened_at": rfc3339(content.opener[0]),
        "completed_at": rfc3339(content.completed[0]),
        "detected_at": time(stored.detected_at),
        "observed": content.observed,
        "threshold": content.threshold,
        "status": stored.status,
        "disposition": stored.disposition or None,
        "withdrawn": stored.withdrawn,
        "replaces": list(stored.replaces),
        "replaced_by": list(stored.replaced_by),
        "etag": stored.etag,
    }


def alert_whole(
    stored: StoredAlert, names: Mapping[str, str], history: list[Decision], *, frozen: str
) -> dict[str, Any]:
    """One alert with everything behind it. `frozen` is why no fold can give it again, "" when one can."""
    content = stored.content
    why = explanation(content, names)
    return {
        **alert(stored, names),
        "frozen": bool(frozen),
        "frozen_because": REASONS[frozen] if frozen else None,
        "explanation": why,
        "baseline": why["baseline"],
        "evidence": msgspec.to_builtins(content.evidence),
        "opener_id": content.opener[1],
        "completed_id": content.completed[1],
        "versions": {"settings": content.settings, "profile": content.profile or None, "model": content.model or None},
        "triage": [
            {
                "action": each.action,
                "by": each.actor,
                "at": rfc3339(each.at),
                "disposition": each.disposition or None,
                "reason": each.reason or None,
            }
            for each in history
        ],
    }


def letter(stored: StoredLetter) -> dict[str, Any]:
    """A dead letter in a list."""
    return {
        "id": stored.dead_letter_id,
        "source": stored.source,
        "feed": stored.feed,
        "code": stored.code,
        "reason": stored.reason,
        "detector": stored.detector or None,
        "received_at": rfc3339(stored.received_at),
        "status": stored.status,
        "place": {"epoch": stored.epoch, "lane": stored.lane, "offset": stored.offset, "index": stored.index},
        "raw_bytes": stored.raw_bytes,
        "raw_sha256": stored.raw_sha256,
    }


def letter_whole(stored: StoredLetter) -> dict[str, Any]:
    """With the record itself: as text where it is UTF-8, else as base64; null when it was too large to keep."""
    raw: dict[str, str] | None = None
    if stored.raw:
        try:
            raw = {"text": base64.b64decode(stored.raw).decode()}
        except UnicodeDecodeError:
            raw = {"base64": stored.raw}
    return {**letter(stored), "raw": raw, "headers": msgspec.json.decode(stored.headers or "[]")}
