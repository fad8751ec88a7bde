"""The scorecard's arithmetic."""

from __future__ import annotations

from domain.alert import Severity
from domain.clock import HOUR, MINUTE
from simulation.labels import ATTACK, HARMLESS, Scenario
from simulation.scorecard import Found, Raised, score

START = 1_000 * HOUR


def scenario(name: str, kind: str, *events: str, values: tuple[str, ...] = (), at: int = 0) -> Scenario:
    return Scenario(
        name=name,
        kind=kind,
        title=f"the {name}",
        actor="somebody",
        detector="made_for_it",
        values=values,
        events=events,
        first=START + at,
        last=START + at + 10 * MINUTE,
    )


def alert(
    name: str,
    *events: str,
    token: str = "nobody",
    at: int = 5 * MINUTE,
    severity: Severity = Severity.HIGH,
    seconds: float = 1.0,
) -> Raised:
    return Raised(
        alert_id=name,
        detector="some_detector",
        severity=severity,
        token=token,
        events=events or ("unknown",),
        completed=START + at,
        seconds=seconds,
    )


def found(of: Scenario, *by: Raised) -> Found:
    return Found(name=of.name, title=of.title, actor=of.actor, detector=of.detector, by=by)


BREAK_IN = scenario("break-in", ATTACK, "a1", "a2", values=("ann",))
THEFT = scenario("theft", ATTACK, "b1", values=("bob",), at=HOUR)
TYPOS = scenario("typos", HARMLESS, "c1", values=("cid",))
ALL = (TYPOS, BREAK_IN, THEFT)


def test_an_attack_is_found_by_an_alert_on_one_of_its_events() -> None:
    one = alert("1", "other", "a2")
    card = score(ALL, [one], str.upper, start=START)
    assert card.attacks == (found(BREAK_IN, one), found(THEFT))
    assert (card.missed, card.false, card.clean) == ((found(THEFT),), (), False)


def test_an_attack_is_found_by_an_alert_on_its_subject_within_it_or_an_hour_after() -> None:
    inside, after = alert("1", token="ANN", at=0), alert("2", token="ANN", at=10 * MINUTE + HOUR)
    early, late = alert("3", token="ANN", at=-1), alert("4", token="ANN", at=10 * MINUTE + HOUR + 1)
    card = score(ALL, [inside, after, early, late], str.upper, start=START - HOUR)
    assert card.attacks[0].by == (inside, after)
    assert card.false == (early, late)


def test_the_strongest_alert_stands_first_and_the_quickest_gives_the_seconds() -> None:
    weak = alert("1", "a1", severity=Severity.LOW, seconds=0.5, at=1)
    strong = alert("2", "a1", severity=Severity.CRITICAL, seconds=4.0, at=2)
    card = score(ALL, [weak, strong], str.upper, start=START)
    assert card.attacks[0].by == (strong, weak)
    assert card.attacks[0].seconds == 0.5
    assert card.attacks[1].seconds is None


def test_an_alert_about_no_attack_is_false_and_says_which_harmless_thing_it_took_for_one() -> None:
    typo, stray = alert("1", "c1"), alert("2")
    card = score(ALL, [typo, stray], str.upper, start=START)
    assert card.false == (typo, stray)
    assert card.harmless == (found(TYPOS, typo),)


def test_an_alert_about_an_attack_is_not_false_though_it_also_touches_something_harmless() -> None:
    both = alert("1", "c1", "a1")
    card = score(ALL, [both], str.upper, start=START)
    assert (card.false, card.harmless) == ((), (found(TYPOS),))


def test_info_is_nothing_and_the_history_is_counted_apart() -> None:
    info = alert("1", "c1", severity=Severity.INFO, seconds=99.0)
    old = alert("2", token="CID", at=-1, seconds=99.0)
    card = score(ALL, [info, old], str.upper, start=START)
    assert (card.false, card.learning, card.median, card.worst) == ((), 1, None, None)


def test_median_and_worst_are_over_every_alert_of_the_morning() -> None:
    alerts = [alert(str(n), "a1", seconds=seconds) for n, seconds in enumerate((0.25, 3.0, 1.0, 2.0))]
    card = score(ALL, alerts, str.upper, start=START)
    assert (card.median, card.worst) == (1.5, 3.0)


def test_it_is_clean_when_every_attack_is_found_and_nothing_else_alerts() -> None:
    hits = [alert("1", "a1"), alert("2", "b1", at=HOUR)]
    assert score(ALL, hits, str.upper, start=START).clean
    assert not score(ALL, [*hits, alert("3", "c1", severity=Severity.LOW)], str.upper, start=START).clean
    assert not score(ALL, hits[:1], str.upper, start=START).clean
