"""The processes of a system: which there are, which belong to an epoch, how one is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

#: The roles, in the order they start.
ROLES = ("ingest", "detect", "api", "notify")
#: Those that belong to one epoch and end before the next is opened.
_OF_AN_EPOCH = ("ingest", "detect")


def processes(workers: Mapping[str, int]) -> dict[str, str]:
    """The processes of a system and the role of each, in the order they start: a role with more than one worker has
    one process for each of them (`detect`, `detect-2`, ...).
    """
    more = {role: [f"{role}-{n}" for n in range(2, many + 1)] for role, many in workers.items()}
    return {name: role for role in ROLES for name in [role, *more.get(role, [])]}


def role_of(name: str) -> str:
    """The role that a process plays."""
    return name.partition("-")[0]


def of_an_epoch(name: str) -> bool:
    """Whether a process ends with its epoch."""
    return role_of(name) in _OF_AN_EPOCH


def role_command(python: str, role: str, arguments: Iterable[str], data: Path) -> list[str]:
    """How a role is started: `-P`, so that a stranger's `models/` in the working directory never shadows ours."""
    return [python, "-P", "-m", "vedette", role, "--data", str(data), *arguments]
