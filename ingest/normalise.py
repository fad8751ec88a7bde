"""From a raw record to activities: the one place where what a CRM said becomes what Vedette judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from domain.activity import Activity
from domain.clock import DAY, HOUR, rfc3339
from domain.errors import VedetteError
from domain.rows import Rows
from domain.sources import SOURCES
from domain.subject import Tokeniser
from ingest.alike import Alike
from ingest.dead_letters import DeadLetter, dead_letter
from ingest.door import Door, door_of
from ingest.failures import Failures
from ingest.identity import activity_id, record_digest
from ingest.kept import kept, storable
from ingest.known import AHEAD, Outcome, Way
from ingest.memory import Memory
from ingest.people import REMEMBERED as PEOPLE
from ingest.record import Headers, Record, Skip
from ingest.refusal import Refused, missing, shown, unknown_value
from ingest.settings import IngestSettings
from ingest.sheet import Sheet
from ingest.sources.base import Draft, at
from ingest.sources.cloud_events import binary, structured
from ingest.sources.generic_fields import invalid_tenant
from ingest.sources.mapping import Mapping
from ingest.sources.registry import ADAPTERS, detect
from ingest.sources.salesforce_ids import long_id
from ingest.who import Origins, Who, identify, lacking, write

#: Further ahead of its arrival an event is refused; less far it is flagged and waits.
MOST_AHEAD: Final = DAY
#: Records that are finished together: what is half done of them stays near.
_TOGETHER: Final = 100
#: Topics and headers that are remembered.
_ENTRANCES: Final = 4_096
replace: Final = msgspec.structs.replace
_activity: Final = msgspec.json.Decoder(Activity).decode

_TENANT, _SOURCE, _FEED, _ACTIVITY_ID, _NATIVE_ID = map(at, ("tenant", "source", "feed", "activity_id", "native_id"))
_OCCURRED_AT, _PRECISION, _ACTION, _FLAGS = map(at, ("occurred_at", "time_precision", "action", "flags"))
_ACTOR_ID, _LOGIN, _APP_ID, _SESSION_ID = map(at, ("actor_id", "actor_login", "app_id", "session_id"))
_IP, _USER_AGENT, _COUNT, _OBJECT_ID = map(at, ("ip", "user_agent", "count", "object_id"))
_DIGEST, _BATCH, _HISTORY = map(at, ("record_digest", "batch", "history"))
_PLACE = slice(at("epoch"), at("received_at") + 1)


class _Entrance(NamedTuple):
    door: Door
    wrapped: bool  # in headers, as a CloudEvent in binary mode
    way: Way | None  # where its adapter says what varies


class Taken(msgspec.Struct, frozen=True):
    """What records come to: what is stored, what is refused, and what is only counted."""

    rows: Rows = msgspec.field(default_factory=Rows)
    letters: list[DeadLetter] = msgspec.field(default_factory=list)
    skips: list[tuple[Record, Skip]] = msgspec.field(default_factory=list)


class _Others:
    """Activities that came the long way, with what may be kept of their records and where they stand among others."""

    def __init__(self) -> None:
        self.places, self.activities, self.raws = list[int](), list[Activity](), list[bytes]()

    def among(self, rows: Rows) -> Rows:
        """The rows, and these in their places."""
        if self.places:
            rows.insert(self.places, Rows.of(self.activities, self.raws))
        return rows


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
        self._who = Memory(self._identify, most=PEOPLE)

    def normalise(self, record: Record) -> Outcome:
        """What one record comes to, as activities."""
        found = self._one(record, sheet := Sheet())
        return list(map(_activity, sheet.take().bodies)) if found is True else found

    def rows(self, records: Sequence[Record]) -> Taken:
        """What the records come to, as it is stored."""
        taken, sheet, others = Taken(), Sheet(), _Others()
        for record in records:
            found = self._one(record, sheet)
            if found is True:
                pass
            elif isinstance(found, list):
                for each in found:
                    others.places.append(len(sheet) + len(others.places))
                    others.activities.append(each)
                    others.raws.append(storable(record, each.source))
            elif isinstance(found, DeadLetter):
                taken.letters.append(found)
            else:
                taken.skips.append((record, found))
            if len(sheet) + len(others.places) >= _TOGETHER:
                taken.rows.extend(others.among(sheet.take()))
                others = _Others()
        taken.rows.extend(others.among(sheet.take()))
        return taken

    def _one(self, record: Record, sheet: Sheet) -> Outcome | Literal[True]:
        """True: it was written into the sheet."""
        entrances, failures = self._entrances, self.failures
        try:
            entrance = entrances.get((record.topic, record.headers)) or self._enter(record.topic, record.headers)
            found = entrance.way is not None and self._alike.read(record, entrance.way, sheet)
            outcome = found or self._long(record, entrance, sheet)
        except (VedetteError, OSError, MemoryError):
            raise
        except Exception as error:
            return self._failed(record, error)
        if failures.in_a_row:
            failures.over()
        return outcome

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

    def _long(self, record: Record, entrance: _Entrance, sheet: Sheet) -> Outcome | Literal[True]:
        if entrance.wrapped:
            found = self._unwrapped(structured(record), sheet)
            if found is True:
                sheet.keep(partial(storable, record))  # as it came, not as it was unwrapped
            return found
        outcome = self._read(record, entrance.door)
        if entrance.way is not None:
            self._alike.learn(record, outcome)
        return outcome

    def _unwrapped(self, record: Record, sheet: Sheet) -> Outcome | Literal[True]:
        entrance = self._entrances.get((record.topic, record.headers)) or self._enter(record.topic, record.headers)
        found = entrance.way is not None and self._alike.read(record, entrance.way, sheet)
        return found or self._long(record, entrance, sheet)

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
        who = self._who[tenant, row[_ACTOR_ID], row[_LOGIN], row[_IP], row[_USER_AGENT], row[_APP_ID]]
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
        row[_PLACE] = record.epoch, lane, record.offset, 0, record.received_at
        row[_DIGEST] = record_digest(kept(record.value, door.adapter))
        row[_BATCH], row[_HISTORY] = door.batch, door.history
        return Activity(*row)

    def _identify(self, said: tuple[str, str, str, str, str, str]) -> Who:
        """Of tenant, actor, login, address, user agent and app."""
        tenant, *others = said
        return identify(self._keys(tenant), *others)


def _check_ahead(occurred_at: int, received_at: int, flags: set[str]) -> None:
    if occurred_at > received_at + MOST_AHEAD:
        hours = (occurred_at - received_at) // HOUR
        raise Refused(
            "ahead_of_time",
            f"occurred_at {rfc3339(occurred_at)} lies {hours} hours after the record arrived; "
            "check the source's clock and offset",
        )
    flags.add("ahead")
