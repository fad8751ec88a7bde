"""What every model of an answer shares."""

from __future__ import annotations

from typing import Annotated

import msgspec

Time = Annotated[str, msgspec.Meta(description="RFC 3339, UTC", examples=["2026-11-24T09:00:00.000Z"])]
Severity = Annotated[str, msgspec.Meta(examples=["HIGH"], description="INFO, LOW, MEDIUM, HIGH or CRITICAL")]


class Model(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Everything an answer can hold, and nothing else."""
