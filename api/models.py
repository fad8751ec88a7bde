"""What the operations answer, for the OpenAPI document. The answers are made in `shapes`; a test holds them to this."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from domain.activity import Activity

Time = Annotated[str, msgspec.Meta(description="RFC 3339, UTC", examples=["2026-11-24T09:00:00.000Z"])]
Severity = Annotated[str, msgspec.Meta(examples=["HIGH"], description="INFO, LOW, MEDIUM, HIGH or CRITICAL")]
_INTERNAL: Final = frozenset({"epoch", "lane", "offset", "index", "record_digest"})
_TIMES: Final = frozenset({"occurred_at", "received_at", "valid_from", "valid_until"})
_REQUIRED: Final = frozenset({"tenant", "activity_id", "occurred_at", "action", "source"})


class Model(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Everything an answer can hold, and nothing else."""


def _event() -> Any:
    """An activity as clients see it: whatever is unknown is left out."""
    fields: list[Any] = []
    for field in msgspec.structs.fields(Activity):
        if field.name in _INTERNAL:
            continue
        kind = Time if field.name in _TIMES else field.type
        if field.name in _REQUIRED:
            fields.append((field.name, kind))
        else:
            fields.append((field.name, kind | msgspec.UnsetType, msgspec.UNSET))
    made = msgspec.defstruct("Event", fields, bases=(Model,), kw_only=True, forbid_unknown_fields=True)
    made.__doc__ = "A stored activity. What is unknown is left out."
    return made


Event: Any = _event()


class EventPage(Model):
    items: list[Event]
    next: str | None


class Sent(Model):
    """What became of one event."""

    index: int
    id: str | None
    status: Annotated[str, msgspec.Meta(description="stored, duplicate, rejected or skipped", examples=["stored"])]
    activity_id: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET


class Answer(Model):
    """How many events met which fate, and each in the order in which they were sent."""

    stored: int
    duplicate: int
    rejected: int
    skipped: int
    events: list[Sent]


class Subject(Model):
    scope: Annotated[str, msgspec.Meta(description="actor, login, source, client or tenant")]
    token: str
    name: str | None


class Alert(Model):
    """What was found, in one sentence, and what was decided about it."""

    id: str
    detector: str
    slot: str
    arm: str
    stage: str
    severity: Severity
    sentence: str
    subject: Subject
    opened_at: Time
    completed_at: Time
    detected_at: Time | None
    observed: float
    threshold: float
    status: Annotated[str, msgspec.Meta(description="new, acknowledged or closed")]
    disposition: str | None
    withdrawn: bool
    replaces: list[str]
    replaced_by: list[str]
    etag: str


class AlertPage(Model):
    items: list[Alert]
    next: str | None


class Evidence(Model):
    """Ids of the first and last fifty activities, how many there were, and a digest over all of them."""

    first: list[str]
    last: list[str]
    count: int
    digest: str
    at_least: bool


class AlertEvents(Model):
    items: list[Event]
    count: int
    at_least: bool
    missing: list[str]


class Explanation(Model):
    observed: float
    at_least: bool
    threshold: float
    baseline: dict[str, Any]
    severity: Severity
    why: Any
    suppressed: Any
    arm: str
    stage: str


class Versions(Model):
    settings: str
    profile: str | None
    model: str | None


class Decided(Model):
    action: str
    by: str
    at: Time
    disposition: str | None
    reason: str | None


class AlertWhole(Alert):
    """One alert with everything behind it; `events` with `include=evidence`."""

    frozen: Annotated[bool, msgspec.Meta(description="no replay can give it again: it stays as it is")]
    frozen_because: str | None
    explanation: Explanation
    baseline: dict[str, Any]
    evidence: Evidence
    opener_id: str
    completed_id: str
    versions: Versions
    triage: list[Decided]
    events: AlertEvents | msgspec.UnsetType = msgspec.UNSET


class Place(Model):
    epoch: int
    lane: str
    offset: int
    index: int


class DeadLetter(Model):
    """A record that was refused, and why."""

    id: str
    source: str
    feed: str
    code: str
    reason: str
    detector: str | None
    received_at: Time
    status: Annotated[str, msgspec.Meta(description="open or replayed")]
    place: Place
    raw_bytes: int
    raw_sha256: str


class DeadLetterPage(Model):
    items: list[DeadLetter]
    next: str | None


class DeadLetterWhole(DeadLetter):
    raw: dict[str, str] | None
    headers: list[tuple[str, str]]


class Replayed(Model):
    id: str
    status: str
    activity_id: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET


class Arm(Model):
    name: str
    fires: str
    stage: Annotated[str, msgspec.Meta(description="off, shadow or live")]
    source: str


class Detector(Model):
    """The contract of a detector, with the settings and stages in force."""

    id: str
    code: str
    version: int
    title: str
    severity: Severity
    scope: str
    actions: list[str]
    attack: list[str]
    horizon: str
    cooldown: str
    arms: list[Arm]
    sentence: str
    activation: str
    false_positives: str
    tuning: str
    settings: dict[str, Any]
    settings_hash: str


class Detectors(Model):
    items: list[Detector]


class SettingChanged(Model):
    """A setting, the version or the stage of an arm; null is one that there was not, or is not any more."""

    what: str
    before: Any
    after: Any


class DetectorChange(Model):
    """A configuration that was put in effect, and what it changed."""

    detector: str
    slot: str
    effective_from: Annotated[Time | None, msgspec.Meta(description="in event time; null: always")]
    made_at: Time
    settings_hash: Annotated[str | None, msgspec.Meta(description="as alerts name it; null: the detector was gone")]
    settings: dict[str, Any]
    stages: dict[str, str]
    changed: list[SettingChanged]


class DetectorWhole(Detector):
    """With the configurations that were ever in effect, in the order of their times."""

    history: list[DetectorChange]


class ModelPromotion(Model):
    """From when on the model counts, and from when on its alerts are live rather than shadow."""

    effective_from: Time
    live_from: Time
    promoted_at: Time


class TrainedModel(Model):
    id: str
    trained_at: Time
    since: Time
    until: Time
    people: int
    left_out: Annotated[int, msgspec.Meta(description="people who had alerted, and were not trained on")]
    hours: int
    features: list[str]
    threshold: float
    alerts_per_1000_users_and_day: Annotated[float, msgspec.Meta(description="the budget behind the threshold")]
    versions: dict[str, str]
    promotions: list[ModelPromotion]


class TrainedModels(Model):
    items: list[TrainedModel]


class Delay(Model):
    median: float
    p99: float


class Feed(Model):
    source: str
    feed: str
    stored: int
    rejected: int
    skipped: int
    id_conflicts: Annotated[int, msgspec.Meta(description="Deliveries of a stored id with other content")]
    last_occurred_at: Time | None
    last_received_at: Time | None
    delay_seconds: Delay


class Sources(Model):
    items: list[Feed]


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


MODELS: Final[tuple[Any, ...]] = (
    EventPage, Answer, AlertPage, AlertWhole, AlertEvents, DeadLetterPage, DeadLetterWhole, Replayed, Detectors,
    Sources, System, Health, Ready, Event, TrainedModels, DetectorWhole,
)  # fmt: skip


def components() -> dict[str, Any]:
    """The schemas of every model, by name, for `components/schemas`."""
    _, found = msgspec.json.schema_components(MODELS, ref_template="#/components/schemas/{name}")
    return found


def answers(model: Any, *, example: Any = None) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers with `model`."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    if example is not None:
        content["example"] = example
    return {200: {"description": "OK", "content": {"application/json": content}}}


def streamed(text: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": text, "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
