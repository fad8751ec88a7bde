"""From a raw record to activities: the one place where what a CRM said becomes what Vedette judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.clock import DAY, HOUR, rfc3339
from domain.errors import VedetteError
from domain.sources import SOURCES
from domain.subject import Tokeniser
from ingest.alike import Alike
from ingest.dead_letters import DeadLetter, dead_letter
from ingest.door import Door, door_of
from ingest.failures import Failures
from ingest.identity import activity_id, record_digest
from ingest.known import AHEAD, Outcome, Way, finished
from ingest.people import REMEMBERED
from ingest.record import Headers, Record, Skip
from ingest.refusal import Refused, missing, shown, unknown_value
from ingest.settings import IngestSettings
from ingest.sources.base import Adapter, Draft, at
from ingest.sources.cloud_events import binary, structured
from ingest.sources.generic_fields import invalid_tenant
from ingest.sources.mapping import Mapping
from ingest.sources.registry import ADAPTERS, NEVER_STORED, detect
from ingest.sources.salesforce_ids import long_id
from ingest.strict_json import parse
from ingest.who import Origins, Who, identify, lacking, write

#: Further ahead of its arrival an event is refused; less far it is flagged and waits.
MOST_AHEAD: Final = DAY
#: Records that are finished together: what is half done of them stays near.
_TOGETHER: Final = 100
#: Topics and headers that are remembered.
_ENTRANCES: Final = 4_096
_encode, replace = msgspec.json.encode, msgspec.structs.replace

_TENANT, _SOURCE, _FEED, _ACTIVITY_ID, _NATIVE_ID = map(at, ("tenant", "source", "feed", "activity_id", "native_id"))
_OCCURRED_AT, _PRECISION, _ACTION, _FLAGS = map(at, ("occurred_at", "time_precision", "action", "flags"))
_ACTOR_ID, _LOGIN, _APP_ID, _SESSION_ID = map(at, ("actor_id", "actor_login", "app_id", "session_id"))
_IP, _USER_AGENT, _COUNT, _OBJECT_ID = map(at, ("ip", "user_agent", "count", "object_id"))
#: Digest, place and marks are the last fields of an activity.
_TAIL = slice(at("record_digest"), at("history") + 1)


class _Entrance(NamedTuple):
    door: Door
    wrapped: bool  # in headers, as a CloudEvent in binary mode
    way: Way | None  # where its adapter says what varies


class Normaliser:
    """Turns each record into activities, a dead letter or a skip, always the same for the same record, keys and places.

    Without `origins` an activity holds only what the record says of its origin.

    Never raises because of a record: an exception of our own becomes a dead letter with the code `internal`, until too
    many come in a row (see `failures`). What `keys` raises passes through, since then nothing is wrong with the record:
    a VedetteError, or the OSError of a key file that cannot be read.
    """

    def __init__(
        self, settings: IngestSettings, keys: Callable[[str], Tokeniser], *, origins: Origins | None = None
    ) -> None:
        self._keys, self._origins = keys, origins
        self._default, self._raw_source = settings.default_tenant, settings.raw_source
        self._tenants = {long_id(organization): tenant for organization, tenant in settings.organizations.items()}
        self._mapped = {each.source: each for each in map(Mapping, map(Path, settings.mappings))}
        self.failures = Failures()
        self._alike = Alike(storable, keys, origins)
        self._entrances: dict[tuple[str, Headers], _Entrance] = {}
        self._who = lru_cache(maxsize=REMEMBERED)(self._identify)

    def normalise(self, record: Record) -> Outcome:
        (outcome,) = self.normalise_all((record,))
        return outcome

    def normalise_all(self, records: Sequence[Record]) -> list[Outcome]:
        """What each of them comes to, in order."""
        outcomes = list[Outcome]()
        for start in range(0, len(records), _TOGETHER):
            outcomes += self._some(records[start : start + _TOGETHER])
        return outcomes

    def _some(self, records: Sequence[Record]) -> list[Outcome]:
        outcomes, rows, places = list[Outcome](), list[list[Any]](), list[int]()
        failures, entrances, read = self.failures, self._entrances, self._alike.read
        for record in records:
            try:
                entrance = entrances.get((record.topic, record.headers)) or self._enter(record.topic, record.headers)
                way = entrance.way
                found = None if way is None else read(record, way)
                outcome = self._long(record, entrance) if found is None else found
            except (VedetteError, OSError, MemoryError):
                raise
            except Exception as error:
                outcomes.append(self._failed(record, error))
                continue
            if outcome is found and isinstance(found, list):
                places.append(len(outcomes))
                rows.append(found)
            outcomes.append(outcome)
            if failures.in_a_row:
                failures.over()
        for place, activity in zip(places, finished(rows), strict=True):
            outcomes[place] = [activity]
        return outcomes

    def _failed(self, record: Record, error: Exception) -> DeadLetter:
        """What failed may be the reader, so of a source that must not keep all of its bytes none are kept."""
        door = door_of(record.topic, record.headers)
        adapter = (detect(record.value) or door.adapter) if door.unsaid else door.adapter
        return dead_letter(
            record,
            code="internal",
            reason=self.failures.note(error, place=f"{record.lane}/{record.offset}"),
            tenant=door.tenant or self._default,
            source=door.source,
            feed=door.feed,
            kept=record.value if adapter is None or not adapter.never_stored else b"",
        )

    def _long(self, record: Record, entrance: _Entrance) -> Outcome:
        if entrance.wrapped:
            return self._unwrapped(structured(record))
        outcome = self._read(record, entrance.door)
        if entrance.way is not None:
            self._alike.learn(record, outcome)
        return outcome

    def _unwrapped(self, record: Record) -> Outcome:
        entrance = self._entrances.get((record.topic, record.headers)) or self._enter(record.topic, record.headers)
        found = None if entrance.way is None else self._alike.read(record, entrance.way)
        if found is None:
            return self._long(record, entrance)
        return finished([found]) if isinstance(found, list) else found

    def _enter(self, topic: str, headers: Headers) -> _Entrance:
        if len(self._entrances) >= _ENTRANCES:
            self._entrances.clear()
            self._alike.forget()
        door, told, wrapped = door_of(topic, headers), self._raw_source, binary(headers)
        if told and door.unsaid:
            door = replace(door, adapter=ADAPTERS.get(told), source=told, unsaid=False)
        varies = {} if wrapped or door.adapter is None else door.adapter.varies
        way = Way(varies, lambda record: self._read(record, door)) if varies else None
        made = self._entrances[(topic, headers)] = _Entrance(door, wrapped, way)
        return made

    def _read(self, record: Record, door: Door) -> Outcome:
        tenant, source, feed = door.tenant or self._default, door.source, door.feed
        try:
            adapter = door.adapter or self._mapped.get(door.source)
            if adapter is None:
                raise unknown_value("source", door.source, (*SOURCES, *self._mapped), code="source_unknown")
            if door.bad_tenant:
                raise invalid_tenant(door.tenant)
            flags: set[str] = set()
            draft = adapter.read(record.value, flags)
            if draft.skipped:
                tenant = door.tenant or self._tenants.get(draft.organization, self._default)
                return Skip(draft.skipped, tenant=tenant, source=source, feed=feed or draft.feed)
            source, feed = draft.source or source, draft.feed or feed
            tenant = self._tenant(door, draft)
            return [self._finish(record, door, draft, flags, tenant=tenant, source=source, feed=feed)]
        except Refused as refused:
            if door.unsaid and (found := detect(record.value, self._mapped.values())) is not None:
                return self._read(record, replace(door, adapter=found, source=found.source, unsaid=False))
            return dead_letter(
                record,
                code=refused.code,
                reason=refused.reason,
                tenant=tenant,
                source=source,
                feed=feed,
                kept=storable(record, source),
            )

    def _tenant(self, door: Door, draft: Draft) -> str:
        """The door's where it is trusted, else the record's own, else the default; never two different ones."""
        own = draft.tenant or self._tenants.get(draft.organization, "")
        if door.tenant:
            if own and own != door.tenant:
                raise Refused(
                    "tenant_mismatch",
                    f"{draft.tenant_field} says tenant {shown(own)}, but this door belongs to {shown(door.tenant)}; "
                    "leave it out, or use that tenant's door",
                )
            return door.tenant
        if own or self._default:
            return own or self._default
        if draft.organization:
            raise Refused(
                "tenant_unknown",
                f"organisation {shown(draft.organization)} belongs to no tenant; add it to ingest.organizations, "
                "or set ingest.default_tenant",
            )
        raise Refused(
            "tenant_unknown", f"{draft.tenant_field} is missing; send it with each record, or set ingest.default_tenant"
        )

    def _finish(
        self, record: Record, door: Door, draft: Draft, flags: set[str], *, tenant: str, source: str, feed: str
    ) -> Activity:
        row = draft.row
        action, occurred_at, native_id = row[_ACTION], row[_OCCURRED_AT], row[_NATIVE_ID]
        if occurred_at > record.received_at + AHEAD:
            _check_ahead(occurred_at, record.received_at, flags)
        if not native_id and door.needs_id:
            raise missing("id", "over HTTP each event needs its own id, so that a retry is not a second event")
        who = self._who(tenant, row[_ACTOR_ID], row[_LOGIN], row[_IP], row[_USER_AGENT], row[_APP_ID])
        flags.update(
            lacking(
                action,
                ip=who.ip,
                said=bool(row[_IP]),
                count=row[_COUNT],
                object_id=row[_OBJECT_ID],
                precision=row[_PRECISION],
            )
        )
        write(row, who, None if self._origins is None else self._origins(occurred_at))
        if session := row[_SESSION_ID]:
            row[_SESSION_ID] = who.key("session\0" + session)
        lane = record.lane
        place = native_id or f"{record.epoch}/{lane}/{record.offset}/0"
        identity = activity_id(f"{tenant}\0{source}\0{place}\0{occurred_at}\0{action}\0{who.subjects}")
        row[_TENANT], row[_ACTIVITY_ID], row[_SOURCE], row[_FEED] = tenant, identity, source, feed
        if flags:
            row[_FLAGS] = tuple(sorted(flags))
        row[_TAIL] = (
            record_digest(_kept(record.value, door.adapter)), record.epoch, lane, record.offset, 0, record.received_at,
            door.batch, door.history,
        )  # fmt: skip
        return Activity(*row)

    def _identify(self, tenant: str, actor: str, login: str, ip: str, agent: str, app: str) -> Who:
        return identify(self._keys(tenant), actor, login, ip, agent, app)


def storable(record: Record, source: str = "") -> bytes:
    """What of the record's bytes may be kept: all of it, or the object without the fields its source never stores.

    `source` is whose it turned out to be, where its door does not say. b"" when such a field may be in it and it cannot
    be read well enough to take the field out.
    """
    door = door_of(record.topic, record.headers)
    return _kept(record.value, ADAPTERS.get(source) if door.unsaid and source else door.adapter)


def _kept(value: bytes, adapter: Adapter | None) -> bytes:
    if adapter is None or not adapter.never_stored:
        return value
    lower = value.lower()
    for sign in NEVER_STORED[adapter.source]:
        if sign in lower:
            break
    else:
        return value
    try:
        event = parse(value)
    except Refused:
        return b""
    kept = _without(event, adapter.never_stored)
    return value if kept == event else _encode(kept)


def _without(event: dict[str, Any], never: tuple[str, ...]) -> dict[str, Any]:
    """Also inside what a record may be wrapped in."""
    kept = {name: value for name, value in event.items() if name.lower() not in never}
    for name in ("data", "payload"):
        if type(inner := kept.get(name)) is dict:
            kept[name] = _without(inner, never)
    return kept


def _check_ahead(occurred_at: int, received_at: int, flags: set[str]) -> None:
    if occurred_at > received_at + MOST_AHEAD:
        hours = (occurred_at - received_at) // HOUR
        raise Refused(
            "ahead_of_time",
            f"occurred_at {rfc3339(occurred_at)} lies {hours} hours after the record arrived; "
            "check the source's clock and offset",
        )
    flags.add("ahead")
