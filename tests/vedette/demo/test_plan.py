"""What a demo plays, and the directory it plays in."""

from __future__ import annotations

import stat
import tomllib
from datetime import date
from pathlib import Path

import msgspec
import pytest

from domain.errors import SettingsInvalid, VedetteError
from simulation.company import beginning, morning_of
from storage.keys import TenantKeys
from vedette.demo.plan import Plan, plan, prepare

NOW = beginning(date(2026, 11, 24))
PLAN = Plan(seed=7, start=morning_of(7), people=60)


def _key(data: Path) -> bytes:
    return TenantKeys(data / "keys").key("acme")


def test_without_a_day_it_is_the_seed_s_own_when_fixed_else_the_last_one() -> None:
    fixed = plan(seed=7, day="", people=60, fixed=True, now=NOW)
    live = plan(seed=7, day="", people=60, fixed=False, now=NOW)
    asked = plan(seed=7, day="2026-10-30", people=60, fixed=True, now=NOW)
    assert [fixed.start, live.start, asked.start] == [
        morning_of(7),
        beginning(date(2026, 11, 23)),
        beginning(date(2026, 10, 30)),
    ]


@pytest.mark.parametrize(("day", "people"), [("2026-11-22", 60), ("tomorrow", 60), ("2026-10-30", 5)])
def test_what_cannot_be_played_is_refused_in_a_sentence(day: str, people: int) -> None:
    with pytest.raises(SettingsInvalid, match="the demo cannot be played: "):
        plan(seed=7, day=day, people=people, fixed=False, now=NOW)


def test_the_key_comes_from_the_seed_and_only_its_owner_reads_the_directory(tmp_path: Path) -> None:
    other = msgspec.structs.replace(PLAN, seed=8)
    for name, made in (("a", PLAN), ("b", PLAN), ("c", other)):
        assert tomllib.loads(prepare(tmp_path / name, made).read_text()) == {"detect": {"models_every": 0.5}}
    assert _key(tmp_path / "a") == _key(tmp_path / "b") != _key(tmp_path / "c")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", tmp_path / "a" / "keys" / "acme.key")}
    assert modes == {0o700, 0o600}


def test_the_same_plan_may_be_played_again_in_its_directory_and_no_other(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare(data, PLAN)
    before = _key(data)
    prepare(data, PLAN)
    assert _key(data) == before
    with pytest.raises(VedetteError, match="has the demo of another seed or day; remove it, or leave --data out"):
        prepare(data, msgspec.structs.replace(PLAN, seed=8))


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with pytest.raises(VedetteError, match="is no directory of a demo; name an empty one, or leave --data out"):
        prepare(tmp_path, PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
