"""The scorecard in words."""

from __future__ import annotations

import msgspec

from domain.alert import Severity
from simulation.scorecard import Found, Raised, Scorecard
from vedette.demo.feeding import Progress
from vedette.demo.plan import Plan
from vedette.demo.play import Took, Verdict
from vedette.demo.showing import alert_line, as_json, scorecard


def _alert(name: str, severity: Severity, seconds: float) -> Raised:
    return Raised(
        alert_id=name,
        detector="bulk_export",
        severity=severity,
        token="t",
        events=("e",),
        completed=1,
        seconds=seconds,
        sentence="somebody exported everything",
    )


def _found(name: str, detector: str, *by: Raised) -> Found:
    return Found(name=name, title=f"a {name}", actor="j.doe@acme.example", detector=detector, by=by)


STRONG, WEAK = _alert("1", Severity.HIGH, 2.0), _alert("2", Severity.LOW, 0.75)
VERDICT = Verdict(
    card=Scorecard(
        attacks=(
            _found("theft", "bulk_export", STRONG, WEAK),
            _found("break-in", "bulk_export"),
            _found("ghost", "unbuilt"),
        ),
        harmless=(_found("flight", "impossible_travel"), _found("typo", "password_spray", WEAK)),
        false=(WEAK,),
        learning=5,
        median=1.375,
        worst=2.0,
    ),
    history=Took(10_000, 4.0),
    morning=Took(200, 1.5),
    digest="d1",
)


def test_people_read_what_was_found_what_was_missed_and_why() -> None:
    assert list(scorecard(VERDICT, {"bulk_export"})) == [
        " 3 attacks were hidden in it:",
        "  found   a theft (j.doe): bulk_export HIGH after 0.8 s, and 1 more",
        "  MISSED  a break-in (j.doe): bulk_export did not see it",
        "  MISSED  a ghost (j.doe): unbuilt is not built yet",
        " 2 harmless things looked like one:",
        "  silent  a flight (j.doe)",
        "  ALARM   a typo (j.doe)",
        " Scorecard: 1 of 3 attacks found, 1 false alerts above INFO; event to alert: median 1.4 s, worst 2.0 s",
        "  false   LOW bulk_export: somebody exported everything",
    ]


def test_an_alert_is_one_line_with_the_time_since_the_morning_began() -> None:
    assert alert_line(STRONG, 74.9) == " 01:14 HIGH     bulk_export             somebody exported everything"
    files = msgspec.structs.replace(WEAK, arm="files")
    assert alert_line(files, 3) == " 00:03 LOW      bulk_export/files       somebody exported everything"


def test_programs_get_names_counts_and_what_was_measured() -> None:
    said = as_json(Plan(seed=7, start=0, people=200), VERDICT)
    theft = said.pop("attacks")["theft"]
    assert (theft["made_for"], theft["seconds"], [a["alert_id"] for a in theft["found_by"]]) == (
        "bulk_export",
        0.75,
        ["1", "2"],
    )
    assert [alert["severity"] for alert in said.pop("false")] == ["LOW"]
    assert said == {
        "seed": 7,
        "start": "1970-01-01T00:00:00.000Z",
        "people": 200,
        "attacks_planted": 3,
        "attacks_found": 1,
        "attacks_missed": ["break-in", "ghost"],
        "false_alerts": 1,
        "lookalikes_planted": 2,
        "lookalikes_alerted": ["typo"],
        "alerts_while_learning": 5,
        "median_seconds": 1.375,
        "worst_seconds": 2.0,
        "events": {"history": 10_000, "morning": 200},
        "seconds": {"history": 4.0, "morning": 1.5},
        "events_per_second": 2_500.0,
        "alerts_digest": "d1",
    }


def test_settled_means_stored_clean_and_past_the_moment() -> None:
    assert Progress(0, 100, 0).reached(100)
    for not_yet in (Progress(1, None, 0), Progress(0, None, 0), Progress(0, 99, 0), Progress(0, 100, 1)):
        assert not not_yet.reached(100)
