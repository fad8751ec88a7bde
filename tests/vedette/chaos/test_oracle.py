"""The oracle knows the truth from what was sent alone, and the verdict misses no difference from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from detectors.registry import load as load_registry
from domain.subject import Tokeniser
from engine.fold import Folder
from ingest.normalise import Normaliser
from ingest.settings import IngestSettings
from vedette.chaos.load import TENANT, Load
from vedette.chaos.oracle import Oracle
from vedette.chaos.plan import Plan
from vedette.chaos.verdict import Difference, Verdict, difference, words
from vedette.chaos.watch import Recovery

START = 1_794_000_000_000
PLAN = Plan(seed=5, events=4_000, duplicates=0.1, disorder=0.2, late=0.02)
SAME = Difference([], [], [])
RECOVERIES = [Recovery(True, 0.2, 5.0, 7.0), Recovery(True, 0.4, 9.0, 9.0), Recovery(False, 6.0, 20.0, 30.0)]


def oracle(scratch: Path, plan: Plan = PLAN) -> Oracle:
    tokeniser = Tokeniser(b"k" * 32)
    normaliser = Normaliser(IngestSettings(default_tenant=TENANT), lambda _: tokeniser)
    made = Oracle(normaliser, Folder(load_registry({})), scratch)
    made.hear(Load(plan, START).records())
    return made


def test_it_knows_every_event_once_and_finds_alerts(tmp_path: Path) -> None:
    made = oracle(tmp_path / "a")
    found = made.alerts()
    assert len(made.ids) == PLAN.events
    assert len(found) > 20
    assert made.failures == []
    assert found == oracle(tmp_path / "b").alerts()


def test_of_some_stored_activities_it_folds_those_alone(tmp_path: Path) -> None:
    made = oracle(tmp_path / "a")
    assert made.alerts(made.ids) == made.alerts()
    assert made.alerts(set()) == {}
    some = {name for name in made.ids if UUID(bytes=name).int % 2}
    assert made.alerts(some) != made.alerts()


def verdict(by_sent: Difference = SAME, by_replay: Difference = SAME, **found: object) -> Verdict:
    usual: dict[str, object] = {
        "plan": PLAN, "sent": 9, "records": 10, "stored": 9, "lost": 0, "lost_with_broker": 0, "doubled": 0,
        "unsent": 0, "dead_letters": 0, "alerts": 2, "digest": "", "settled": True, "struck": {"kill detect": 2},
        "restarts": {"detect": 2}, "recoveries": RECOVERIES, "unrecovered": 0, "memory": {"detect": 93_000_000},
        "seconds": 20.0,
    }  # fmt: skip
    return Verdict(by_sent=by_sent, by_replay=by_replay, **(usual | found))  # type: ignore[arg-type]


def test_any_difference_makes_the_verdict_wrong() -> None:
    assert verdict().ok
    wrong: dict[str, Any]
    for name in ("lost", "lost_with_broker", "doubled", "unsent", "dead_letters", "unrecovered"):
        wrong = {name: 1}
        assert not verdict(**wrong).ok
    assert not verdict(settled=False).ok
    for alerts in ({}, {"a": b"1", "b": b"2"}, {"a": b"2"}):
        found = difference({"a": b"1"}, alerts)
        assert not verdict(by_sent=found).ok
        assert not verdict(by_replay=found).ok


def test_the_words_name_what_differs() -> None:
    found = difference({"a": b"1", "b": b"1"}, {"b": b"2", "c": b"3"})
    assert list(words(verdict(by_sent=found))) == [
        "events    9 sent in 10 records, 9 stored, 0 lost, 0 doubled",
        "alerts    2 stand; a fold of what was sent differs: 1 lacking (a); 1 too many (c); 1 different (b)",
        "          a fold of the store gives the same, byte for byte",
        "faults    2 x kill detect",
        "ended     detect 2 x",
        "recovery  of detect, 2 x killed by itself: all partitions judged again within 9.0 s, median 7.0 s",
        "          (back within 0.4 s, median 0.3 s; all from before the kill judged within 9.0 s, median 8.0 s)",
        "recovery  of detect, 1 x killed among other faults: all partitions judged again within 20.0 s, median 20.0 s",
        "          (back within 6.0 s, median 6.0 s; all from before the kill judged within 30.0 s, median 30.0 s)",
        "memory    detect 93 MB",
        "verdict   WRONG after 20 s (seed 5)",
    ]
