"""The fast path of the generic event: bytes to the usual fields, typed, in one go. The rest `generic` reads slowly.

What it accepts it reads exactly as `generic` would; a test holds the two against each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, field

from domain import actions
from ingest.refusal import Refused
from ingest.sources.base import BLANK, Draft, at
from ingest.strict_json import MOST_BYTES, keys_in, parse

# Lengths that cannot exceed a limit in bytes: longer values take the slow path, which measures.
_Id = Annotated[str, Meta(max_length=256)]
_Needed = Annotated[str, Meta(min_length=1, max_length=256)]
_Text = Annotated[str, Meta(max_length=2_048)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=100)]
_Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Country = Annotated[str, Meta(max_length=2, pattern="^([A-Z]{2})?$")]
#: Facts and lists of ids need more than types: they go the slow way.
_ACTIONS = tuple(action for action in actions.ACTIONS if action != actions.CONTEXT_STATED)
if TYPE_CHECKING:  # mypy wants the words of a Literal written out; msgspec takes them from the vocabulary
    _Action: TypeAlias = str
    _Outcome: TypeAlias = str
    _Reason: TypeAlias = str
    _Channel: TypeAlias = str
    _Kind: TypeAlias = str
    _Network: TypeAlias = str
    _Basis: TypeAlias = str
    _Sensitivity: TypeAlias = str
    _Precision: TypeAlias = str
    _Direction: TypeAlias = str
    _Credential: TypeAlias = str
else:
    _Action, _Outcome, _Reason = Literal[_ACTIONS], Literal[actions.OUTCOMES], Literal[actions.REASONS]
    _Channel, _Kind = Literal[actions.CHANNELS], Literal[actions.ACTOR_KINDS]
    _Network, _Basis = Literal[actions.NETWORKS], Literal[actions.IP_BASES]
    _Sensitivity, _Precision = Literal[actions.SENSITIVITIES], Literal[actions.PRECISIONS]
    _Direction = Literal["weakened", "strengthened", "neutral"]
    _Credential = Literal["password", "mfa", "recovery", "api_key"]


# In the three structs the fields stand in the order of Activity's, what is judged first.
class _Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False, kw_only=True):
    actor_kind: _Kind = field(name="kind", default="human")
    roles: _Texts = ()
    privileged: bool = False
    impersonator: _Id = ""
    actor_id: _Needed = field(name="id")
    actor_login: _Id = field(name="login", default="")
    actor_name: _Text = field(name="name", default="")
    actor_email: _Text = field(name="email", default="")
    team: _Text = ""


class _Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    ip: _Text = ""
    asn: _Whole | None = None
    network: _Network = "unknown"
    country: _Country = ""
    region: _Text = ""
    city: _Text = ""
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    radius_km: Annotated[float, Meta(ge=0, le=20_038)] | None = None
    device_id: _Id = ""
    ip_basis: _Basis = "none"
    user_agent: _Text = ""
    tls: _Text = ""


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    said_at: str = field(name="occurred_at")
    actor: msgspec.Raw
    action: _Action
    origin: msgspec.Raw = msgspec.Raw(b"")
    said_tenant: _Text = field(name="tenant", default="")
    said_source: _Text = field(name="source", default="")
    said_feed: _Text = field(name="feed", default="")
    native_id: _Id = field(name="id", default="")
    outcome: _Outcome = "unknown"
    time_precision: _Precision = ""
    channel: _Channel = ""
    app_id: _Id = ""
    object_type: _Text = ""
    object_id: _Id = ""
    reason: _Reason = ""
    request_id: _Id = ""
    execution_id: _Id = ""
    sequence: _Whole | None = None
    count: _Whole | None = None
    bytes: _Whole | None = None
    external: bool | None = None
    exported: bool | None = None
    session_id: _Id = ""
    auth_method: _Text = ""
    mfa: bool | None = None
    app_name: _Text = ""
    scopes: _Texts = ()
    job_id: _Id = ""
    ticket: _Id = ""
    sensitivity: _Sensitivity = "normal"
    fields: _Texts = ()
    title: _Text = ""
    value_digest: _Text = ""
    area: _Text = ""
    direction: _Direction = ""
    target_id: _Id = ""
    role: _Id = ""
    recipient_count: _Whole | None = None
    destination: _Text = ""
    purpose: _Text = ""
    change: _Text = ""
    credential: _Credential = ""
    hard: bool | None = None
    method: _Text = ""
    attachment: bool | None = None
    state: _Text = ""
    result: _Text = ""
    kind: _Text = ""
    score: Annotated[float, Meta(ge=0, le=1)] | None = None
    control: _Text = ""


def _stretch(first: str, last: str) -> tuple[slice, slice]:
    """From one field to another, both included: where they stand in a row, and in the values of an event."""
    names = _Event.__struct_fields__
    return slice(at(first), at(last) + 1), slice(names.index(first), names.index(last) + 1)


_STRETCHES: Final = (
    _stretch("outcome", "time_precision"), _stretch("channel", "object_id"), _stretch("reason", "sequence"),
    _stretch("count", "exported"), _stretch("session_id", "mfa"), _stretch("app_name", "control"),
)  # fmt: skip
#: What actor and origin say in a row: what is judged of it, and what is not.
VALUES: Final = slice(at("actor_kind"), at("device_id") + 1)
OTHERS: Final = slice(at("actor_id"), at("tls") + 1)
_ACTION, _NATIVE_ID = at("action"), at("native_id")
#: Who acted from where comes again and again: this many are remembered, none of more than so many bytes.
_REMEMBERED: Final = 20_000
SHORT: Final = 1_024
astuple = msgspec.structs.astuple
_decode: Final = msgspec.json.Decoder(_Event).decode
_decode_actor: Final = msgspec.json.Decoder(_Actor).decode
_decode_origin: Final = msgspec.json.Decoder(_Origin).decode
_encode: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


class _Parts(NamedTuple):
    """Actor and origin of an event as a row has them."""

    values: tuple[Any, ...]  # VALUES, agent family blank
    others: tuple[Any, ...]  # OTHERS
    sure: bool  # no key stands twice


def read_parts(actor: bytes, origin: bytes) -> _Parts | None:
    """None when one of them needs the slow path."""
    try:
        who, where = _decode_actor(actor), _decode_origin(origin or b"{}")
    except _UNREADABLE:
        return None
    kind, roles, privileged, impersonator, actor_id, login, name, email, team = astuple(who)
    *origins, device, basis, agent, tls = astuple(where)
    try:
        sure = all(parse(part) is not None for part in (actor, origin or b"{}"))
    except Refused:
        sure = False
    values = (kind, roles, privileged, impersonator, *origins, "", device)
    return _Parts(values, (actor_id, login, basis, agent, name, email, team, tls), sure)


_remembered_parts: Final = lru_cache(maxsize=_REMEMBERED)(read_parts)


def typed(raw: bytes) -> _Event | None:
    """The event with actor and origin as they came; None when the record needs the slow path."""
    if len(raw) > MOST_BYTES:
        return None
    try:
        return _decode(raw)
    except _UNREADABLE:
        return None


def check(raw: bytes, event: _Event, *, sure: bool) -> None:
    """Raises Refused as `strict_json.parse` does; `sure` is whether no key stands twice in actor and origin."""
    if b"\\" in raw or not sure or not _every_key_once(raw, event):
        parse(raw)


def read(raw: bytes) -> tuple[Draft, str] | None:
    """The draft without its time, and occurred_at as it came; None when the record needs the slow path.

    The time's precision is "" unless the record says it. Raises Refused as `strict_json.parse` does.
    """
    if (event := typed(raw)) is None:
        return None
    actor, origin = bytes(event.actor), bytes(event.origin)
    find = _remembered_parts if len(actor) + len(origin) <= SHORT else read_parts
    if (parts := find(actor, origin)) is None:
        return None
    check(raw, event, sure=parts.sure)
    said = astuple(event)
    row = list(BLANK)
    row[_ACTION], row[_NATIVE_ID], row[VALUES], row[OTHERS] = event.action, event.native_id, parts.values, parts.others
    for place, some in _STRETCHES:
        row[place] = said[some]
    return Draft(row, event.said_tenant, "", "tenant", event.said_source, event.said_feed), event.said_at


def _every_key_once(raw: bytes, typed: _Event) -> bool:
    """Whether no key of the outermost object stands twice; `raw` has no escape. False: it must be looked at closely.

    A struct keeps the last of two equal keys in silence, so it is written again without what has its default. Nothing
    in it comes out longer than it was read, save a float: of equal length, nothing was left out. Else the keys are
    counted: one was repeated, or said its default, or a colon in a text hides the number.
    """
    again = _encode(typed)
    return (len(again) == len(raw) and typed.score is None) or keys_in(raw) == keys_in(again)
