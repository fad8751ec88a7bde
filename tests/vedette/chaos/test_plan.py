"""A chaos run is its seed: the same faults at the same times, the same load."""

from __future__ import annotations

from collections import Counter

import pytest

from domain.clock import HOUR, MINUTE
from domain.errors import SettingsInvalid
from transport.topics import RAW, RAW_IMPORT
from vedette.chaos.load import AFTER, Load
from vedette.chaos.plan import Plan
from vedette.commands.chaos import share

START = 1_794_000_000_000
PLAN = Plan(seed=3, events=4_000, kills=12, stalls=2, joins=3, duplicates=0.05, disorder=0.1, late=0.02)


def test_every_fault_of_a_plan_strikes_within_the_load_and_detect_most_often() -> None:
    faults = PLAN.faults()
    assert Counter((fault.kind, fault.victim) for fault in faults) == {
        ("kill", "detect"): 4,
        ("kill", "ingest"): 2,
        ("kill", "store"): 2,
        ("kill", "api"): 2,
        ("kill", "notify"): 2,
        ("stall", "detect"): 2,
        ("join", "detect"): 3,
    }
    assert faults == sorted(faults, key=lambda fault: fault.at)
    assert 0 < faults[0].at < faults[-1].at < PLAN.seconds


def test_the_same_seed_gives_the_same_faults_and_the_same_records() -> None:
    assert PLAN.faults() == PLAN.faults()
    assert list(Load(PLAN, START).records()) == list(Load(PLAN, START).records())


def test_the_load_is_duplicated_disordered_and_late_as_the_plan_says() -> None:
    records = list(Load(PLAN, START).records())
    firsts = [record for record in records if not record.again]
    copies = [record for record in records if record.again]
    assert len({record.raw for record in firsts}) == len(firsts) == PLAN.events
    assert {record.raw for record in copies} < {record.raw for record in firsts}
    assert 150 < len(copies) < 250
    late = [record for record in firsts if record.topic == RAW_IMPORT]
    assert 50 < len(late) < 110
    assert all(HOUR <= record.at - record.occurred_at <= 7 * HOUR + MINUTE for record in late)
    behind = [record for record in firsts if record.topic == RAW and record.occurred_at < record.at]
    assert 300 < len(behind) < 500
    assert all(record.at - record.occurred_at < MINUTE for record in behind)
    assert [record.at for record in records] == sorted(record.at for record in records)
    assert records[-1].at <= START + PLAN.seconds * 1000 + AFTER


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"events": 0}, "chaos: events is 0; it must be from 1 to 100000000"),
        ({"kills": -1}, "chaos: kills is -1; it must be 0 or more"),
        ({"late": 1.5}, "chaos: late is 150%; it must be from 0% to 100%"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Plan(**wrong)  # type: ignore[arg-type]  # that is the point
    assert str(caught.value) == words


def test_a_share_is_a_percentage_or_a_fraction() -> None:
    assert (share("5%"), share("0.05"), share("100%")) == (0.05, 0.05, 1.0)
