"""I33: an hour rarer than the model allows."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from detectors.base import Context, Finding
from detectors.fold import fold
from detectors.rules.unusual_activity import UnusualActivity
from detectors.sentence import sentence
from domain.activity import Activity
from domain.alert import Content, Severity, evidence
from domain.clock import DAY, HOUR, MINUTE
from domain.errors import SettingsInvalid
from models import features
from tests.detectors.story import MIDNIGHT, Story
from tests.models import made

CONTEXT = Context(model=made.model())
I33 = UnusualActivity()
INTRUDER = made.intruder(made.worker("ann"))
MONDAY = made.monday(made.worker("ann"))
FIRES = {"03:12, new device, six new types": INTRUDER.told}
SILENT = {"an ordinary busy Monday": MONDAY.told}


def found(told: list[Activity], context: Context = CONTEXT, detector: UnusualActivity = I33) -> list[Finding]:
    return [finding for each in fold(detector, told, context)[1] for finding in each]


def test_fires_at_night_on_a_new_device_and_rises_with_what_is_done() -> None:
    findings = found(INTRUDER.told)
    assert [finding.severity for finding in findings] == sorted(finding.severity for finding in findings)
    assert {finding.severity for finding in findings} == {Severity.LOW, Severity.MEDIUM}
    last = findings[-1]
    model = made.model()
    assert (last.arm, last.model, last.threshold) == ("hour", model.hash, model.manifest.threshold)
    assert last.observed > last.threshold + 0.1
    tonight = [each for each in INTRUDER.told if each.occurred_at >= MIDNIGHT]
    hour = tonight[:-7]  # the rest of the last minute came after its first activity
    named = [each.activity_id for n, each in enumerate(hour) if n == 0 or (n - 1) % 8 < 2]  # two of each minute
    assert last.evidence == msgspec.structs.replace(evidence(named), count=len(hour))


def test_its_sentence_names_the_three_features_that_contribute_most() -> None:
    last = found(INTRUDER.told)[-1]
    content = Content(
        alert_id="", tenant="acme", detector="unusual_activity", slot=I33.spec.slot, arm="hour", stage="live",
        subject="", opener=(0, ""), completed=(0, ""), severity=3, observed=last.observed, threshold=last.threshold,
        parts=last.parts, baseline=last.baseline, evidence=last.evidence, settings="", model=last.model,
    )  # fmt: skip
    told = sentence(content, {})
    contributions = {name: last.baseline[f"contribution.{name}"] for name in features.NAMES}
    first, second, third = sorted(contributions, key=lambda name: -float(str(contributions[name])))[:3]
    words = {feature.name: feature.words for feature in features.FEATURES}
    assert told == (
        f"Hour rarer than 99.98 %: {words[first]} {last.baseline[f'value.{first}']} "
        f"(usual {last.baseline[f'usual.{first}']}), {words[second]} {last.baseline[f'value.{second}']}, "
        f"{words[third]} {last.baseline[f'value.{third}']}"
    )


def test_its_contributions_add_up_to_the_score() -> None:
    for finding in found(INTRUDER.told):
        parts = [v for name, v in finding.baseline.items() if name == "base" or name.startswith("contribution.")]
        assert len(parts) == 1 + len(features.NAMES)
        assert round(sum(float(str(part)) for part in parts), 6) == finding.observed


def test_silent_on_an_ordinary_busy_monday() -> None:
    assert found(MONDAY.told) == []


def test_silent_without_a_model() -> None:
    assert found(INTRUDER.told, Context()) == []


def test_its_memory_does_not_depend_on_the_model() -> None:
    assert fold(I33, INTRUDER.told, Context())[0] == fold(I33, INTRUDER.told, CONTEXT)[0]


def test_silent_for_a_person_known_for_less_than_14_days() -> None:
    assert found(made.intruder(made.worker("ann", days=13)).told) == []
    assert found(made.intruder(made.worker("ann", days=14)).told) != []


def test_silent_for_a_person_active_on_less_than_5_days() -> None:
    story = Story("seldom", country="DE", device_id="laptop")
    for day in (20, 15, 10, 5):
        story.tell("record.read", MIDNIGHT - day * DAY + 9 * HOUR, object_type="contact")
    assert found(made.intruder(story).told) == []


def test_silent_when_the_model_knows_too_few_people() -> None:
    assert found(INTRUDER.told, detector=UnusualActivity(least_actors=61)) == []


def test_programs_are_not_judged() -> None:
    told = [msgspec.structs.replace(each, actor_kind="integration") for each in INTRUDER.told]
    assert found(told) == []
    assert fold(I33, told, CONTEXT)[0] == I33.initial()


def test_info_while_the_roles_are_new() -> None:
    story = made.worker("ann")
    story.tell("record.read", MIDNIGHT - 2 * DAY, roles=("sales", "manager"))
    findings = found(made.intruder(story).told)
    assert {finding.severity for finding in findings} == {Severity.INFO}
    assert {finding.parts["suppressed"] for finding in findings} == {
        "the roles of this person changed within the last 7 days"
    }


def test_a_first_model_is_on_trial_until_its_time_comes() -> None:
    at = MIDNIGHT + 3 * HOUR + 12 * MINUTE
    trial = Context(model=made.model(live_from=at + 3 * MINUTE))
    arms = [finding.arm for finding in found(INTRUDER.told, trial)]
    assert (arms[0], arms[-1]) == ("trial", "hour")
    assert arms == sorted(arms, reverse=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"learning": timedelta(days=2)}, "unusual_activity: learning is 2 d; it must be from 7 d to 28 d"),
        ({"least_days": 0}, "unusual_activity: least_days is 0; it must be from 1 to 28"),
        ({"medium": 2.0}, "unusual_activity: medium is 2.0; it must be from 0 to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"^{said}$"):
        UnusualActivity(**settings)  # type: ignore[arg-type]
