"""The short way of the usual generic event: from its bytes to its activity at once, with all that may be remembered.

Whatever is not usual takes the long way of `Normaliser`. Both come to the same; tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from domain.activity import Activity
from domain.clock import MINUTE
from domain.subject import Tokeniser
from ingest.door import Door
from ingest.identity import activity_id, record_digest
from ingest.record import Record
from ingest.refusal import Refused
from ingest.sources import generic_fast
from ingest.sources.base import BLANK, at
from ingest.sources.generic_fast import AUTH, BLANK_FACT, EFFECT, SHORT, astuple
from ingest.sources.generic_fields import OUTCOME, check_names
from ingest.values import moment
from ingest.who import Lookup, Origins, identify, lacking, write

#: Further ahead of its arrival an event is not usual, ms.
AHEAD: Final = MINUTE
#: Who did it from where: this many are remembered, about two kilobytes each.
REMEMBERED: Final = 20_000
PARTS: Final = slice(at("actor_token"), at("tls") + 1)
VALUES: Final = slice(at("actor_id"), at("tls") + 1)
_ACTOR_ID, _LOGIN, _IP, _USER_AGENT = map(at, ("actor_id", "actor_login", "ip", "user_agent"))


class _Known(NamedTuple):
    """What actor and origin of an event come to for its tenant and source."""

    tokens: tuple[str, ...]  # of an activity, from actor_token to net_token
    values: tuple[Any, ...]  # from actor_id to tls
    prefix: str  # of what an id is made of: tenant and source
    subjects: str  # and its end, before the token of the app
    ip: str  # as it is kept
    said: bool  # whether an address was named
    key: Tokeniser  # the tenant's
    sure: bool  # no key stands twice in actor or origin


class Usual:
    """Reads generic events; `Normaliser` asks it for nothing else."""

    def __init__(self, default_tenant: str, keys: Callable[[str], Tokeniser], origins: Origins | None) -> None:
        self._default, self._keys, self._origins = default_tenant, keys, origins
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._know)
        self._session = lru_cache(maxsize=REMEMBERED)(lambda key, session: key("session\0" + session))

    def read(self, record: Record, door: Door) -> Activity | None:
        """The activity, or None for what takes the long way; raises Refused as `Generic.read` would."""
        raw = record.value
        if (event := generic_fast.typed(raw)) is None:
            return None
        try:
            at, precision = moment("occurred_at", event.said_at)
        except Refused:
            return None
        tenant, source = event.said_tenant or door.tenant or self._default, event.said_source or door.source
        known = self._find(bytes(event.actor), bytes(event.origin), tenant, source, at)
        if known is None or (door.tenant and tenant != door.tenant) or at > record.received_at + AHEAD:
            return None
        generic_fast.check(raw, event, sure=known.sure)
        action, native_id, outcome, lane = event.action, event.native_id, event.outcome, record.lane
        if (said := OUTCOME.get(action)) is not None and outcome != said:
            if outcome != "unknown":
                return None
            outcome = said
        if not native_id and door.needs_id:
            return None
        place = native_id or f"{record.epoch}/{lane}/{record.offset}/0"
        precision, session, count = event.time_precision or precision, event.session_id, event.count
        app, rest = known.key(event.app_id) if event.app_id else "", astuple(event)
        row: tuple[Any, ...] = (
            tenant, activity_id(f"{known.prefix}{place}\0{at}\0{action}\0{known.subjects}{app}"), at, action, source,
            event.said_feed or door.feed, native_id, outcome, event.reason, precision,
            lacking(action, ip=known.ip, said=known.said, count=count, object_id=event.object_id, precision=precision),
            record_digest(raw), record.epoch, lane, record.offset, 0, record.received_at, door.batch, door.history,
            *known.tokens, app, *known.values, self._session(known.key, session) if session else "", *rest[AUTH], (),
            *rest[EFFECT], *BLANK_FACT,
        )  # fmt: skip
        return Activity(*row)

    def _find(self, actor: bytes, origin: bytes, tenant: str, source: str, at: int) -> _Known | None:
        find = self._remembered if len(actor) + len(origin) <= SHORT else self._know
        return find(actor, origin, tenant, source, None if self._origins is None else self._origins(at))

    def _know(self, actor: bytes, origin: bytes, tenant: str, source: str, lookup: Lookup | None) -> _Known | None:
        """None when actor and origin cannot be read so, or tenant and source cannot be."""
        if not tenant or (parts := generic_fast.read_parts(actor, origin)) is None:
            return None
        try:
            check_names(tenant, source)
        except Refused:
            return None
        row = list(BLANK)
        row[PARTS] = parts.values
        said = row[_IP]
        key = self._keys(tenant)
        who = identify(key, row[_ACTOR_ID], row[_LOGIN], said, row[_USER_AGENT], "")
        write(row, who, lookup)
        prefix = f"{tenant}\0{source}\0"
        return _Known(who.tokens[:-1], tuple(row[VALUES]), prefix, who.subjects, who.ip, bool(said), key, parts.sure)
