"""The fast path of the generic event: the usual fields, typed, in one go. Whatever it declines, `generic` reads slowly.

What it accepts it reads exactly as `generic` would; a test holds the two against each other.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, field

from domain import actions
from domain.activity import FIELDS
from ingest.sources.base import BLANK, Draft

# Lengths that cannot exceed a limit in bytes: longer values take the slow path, which measures.
_Id = Annotated[str, Meta(max_length=256)]
_Needed = Annotated[str, Meta(min_length=1, max_length=256)]
_Text = Annotated[str, Meta(max_length=2_048)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=100)]
_Whole = Annotated[int, Meta(ge=0)]
#: Facts and lists of ids need more than types: they go the slow way.
_ACTIONS = tuple(action for action in actions.ACTIONS if action != actions.CONTEXT_STATED)
if TYPE_CHECKING:  # mypy wants the words of a Literal written out; msgspec takes them from the vocabulary
    _Action: TypeAlias = str
    _Outcome: TypeAlias = str
    _Reason: TypeAlias = str
    _Channel: TypeAlias = str
    _Kind: TypeAlias = str
else:
    _Action, _Outcome, _Reason = Literal[_ACTIONS], Literal[actions.OUTCOMES], Literal[actions.REASONS]
    _Channel, _Kind = Literal[actions.CHANNELS], Literal[actions.ACTOR_KINDS]


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
    said_tenant: _Text = field(name="tenant", default="")
    said_source: _Text = field(name="source", default="")
    said_feed: _Text = field(name="feed", default="")
    native_id: _Id = field(name="id", default="")
    outcome: _Outcome = "unknown"
    reason: _Reason = ""
    channel: _Channel = ""
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
_astuple = msgspec.structs.astuple


def read(event: dict[str, Any]) -> tuple[Draft, str] | None:
    """The draft without its time, and occurred_at as it came; None when the event needs the slow path."""
    try:
        typed = msgspec.convert(event, _Event)
    except msgspec.ValidationError:
        return None
    row = list(_ROW(_astuple(typed) + _astuple(typed.actor) + _astuple(typed.origin) + _BLANK))
    return Draft(row, tenant=typed.said_tenant, source=typed.said_source, feed=typed.said_feed), typed.said_at
