"""The activity: one thing a person, an integration or the CRM itself did, in one flat, frozen record.

As an array it is what ingest stores. What is judged of it stands first, so that the beginning of the array is what
travels in bundles, and a fold of stored activities sees exactly what the live fold saw. Text that is unknown is "";
numbers and truths that are unknown are None (never 0, never False).
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import msgspec

#: Where an activity stands in a subject's history: (occurred_at in ms, activity_id).
Key = tuple[int, str]
#: Where a record stood in Kafka, comparable across lanes: (epoch, lane number, offset, index within the record).
Place = tuple[int, int, int, int]


class Judged(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is judged of an activity, and all that a bundle says of it: a detector can read nothing else.

    Personal values are marked *; they never enter a key, an id, a state or an alert.
    """

    # core
    tenant: str
    activity_id: str
    occurred_at: int  # ms since the epoch, UTC
    action: str
    source: str
    feed: str
    outcome: str = "unknown"
    time_precision: str = "ms"
    # where it stood; no detector reads these
    epoch: int = 0
    lane: str = ""  # "topic:partition"
    offset: int = 0
    index: int = 0
    received_at: int = 0  # ms, the Kafka timestamp
    # tokens: HMAC of a personal value under the tenant's key; what subjects and alerts are made of
    actor_token: str = ""
    login_token: str = ""
    ip_token: str = ""  # IPv6 as its /64
    net_token: str = ""  # IPv4 as its /24, IPv6 as its /48: a place where geography is unknown
    app_token: str = ""
    # actor
    actor_kind: str = "human"
    roles: tuple[str, ...] = ()
    privileged: bool = False
    impersonator: str = ""  # *
    # origin
    ip: str = ""  # *
    asn: int | None = None
    network: str = "unknown"
    country: str = ""  # ISO 3166 alpha-2
    region: str = ""
    city: str = ""
    lat: float | None = None  # degrees
    lon: float | None = None
    radius_km: float | None = None
    agent_family: str = ""  # browser or client without its version: a usual device or not
    device_id: str = ""
    channel: str = ""
    app_id: str = ""
    # object
    object_type: str = ""
    object_id: str = ""
    record_digest: str = ""  # of the raw record: the same id with another digest is an id conflict
    # what few activities say of what is judged: one that says nothing of it ends here where it is judged
    reason: str = ""
    request_id: str = ""
    execution_id: str = ""
    sequence: int | None = None
    object_ids: tuple[str, ...] = ()  # at most 100
    count: int | None = None
    bytes: int | None = None
    external: bool | None = None
    exported: bool | None = None  # report.viewed: the row itself says it was exported

    @property
    def key(self) -> Key:
        return (self.occurred_at, self.activity_id)

    @property
    def place(self) -> Place:
        return (self.epoch, lane_number(self.lane), self.offset, self.index)


class Activity(Judged, frozen=True, array_like=True, gc=False):
    """All of it: what is stored and shown, beside what is judged what nobody judges."""

    native_id: str = ""
    batch: bool = False  # hourly files, imports, backfill: never holds the clock back
    history: bool = False  # never pages
    flags: tuple[str, ...] = ()
    session_id: str = ""  # keyed hash
    auth_method: str = ""
    mfa: bool | None = None
    # actor and origin
    actor_id: str = ""
    actor_login: str = ""  # *
    ip_basis: str = "none"
    user_agent: str = ""  # *
    # what few activities say: encoded, one that says nothing of it ends here
    actor_name: str = ""  # *
    actor_email: str = ""  # *
    team: str = ""
    tls: str = ""
    app_name: str = ""
    scopes: tuple[str, ...] = ()
    job_id: str = ""
    ticket: str = ""
    sensitivity: str = "normal"
    fields: tuple[str, ...] = ()  # names only
    # what fewer say: or here
    title: str = ""  # *
    value_digest: str = ""
    area: str = ""
    direction: str = ""
    target_id: str = ""
    role: str = ""
    recipient_count: int | None = None
    destination: str = ""
    purpose: str = ""
    change: str = ""
    credential: str = ""
    hard: bool | None = None
    method: str = ""
    attachment: bool | None = None
    state: str = ""
    result: str = ""
    kind: str = ""
    score: float | None = None
    control: str = ""
    # context.stated
    fact: str = ""
    about: str = ""
    valid_from: int | None = None  # ms
    valid_until: int | None = None  # ms
    extra: str = ""  # JSON of unknown top-level fields, at most 2 kB


@lru_cache(maxsize=4096)
def lane_number(lane: str) -> int:
    """A lane's number (CRC-32, as ClickHouse computes it), so that both sides order places alike."""
    return zlib.crc32(lane.encode())


#: Field names in wire and stored order, and those of what is judged: the first of them.
FIELDS: tuple[str, ...] = Activity.__struct_fields__
JUDGED: tuple[str, ...] = Judged.__struct_fields__
