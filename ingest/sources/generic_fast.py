"""The fast path of the generic event: the usual fields, typed, in one go. Whatever it declines, `generic` reads slowly.

What it accepts it reads exactly as `generic` would; a test holds the two against each other.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, field

from domain import actions
from domain.activity import FIELDS
from ingest.sources.base import BLANK, Draft, at

# Lengths that cannot exceed a limit in bytes: longer values take the slow path, which measures.
_Id = Annotated[str, Meta(max_length=256)]
_Needed = Annotated[str, Meta(min_length=1, max_length=256)]
_Text = Annotated[str, Meta(max_length=2_048)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=100)]
_Whole = Annotated[int, Meta(ge=0)]
#: Facts and lists of ids need more than types: they go the slow way.
_Action = Literal[tuple(action for action in actions.ACTIONS if action != actions.CONTEXT_STATED)]  # type: ignore[valid-type]
_Outcome = Literal[actions.OUTCOMES]  # type: ignore[valid-type]
_Reason = Literal[actions.REASONS]  # type: ignore[valid-type]
_Channel = Literal[actions.CHANNELS]  # type: ignore[valid-type]
_Kind = Literal[actions.ACTOR_KINDS]  # type: ignore[valid-type]


class _Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    actor_id: _Needed = field(name="id")
    actor_login: _Id = field(name="login", default="")
    actor_kind: _Kind = field(name="kind", default="human")
    actor_name: _Text = field(name="name", default="")
    actor_email: _Text = field(name="email", default="")
    roles: _Texts = ()
    privileged: bool = False
    team: _Text = ""


class _Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    ip: _Text = ""
    user_agent: _Text = ""
    device_id: _Id = ""
    tls: _Text = ""


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    said_at: str = field(name="occurred_at")
    action: _Action
    actor: _Actor
    origin: _Origin = _Origin()
    tenant: _Text = ""
    source: _Text = ""
    feed: _Text = ""
    native_id: _Id = field(name="id", default="")
    outcome: _Outcome | None = None
    reason: _Reason | Literal[""] = ""
    channel: _Channel | Literal[""] = ""
    object_type: _Text = ""
    object_id: _Id = ""
    count: _Whole | None = None
    bytes: _Whole | None = None
    request_id: _Id = ""
    execution_id: _Id = ""
    session_id: _Id = ""
    app_id: _Id = ""
    app_name: _Text = ""
    scopes: _Texts = ()
    mfa: bool | None = None
    auth_method: _Text = ""
    method: _Text = ""
    fields: _Texts = ()
    value_digest: _Text = ""
    target_id: _Id = ""
    destination: _Text = ""


_NAMES: Final = _Event.__struct_fields__ + _Actor.__struct_fields__ + _Origin.__struct_fields__ + FIELDS
#: From the fields of event, actor and origin, one after the other and before a blank row, to the row of an activity.
_ROW: Final = itemgetter(*[_NAMES.index(name) for name in FIELDS])
_BLANK: Final = tuple(BLANK)
_OUTCOME_AT: Final = at("outcome")
_astuple = msgspec.structs.astuple


def read(event: dict[str, Any]) -> tuple[Draft, str] | None:
    """The draft without its time, and occurred_at as it came; None when the event needs the slow path."""
    try:
        typed = msgspec.convert(event, _Event)
    except msgspec.ValidationError:
        return None
    row = list(_ROW(_astuple(typed) + _astuple(typed.actor) + _astuple(typed.origin) + _BLANK))
    if typed.outcome is None:
        row[_OUTCOME_AT] = "unknown"
    return Draft(row, tenant=typed.tenant, source=typed.source, feed=typed.feed), typed.said_at
