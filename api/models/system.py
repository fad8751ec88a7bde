"""What the operations on sources, the system and its health answer."""

from __future__ import annotations

from typing import Annotated

import msgspec

from api.models.base import Model, Severity, Time


class Delay(Model):
    median: float
    p99: float


class Feed(Model):
    source: str
    feed: str
    stored: Annotated[int, msgspec.Meta(description="Activities that arrived, those that came again included")]
    rejected: int
    skipped: int
    id_conflicts: Annotated[int, msgspec.Meta(description="Deliveries of a stored id with other content")]
    last_occurred_at: Time | None
    last_received_at: Time | None
    delay_seconds: Delay


class Sources(Model):
    items: list[Feed]


class SaidNotice(Model):
    notice_id: str
    kind: str
    about: Annotated[str, msgspec.Meta(description="A source, a channel, a detector or an alert, as the kind has it")]
    severity: Severity
    text: Annotated[str, msgspec.Meta(description="What is wrong, and what to do")]
    at: Time


class Notices(Model):
    items: list[SaidNotice]


class OpenEpoch(Model):
    epoch: int
    partitions: int


class PartitionMarker(Model):
    partition: int
    bundle: int
    clock: Time | None
    written_at: Time


class Lane(Model):
    """Offsets: stored through, and judged through by the partition furthest behind; -1 for none."""

    lane: str
    stored: int
    judged: int


class Lag(Model):
    records: int
    lanes: list[Lane]


class SystemVersions(Model):
    vedette: str
    detectors: dict[str, str]


class DataInEffect(Model):
    kind: str
    name: str
    date: str
    effective_from: Time | None
    attribution: str


class System(Model):
    tenant: str
    settled_through: Time | None
    dirty_subjects: int
    epoch: OpenEpoch | None
    markers: list[PartitionMarker]
    lag: Lag
    versions: SystemVersions
    data: list[DataInEffect]


class Health(Model):
    status: str


class Ready(Model):
    status: str
    epoch: int
