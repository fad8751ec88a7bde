"""How the detect role runs."""

from __future__ import annotations

import msgspec


class DetectSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds. `checkpoint_bundles` bounds what a crash repeats."""

    workers: int = 1  # processes that `vedette up` starts; the partitions are shared among all that run anywhere
    checkpoint_every: float = 2.0  # alerts do not wait for it, what is late does
    checkpoint_bundles: int = 200
    findings_per_second: int = 5  # times that alerts are written ahead of a checkpoint, per partition
    settle: bool = True  # false only to measure what settling costs: all alerts stay provisional
    watchdog: float = 90.0
    models_every: float = 5.0  # how often promotions of models and new settings are looked for

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 64:
            raise ValueError(f"workers is {self.workers}; it must be from 1 to 64")
        if not 0 < self.models_every <= 20:
            raise ValueError(f"models_every is {self.models_every:g}; it must be above 0 and at most 20 s")
