"""What the operations on detectors, their configurations and trained models answer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.models.base import Model, Severity, Time


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
