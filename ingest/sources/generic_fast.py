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


# In the three structs the fields stand in the order of Activity's, so that whole stretches of a row are copied at once.
class _Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    actor_id: _Needed = field(name="id")
    actor_login: _Id = field(name="login", default="")
    actor_kind: _Kind = field(name="kind", default="human")
    actor_name: _Text = field(name="name", default="")
    actor_email: _Text = field(name="email", default="")
    roles: _Texts = ()
    privileged: bool = False
    team: _Text = ""
    impersonator: _Id = ""


class _Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    ip: _Text = ""
    ip_basis: _Basis = "none"
    asn: _Whole | None = None
    network: _Network = "unknown"
    country: _Country = ""
    region: _Text = ""
    city: _Text = ""
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    radius_km: Annotated[float, Meta(ge=0, le=20_038)] | None = None
    user_agent: _Text = ""
    device_id: _Id = ""
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
    reason: _Reason = ""
    time_precision: _Precision = ""
    session_id: _Id = ""
    auth_method: _Text = ""
    mfa: bool | None = None
    channel: _Channel = ""
    app_id: _Id = ""
    app_name: _Text = ""
    scopes: _Texts = ()
    request_id: _Id = ""
    execution_id: _Id = ""
    sequence: _Whole | None = None
    job_id: _Id = ""
    ticket: _Id = ""
    object_type: _Text = ""
    object_id: _Id = ""
    sensitivity: _Sensitivity = "normal"
    count: _Whole | None = None
    bytes: _Whole | None = None
    fields: _Texts = ()
    title: _Text = ""
    value_digest: _Text = ""
    area: _Text = ""
    direction: _Direction = ""
    target_id: _Id = ""
    role: _Id = ""
    recipient_count: _Whole | None = None
    external: bool | None = None
    destination: _Text = ""
    purpose: _Text = ""
    exported: bool | None = None
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


#: The fields of an activity that they say.
ACTOR: Final = _Actor.__struct_fields__
ORIGIN: Final = _Origin.__struct_fields__


def _stretch(first: str, last: str) -> slice:
    """Of the values of an event, from one field to another, both included."""
    names = _Event.__struct_fields__
    return slice(names.index(first), names.index(last) + 1)


_OUTCOME, _SESSION = _stretch("outcome", "time_precision"), _stretch("session_id", "object_id")
AUTH: Final = _stretch("auth_method", "object_id")
EFFECT: Final = _stretch("sensitivity", "control")
#: Of the values of an origin, those before and after the family of the user agent.
_BEFORE_FAMILY, _AFTER_FAMILY = slice(0, 11), slice(11, 13)
#: What no event says by itself, in a blank row.
_BLANK_TOKENS: Final = tuple(BLANK[at("actor_token") : at("actor_id")])
BLANK_FACT: Final = tuple(BLANK[at("fact") :])
_BLANK_PLACE: Final = tuple(BLANK[at("flags") : at("actor_token")])
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

    values: tuple[Any, ...]  # from actor_token to tls, tokens and agent family blank
    sure: bool  # no key stands twice


def read_parts(actor: bytes, origin: bytes) -> _Parts | None:
    """None when one of them needs the slow path."""
    try:
        who, where = _decode_actor(actor), _decode_origin(origin or b"{}")
    except _UNREADABLE:
        return None
    origins = astuple(where)
    try:
        sure = all(parse(part) is not None for part in (actor, origin or b"{}"))
    except Refused:
        sure = False
    values = (*_BLANK_TOKENS, *astuple(who), *origins[_BEFORE_FAMILY], "", *origins[_AFTER_FAMILY])
    return _Parts(values, sure)


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
    row: list[Any] = [
        "", "", 0, event.action, "", "", event.native_id, *said[_OUTCOME], *_BLANK_PLACE, *parts.values,
        *said[_SESSION], (), *said[EFFECT], *BLANK_FACT,
    ]  # fmt: skip
    return Draft(row, event.said_tenant, "", "tenant", event.said_source, event.said_feed), event.said_at


def _every_key_once(raw: bytes, typed: _Event) -> bool:
    """Whether no key of the outermost object stands twice; `raw` has no escape. False: it must be looked at closely.

    A struct keeps the last of two equal keys in silence, so it is written again without what has its default. Nothing
    in it comes out longer than it was read, save a float: of equal length, nothing was left out. Else the keys are
    counted: one was repeated, or said its default, or a colon in a text hides the number.
    """
    again = _encode(typed)
    return (len(again) == len(raw) and typed.score is None) or keys_in(raw) == keys_in(again)
