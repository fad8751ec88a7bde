"""The generic event: Vedette's own JSON, for every CRM that has no adapter."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import msgspec

from domain import actions
from ingest.refusal import Refused, missing, shown, wrong_type
from ingest.sources import base, generic_fast
from ingest.sources.base import COUNT, TEXT, TIME, Draft, at, row
from ingest.sources.cloud_events import unwrap
from ingest.sources.generic_fields import ABOUT, ACTOR, CONSUMED, OBJECTS, ORIGIN, OUTCOME, TOP, check_names
from ingest.strict_json import parse
from ingest.values import CUT, Reader, moment

#: Bytes of JSON that unknown fields may fill.
MOST_EXTRA: Final = 2_048

_OCCURRED_AT, _PRECISION, _ACTION, _OUTCOME_AT = map(at, ("occurred_at", "time_precision", "action", "outcome"))
_encode = msgspec.json.encode


class Generic:
    """PRODUCT section 1, "Generic event"."""

    source = "generic"
    never_stored: tuple[str, ...] = ()
    varies: Final = {
        "occurred_at": TIME, "actor": base.ACTOR, "origin": base.ORIGIN, "count": COUNT,
    } | dict.fromkeys(
        ("id", "object_id", "session_id", "request_id", "execution_id", "job_id", "target_id", "ticket", "title",
         "value_digest"),
        TEXT,
    )  # fmt: skip
    yields: Final = dict.fromkeys(actions.ACTIONS, "")
    always = " ".join(name for table in (TOP, ACTOR, ORIGIN) for name, _ in table.values() if name not in ("action",))
    blind = ""

    def read(self, raw: bytes, flags: set[str]) -> Draft:
        if (fast := generic_fast.read(raw)) is None:
            event = parse(raw)
            return self.read_slowly(unwrap(event) if "specversion" in event else event, flags)
        draft, said_at = fast
        values = draft.row
        values[_OCCURRED_AT], precision = moment("occurred_at", said_at)
        values[_PRECISION] = values[_PRECISION] or precision
        if (said := OUTCOME.get(values[_ACTION])) is not None:
            values[_OUTCOME_AT] = _agreed(values[_ACTION], values[_OUTCOME_AT], said)
        check_names(draft.tenant, draft.source)
        return draft

    def knows(self, event: dict[str, Any]) -> bool:
        return "occurred_at" in event or ("actor" in event and "action" in event)

    def read_slowly(self, event: dict[str, Any], flags: set[str]) -> Draft:
        """Field by field: unknown ones go to extra, and what is wrong is refused in a sentence."""
        fields: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in event.items():
            known = TOP.get(name)
            if known is not None:
                if value is not None:
                    fields[known[0]] = known[1](value, flags)
            elif name not in CONSUMED:
                extra[name] = value
        for name, table in OBJECTS:
            if (part := event.get(name)) is not None:
                _read_part(name, part, table, fields, extra, flags)
        fields["occurred_at"], precision = moment("occurred_at", event.get("occurred_at"))
        fields.setdefault("time_precision", precision)
        _check(fields)
        if "object_ids" in fields and "count" not in fields:
            fields["count"] = len(event["object_ids"])  # ids that were all listed are a count; nothing else is guessed
        if extra:
            fields["extra"] = _extra(extra, flags)
        pop = fields.pop
        tenant, source, feed = pop("tenant", ""), pop("source", ""), pop("feed", "")
        check_names(tenant, source)
        return Draft(row(fields), tenant=tenant, source=source, feed=feed)


def _read_part(
    name: str,
    part: Any,
    table: dict[str, tuple[str, Reader]],
    fields: dict[str, Any],
    extra: dict[str, Any],
    flags: set[str],
) -> None:
    if type(part) is not dict:
        raise wrong_type(name, "an object", part)
    unknown = None
    for key, value in part.items():
        known = table.get(key)
        if known is None:
            unknown = {key: value} if unknown is None else {**unknown, key: value}
        elif value is not None:
            fields[known[0]] = known[1](value, flags)
    if unknown is not None:
        extra[name] = unknown


def _check(fields: dict[str, Any]) -> None:
    """What every event needs, and what an action says by itself."""
    action = fields.get("action")
    if not action:
        raise missing("action", "send one of the actions, such as auth.login.failed")
    if not fields.get("actor_id"):
        raise missing("actor.id", "send the CRM's id of who did it; for an unknown user, the login name as typed")
    if action == actions.CONTEXT_STATED:
        _check_fact(fields)
    if (said := OUTCOME.get(action)) is not None:
        fields["outcome"] = _agreed(action, fields.get("outcome", "unknown"), said)


def _agreed(action: str, outcome: str, said: str) -> str:
    """The outcome that the action says by itself."""
    if outcome not in (said, "unknown"):
        raise Refused(
            "contradiction",
            f"outcome {shown(outcome)} contradicts the action {action}; leave outcome out or send {said!r}",
        )
    return said


def _check_fact(fields: dict[str, Any]) -> None:
    for name in ("fact", "about"):
        if not fields.get(name):
            raise missing(name, "context.stated needs fact and about, such as leaver and actor:u7")
    about = fields["about"]
    if (about != "tenant" and about.partition(":")[0] not in ABOUT) or about.endswith(":"):
        raise Refused(
            "unknown_value",
            f"about {shown(about)} is unknown; use actor:ID, app:ID, network:CIDR, record:TYPE:ID or tenant",
        )
    if about.startswith("network:"):
        _check_range(about)


def _check_range(about: str) -> None:
    try:
        ipaddress.ip_network(about.removeprefix("network:"))
    except ValueError as error:
        raise Refused(
            "unknown_value", f"about {shown(about)} is no range ({error}); send one such as network:203.0.113.0/24"
        ) from error


def _extra(extra: dict[str, Any], flags: set[str]) -> str:
    """Unknown fields as JSON of at most 2 kB; those that do not fit are left out and the activity flagged `cut`."""
    encoded = _encode(extra)
    if len(encoded) <= MOST_EXTRA:
        return encoded.decode()
    flags.add(CUT)
    kept: dict[str, Any] = {}
    size = 2
    for name, value in extra.items():
        size += len(_encode({name: value})) - 1
        if size > MOST_EXTRA:
            break
        kept[name] = value
    return _encode(kept).decode()


ADAPTER: Final = Generic()
