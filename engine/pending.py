"""What a judge has found since its last checkpoint, and what it counted since it was loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.activity import Judged
from domain.judgement import AlertRevision, DetectorFailure


@dataclass(slots=True)
class Tally:
    """What a judge did since it was loaded, for metrics and tests."""

    applied: int = 0
    late: int = 0
    duplicates: int = 0
    conflicts: int = 0
    redelivered: int = 0
    repeated: int = 0
    settled: int = 0
    alerts: int = 0


@dataclass(slots=True)
class Pending:
    """What the next checkpoint writes, beside dirty marks."""

    alerts: dict[str, AlertRevision] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    failures: list[DetectorFailure] = field(default_factory=list)
    conflicts: list[Judged] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.alerts or self.states or self.failures or self.conflicts)
