"""What a planted fault is, and the tests that find most of them."""

from __future__ import annotations

from typing import NamedTuple

TRACES, SCHEDULES = "tests/engine/test_traces.py", "tests/engine/test_schedules.py"
WORKER = "tests/ingest/test_worker.py"
VERSIONS, FROZEN = "tests/engine/test_versions.py", "tests/engine/test_frozen.py"
SETTLING, SNAPSHOTS = "tests/engine/test_settling.py", "tests/engine/test_snapshots.py"


class Mutant(NamedTuple):
    """`before` stands exactly once in `file` and becomes `after`; one of `tests` must fail."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
