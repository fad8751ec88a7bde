"""How the detect role runs."""

from __future__ import annotations

import msgspec


class DetectSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds. `checkpoint_bundles` bounds what a crash repeats."""

    checkpoint_every: float = 1.0
    checkpoint_bundles: int = 200
    findings_per_second: int = 5  # times that alerts are written ahead of a checkpoint, per partition
    watchdog: float = 90.0
