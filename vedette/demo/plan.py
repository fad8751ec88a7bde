"""What a demo plays: which company, which morning, how fast; and its own data directory."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path

import msgspec

from domain.errors import SettingsInvalid, VedetteError
from simulation.company import Company, beginning, last_morning, morning_of

_MARK = "demo.json"
_SETTINGS = b"# a demo runs on defaults, but takes up its model sooner\n[detect]\nmodels_every = 0.5\n"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The same plan gives the same events, and in an empty directory the same alerts."""

    seed: int
    start: int  # ms
    people: int

    def company(self) -> Company:
        return Company(self.seed, self.start, self.people)


def plan(*, seed: int, day: str, people: int, fixed: bool, now: int) -> Plan:
    """`day` is YYYY-MM-DD, or "": then the morning of the seed when `fixed`, else the last one before `now` (ms)."""
    try:
        start = beginning(date.fromisoformat(day)) if day else morning_of(seed) if fixed else last_morning(now)
        made = Plan(seed=seed, start=start, people=people)
        made.company()
    except ValueError as error:
        raise SettingsInvalid(f"the demo cannot be played: {error}") from error
    return made


def prepare(data: Path, made: Plan) -> Path:
    """Make `data` the directory of this plan; its settings file, which has nothing but defaults.

    The tenant's key is derived from the seed, here and nowhere else: ids of alerts hold tokens, and the same seed is to
    give the same ids. A directory of anything else is refused.
    """
    mark = data / _MARK
    if mark.exists():
        if msgspec.json.decode(mark.read_bytes(), type=Plan) != made:
            raise VedetteError(f"{data} has the demo of another seed or day; remove it, or leave --data out")
    elif data.exists() and any(data.iterdir()):
        raise VedetteError(f"{data} is no directory of a demo; name an empty one, or leave --data out")
    else:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data / "keys").mkdir(mode=0o700)
        _write(data / "keys" / "acme.key", hashlib.sha256(f"vedette demo, seed {made.seed}".encode()).digest())
        _write(data / "vedette.toml", _SETTINGS)
        _write(mark, msgspec.json.encode(made))
    return data / "vedette.toml"


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
        made.write(content)
