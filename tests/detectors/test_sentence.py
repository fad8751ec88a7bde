"""What is said about an alert: its sentence and its explanation."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from detectors import parts
from detectors.base import Detector, Finding
from detectors.registry import specs
from detectors.rules.bulk_export import BulkExport
from detectors.rules.failed_login_burst import FailedLoginBurst
from detectors.rules.impossible_travel import ImpossibleTravel
from detectors.rules.login_after_failures import LoginAfterFailures
from detectors.sentence import explanation, headed, plain_sentence, sentence
from domain.alert import Content
from domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.detectors.rules import test_bulk_export as c13
from tests.detectors.rules import test_failed_login_burst as a1
from tests.detectors.rules import test_impossible_travel as b8
from tests.detectors.rules import test_login_after_failures as a2
from tests.detectors.story import findings, tokens

NAMES = {tokens("u7"): "Mia Wolf", tokens("203.0.113.9"): "203.0.113.9"}


def content(of: Detector[Any], finding: Finding, **fields: Any) -> Content:
    """The alert of a finding, as far as words need it."""
    known: dict[str, Any] = {
        "alert_id": "00000000-0000-5000-8000-000000000000",
        "tenant": "acme",
        "detector": of.spec.id,
        "slot": of.spec.slot,
        "stage": "live",
        "subject": "login|acme|0",
        "opener": (0, ""),
        "completed": (0, ""),
        "settings": "",
        **msgspec.structs.asdict(finding),
    }
    return Content(**{**known, **fields})


def burst(**fields: Any) -> Content:
    return content(FailedLoginBurst(), findings(FailedLoginBurst(), a1.TEN.told)[-1], **fields)


def test_the_burst_in_words() -> None:
    assert sentence(burst(), NAMES) == "10 failed sign-ins for Mia Wolf in 9 m 59 s from 1 address; usual at most 0"


def test_a_list_says_who_it_is_about_where_the_sentence_does_not() -> None:
    assert headed(burst(), NAMES) == sentence(burst(), NAMES)
    hour = burst(slot="gone", parts={"rows": 7}, subject=f"actor|acme|{tokens('u7')}")
    assert headed(hour, NAMES) == "Mia Wolf: failed_login_burst: rows 7"
    assert headed(hour, {}) == "failed_login_burst: rows 7"


def test_the_guessed_login_in_words() -> None:
    (finding,) = findings(LoginAfterFailures(), a2.TWELVE.told)
    words = sentence(content(LoginAfterFailures(), finding), NAMES)
    assert words == "Mia Wolf got in from 203.0.113.9 40 s after 12 failures"


def test_the_export_in_words() -> None:
    first, second = findings(BulkExport(), c13.NIGHT.told)
    assert sentence(content(BulkExport(), first), NAMES) == (
        "Mia Wolf exported 18,400 contact records in under 1 s; usual day unknown, limit 10,000"
    )
    assert sentence(content(BulkExport(), second), NAMES) == (
        "Mia Wolf exported 78,400 contact records in 30 m; usual day unknown, limit 10,000"
    )
    unknown = findings(BulkExport(), c13.FIRES["exports whose size nobody tells"])[-1]
    assert sentence(content(BulkExport(), unknown), NAMES) == (
        "Mia Wolf exported an unknown number of contact records in 2 m; usual day unknown, limit 10,000"
    )


def test_the_travel_in_words() -> None:
    at_once = b8.FIRES["a privileged account at once in two places"]
    for told, words in (
        (b8.STORY.told, "Mia Wolf: London (GB) to Lagos (NG), at least 4,720 km in 31 m (9,135 km/h)"),
        (at_once, "Mia Wolf: London (GB) to Tokyo (JP), at least 9,259 km at the same moment"),
    ):
        (finding,) = findings(ImpossibleTravel(), told)
        assert sentence(content(ImpossibleTravel(), finding), NAMES) == words


def test_a_token_that_the_reader_may_not_know_is_its_first_eight_digits() -> None:
    assert f"for {tokens('u7')[:8]} in" in sentence(burst(), {})


def test_a_full_memory_says_at_least_once() -> None:
    story = a1.failing("flood in words", [a1.NINE + n * SECOND for n in range(1500)])
    finding = findings(FailedLoginBurst(), story.told)[-1]
    assert sentence(content(FailedLoginBurst(), finding), NAMES) == (
        "at least 600 failed sign-ins for Mia Wolf in 9 m 59 s from 1 address; usual at most 0"
    )


def test_only_the_observed_number_is_at_least() -> None:
    full = msgspec.structs.replace(burst().evidence, at_least=True)
    words = sentence(burst(parts={**burst().parts, "k": 10, "p99": 10}, evidence=full), NAMES)
    assert words == "at least 10 failed sign-ins for Mia Wolf in 9 m 59 s from 10 addresses; usual at most 10"


def test_a_detector_that_is_no_longer_there_still_gives_a_sentence() -> None:
    words = sentence(burst(detector="retired", slot="retired.v9"), NAMES)
    assert words == ("retired: actor Mia Wolf, k 1, n 10, p99 0, span 9 m 59 s, why 10 failures or more in the window")
    assert sentence(burst(detector="retired", slot="retired.v9", parts={}), NAMES) == "retired found 10"


def test_a_part_that_is_missing_is_unknown() -> None:
    assert sentence(burst(parts={"n": None}), NAMES) == (
        "unknown failed sign-ins for unknown in unknown from unknown addresses; usual at most unknown"
    )


def test_names_with_braces_are_not_read_as_placeholders() -> None:
    assert "for {n} in" in sentence(burst(), {tokens("u7"): "{n}"})


def test_the_explanation_says_why() -> None:
    assert explanation(burst(), NAMES) == {
        "observed": 10.0,
        "at_least": False,
        "threshold": 10.0,
        "baseline": {"daily_peak_p99": 0, "days": 0},
        "severity": "MEDIUM",
        "why": "10 failures or more in the window",
        "suppressed": "",
        "arm": "count",
        "stage": "live",
    }
    own = findings(FailedLoginBurst(), a1.SILENT["own laptop with an old password"])[-1]
    told = explanation(content(FailedLoginBurst(), own), NAMES)
    assert (told["severity"], told["why"]) == ("INFO", "")
    assert told["suppressed"] == "every failure came from the usual device and place of this login"


def test_readers_of_the_catalogue_see_placeholders_without_grammar() -> None:
    assert plain_sentence(FailedLoginBurst.spec.sentence) == (
        "{n} failed sign-ins for {actor} in {span} from {k} addresses; usual at most {p99}"
    )
    assert not any(re.search(r"\{[^}]*[:|]", plain_sentence(spec.sentence)) for spec in specs())


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "under 1 s"),
        (999, "under 1 s"),
        (40 * SECOND, "40 s"),
        (599 * SECOND + 999, "9 m 59 s"),
        (10 * MINUTE, "10 m"),
        (HOUR + SECOND, "1 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 m"),
        (3 * DAY + 4 * HOUR + MINUTE, "3 d 4 h"),
        (7 * DAY, "7 d"),
    ],
)
def test_spans(ms: int, words: str) -> None:
    assert parts.in_words(ms) == words
