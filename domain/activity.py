"""The activity: one thing a person, an integration or the CRM itself did, in one flat, frozen record.

The same struct, as an array, is what ingest stores (one ClickHouse column per field), what travels in bundles and
what detectors judge, so that a fold of stored activities sees exactly what the live fold saw. Text that is unknown is
""; numbers and truths that are unknown are None (never 0, never False).
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import msgspec

#: Where an activity stands in a subject's history: (occurred_at in ms, activity_id).
Key = tuple[int, str]
#: Where a record stood in Kafka, comparable across lanes: (epoch, lane number, offset, index within the record).
Place = tuple[int, int, int, int]


class Activity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Personal values are marked *; they never enter a key, an id, a state or an alert."""

    # core
    tenant: str
    activity_id: str
    occurred_at: int  # ms since the epoch, UTC
    action: str
    source: str
    feed: str
    native_id: str
    outcome: str = "unknown"
    reason: str = ""
    time_precision: str = "ms"
    flags: tuple[str, ...] = ()
    # where it stood; no detector reads these
    record_digest: str = ""  # of the raw record: the same id with another digest is an id conflict
    epoch: int = 0
    lane: str = ""  # "topic:partition"
    offset: int = 0
    index: int = 0
    received_at: int = 0  # ms, the Kafka timestamp
    batch: bool = False  # hourly files, imports, backfill: never holds the clock back
    history: bool = False  # never pages
    # tokens: HMAC of a personal value under the tenant's key; what subjects and alerts are made of
    actor_token: str = ""
    login_token: str = ""
    ip_token: str = ""  # IPv6 as its /64
    net_token: str = ""  # IPv4 as its /24, IPv6 as its /48: a place where geography is unknown
    app_token: str = ""
    # actor
    actor_id: str = ""
    actor_login: str = ""  # *
    actor_kind: str = "human"
    actor_name: str = ""  # *
    actor_email: str = ""  # *
    roles: tuple[str, ...] = ()
    privileged: bool = False
    team: str = ""
    impersonator: str = ""  # *
    # origin
    ip: str = ""  # *
    ip_basis: str = "none"
    asn: int | None = None
    network: str = "unknown"
    country: str = ""  # ISO 3166 alpha-2
    region: str = ""
    city: str = ""
    lat: float | None = None  # degrees
    lon: float | None = None
    radius_km: float | None = None
    user_agent: str = ""  # *
    agent_family: str = ""  # browser or client without its version: a usual device or not
    device_id: str = ""
    tls: str = ""
    # session and app
    session_id: str = ""  # keyed hash
    auth_method: str = ""
    mfa: bool | None = None
    channel: str = ""
    app_id: str = ""
    app_name: str = ""
    scopes: tuple[str, ...] = ()
    # correlation
    request_id: str = ""
    execution_id: str = ""
    sequence: int | None = None
    job_id: str = ""
    ticket: str = ""
    # object
    object_type: str = ""
    object_id: str = ""
    object_ids: tuple[str, ...] = ()  # at most 100
    sensitivity: str = "normal"
    # what few activities say: encoded, one that says nothing of it ends here
    count: int | None = None
    bytes: int | None = None
    fields: tuple[str, ...] = ()  # names only
    # what fewer say: or here
    title: str = ""  # *
    value_digest: str = ""
    area: str = ""
    direction: str = ""
    target_id: str = ""
    role: str = ""
    recipient_count: int | None = None
    external: bool | None = None
    destination: str = ""
    purpose: str = ""
    exported: bool | None = None  # report.viewed: the row itself says it was exported
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
    extra: str = ""  # JSON of unknown top-level fields, at most 2 kB, never judged

    @property
    def key(self) -> Key:
        return (self.occurred_at, self.activity_id)

    @property
    def place(self) -> Place:
        return (self.epoch, lane_number(self.lane), self.offset, self.index)


@lru_cache(maxsize=4096)
def lane_number(lane: str) -> int:
    """A lane's number (CRC-32, as ClickHouse computes it), so that both sides order places alike."""
    return zlib.crc32(lane.encode())


#: Field names in wire and column order.
FIELDS: tuple[str, ...] = Activity.__struct_fields__
