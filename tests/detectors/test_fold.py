"""The plain fold."""

from __future__ import annotations

from detectors.fold import fold
from detectors.rules.failed_login_burst import FailedLoginBurst
from domain.actions import DATA_EXPORTED
from tests.detectors.rules.test_failed_login_burst import NINE, TEN
from tests.detectors.story import Story


def test_order_of_arrival_does_not_matter() -> None:
    assert fold(FailedLoginBurst(), reversed(TEN.told)) == fold(FailedLoginBurst(), TEN.told)


def test_findings_stand_beside_the_activities_in_order() -> None:
    _, found = fold(FailedLoginBurst(), TEN.told)
    assert [len(each) for each in found] == [0] * 9 + [1]


def test_an_action_that_the_detector_does_not_see_changes_nothing() -> None:
    story = Story("export")
    story.tell(DATA_EXPORTED, NINE, count=10**9)
    assert fold(FailedLoginBurst(), story.told) == (FailedLoginBurst().initial(), [()])
