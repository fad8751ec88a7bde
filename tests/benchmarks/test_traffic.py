"""The events of the benchmark."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from benchmarks import parts
from benchmarks.traffic import ATTACK_EVERY, BURST, Traffic, backlog, burst
from detectors.base import Context
from detectors.fold import fold
from detectors.rules.failed_login_burst import FailedLoginBurst
from domain.activity import Activity

NOON = 1_700_000_000_000


def activities(records: list[bytes], times: list[int], keys: Path) -> list[Activity]:
    normalise = parts.normaliser(keys).normalise
    found: list[Activity] = []
    for record in parts.records(records, times):
        outcome = normalise(record)
        assert isinstance(outcome, list), outcome
        found += outcome
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    one, again, other = (backlog(2_000, seed=seed, end=NOON, per_second=100) for seed in (7, 7, 8))
    assert one == again
    assert one.records != other.records
    assert one.times == other.times == [NOON - 20_000 + 10 * n for n in range(2_000)]


def test_every_event_is_understood_and_has_an_id_of_its_own(tmp_path: Path) -> None:
    made = backlog(3_000, seed=7, end=NOON, per_second=1_000)
    found = activities(made.records, made.times, tmp_path)
    assert [a.occurred_at for a in found] == made.times
    assert len({a.activity_id for a in found}) == 3_000
    assert {a.flags for a in found} == {()}


def test_a_fifth_of_the_people_do_half_of_it() -> None:
    made = backlog(20_000, seed=7, end=NOON, per_second=1_000, actors=200)
    by_person = Counter(json.loads(record)["actor"]["id"] for record in made.records)
    assert len(by_person) == 200
    assert 0.45 < sum(n for _, n in by_person.most_common(40)) / 20_000 < 0.55


def test_an_attack_comes_in_the_middle_of_each_fifty_thousand_events() -> None:
    traffic = Traffic(seed=7)
    ids = [json.loads(traffic.record(NOON)).get("request_id", "") for _ in range(ATTACK_EVERY)]
    guessed = [n for n, request in enumerate(ids) if request.startswith("g")]
    assert guessed == list(range(ATTACK_EVERY // 2 - 1, ATTACK_EVERY // 2 + BURST + 1))


def test_the_tenth_event_of_a_burst_and_no_other_is_found(tmp_path: Path) -> None:
    times = [NOON + n for n in range(BURST)]
    _, found = fold(FailedLoginBurst(), activities(burst("victim", times), times, tmp_path), Context())
    assert [len(findings) for findings in found] == [0] * (BURST - 1) + [1]
