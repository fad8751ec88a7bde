"""What every detector owes the engine, held against each one that there is; its own stories are the seed."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from itertools import cycle, zip_longest
from operator import attrgetter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Context, Detector, Finding
from detectors.fold import fold, run
from detectors.registry import Armed, load
from domain.actions import ACTIONS
from domain.activity import JUDGED, Activity, Judged
from domain.alert import Severity
from domain.clock import DAY, HOUR, MINUTE, SECOND, millis
from domain.subject import SCOPES
from tests.detectors.story import MIDNIGHT, moved
from tests.judged import as_judged
from vedette.coverage import reads

EVERY = [pytest.param(armed, id=armed.detector.spec.id) for armed in load({}).all]
every_detector = pytest.mark.parametrize("armed", EVERY)
CONTEXT = Context()

#: Gaps that a window, an episode, a day or a memory could stumble over, in ms.
GAPS = [0, 1, 999, SECOND, 40 * SECOND, MINUTE - 1, MINUTE, 10 * MINUTE - 1, 10 * MINUTE, 20 * MINUTE, HOUR - 1, HOUR]
GAPS += [6 * HOUR, DAY - 1, DAY, 3 * DAY, 7 * DAY, 12 * DAY, 29 * DAY, 30 * DAY, 35 * DAY, 36 * DAY]
PERSONAL = ("actor_login", "actor_name", "actor_email", "impersonator", "ip", "user_agent", "title")
PLACEMENT = ("epoch", "lane", "offset", "index", "received_at", "batch", "history")
_key = attrgetter("key")
#: The most that a state may take, as JSON.
STATE_BYTES = 200_000


def stories(armed: Armed, kind: str) -> dict[str, list[Activity]]:
    """FIRES or SILENT of the detector's own test."""
    module = importlib.import_module(f"tests.detectors.rules.test_{armed.detector.spec.id}")
    told: dict[str, list[Activity]] = getattr(module, kind)
    assert told, f"tests/detectors/rules/test_{armed.detector.spec.id}.py tells no {kind} story"
    return told


def context(armed: Armed) -> Context:
    """What is in effect in the detector's stories: CONTEXT of its own test, else nothing."""
    module = importlib.import_module(f"tests.detectors.rules.test_{armed.detector.spec.id}")
    found: Context = getattr(module, "CONTEXT", CONTEXT)
    return found


def told_to(armed: Armed, told: list[Activity]) -> tuple[Any, list[tuple[Finding, ...]]]:
    return fold(armed.detector, told, context(armed))


def templates(armed: Armed) -> list[Activity]:
    """The activities of all its stories, each kind of them once."""
    found: dict[bytes, Activity] = {}
    for kind in ("FIRES", "SILENT"):
        for story in stories(armed, kind).values():
            for activity in story:
                alike = moved(activity, activity_id="", native_id="", occurred_at=0, object_id="", request_id="")
                found.setdefault(msgspec.json.encode(alike), activity)
    return list(found.values())


def plain(armed: Armed) -> list[Activity]:
    """Each action that it sees, done by hand."""
    first = templates(armed)[0]
    return [moved(first, action=action, channel="ui", count=None) for action in sorted(armed.detector.spec.actions)]


def histories(armed: Armed, *, most: int = 60, also: Iterable[Activity] = ()) -> st.SearchStrategy[list[Activity]]:
    """Anything that could happen between the lines of its stories: bursts, repetitions and long silences."""
    seeds = [*templates(armed), *also]
    event = st.tuples(
        st.integers(0, len(seeds) - 1),
        st.sampled_from(GAPS),
        st.sampled_from(["", "", "r1", "r2", "r3"]),
        st.sampled_from(["", "", "x1", "x2"]),
        st.integers(1, 12),
    )

    def told(events: list[tuple[int, int, str, str, int]]) -> list[Activity]:
        at = MIDNIGHT
        activities: list[Activity] = []
        for seed, gap, request, execution, times in events:
            at += gap
            for n in range(times):
                activities.append(
                    moved(
                        seeds[seed],
                        activity_id=f"{len(activities):08x}",
                        occurred_at=at + n * SECOND,
                        request_id=request and f"{request}-{n // 2}",
                        execution_id=execution,
                    )
                )
            at += (times - 1) * SECOND
        return activities

    return st.lists(event, min_size=1, max_size=most).map(told)


@every_detector
def test_fires_on_its_own_stories(armed: Armed) -> None:
    for title, told in stories(armed, "FIRES").items():
        assert [f for found in told_to(armed, told)[1] for f in found if f.severity > Severity.INFO], title


@every_detector
def test_silent_on_its_own_stories(armed: Armed) -> None:
    """Nothing above INFO on the last day of each; the days before are its history."""
    for title, told in stories(armed, "SILENT").items():
        _, each = told_to(armed, told)
        today = [
            found
            for activity, found in zip(told, each, strict=True)
            if activity.occurred_at > told[-1].occurred_at - DAY
        ]
        assert not [f for found in today for f in found if f.severity > Severity.INFO], title


@every_detector
def test_its_horizon_is_enough(armed: Armed) -> None:
    horizon = millis(armed.detector.spec.horizon)

    @settings(max_examples=150, deadline=None)
    @given(histories(armed))
    def holds(told: list[Activity]) -> None:
        lately = [activity for activity in told if activity.occurred_at > told[-1].occurred_at - horizon]
        everything, within = told_to(armed, told), told_to(armed, lately)
        assert within[0] == everything[0]
        assert within[1][-1] == everything[1][-1]

    holds()


@every_detector
def test_an_expired_state_is_the_initial_one(armed: Armed) -> None:
    detector, horizon = armed.detector, millis(armed.detector.spec.horizon)
    for kind in ("FIRES", "SILENT"):
        for told in stories(armed, kind).values():
            state, _ = fold(detector, told)
            for probe in templates(armed):
                later = moved(probe, activity_id="later", occurred_at=told[-1].occurred_at + horizon)
                given = context(armed)
                assert detector.step(state, later, given) == detector.step(detector.initial(), later, given)


@every_detector
def test_its_state_round_trips_at_every_step(armed: Armed) -> None:
    detector = armed.detector
    decode = msgspec.json.Decoder(detector.state).decode

    @settings(max_examples=40, deadline=None)
    @given(histories(armed, most=30))
    def holds(told: list[Activity]) -> None:
        state = detector.initial()
        for activity in told:
            state = detector.step(state, activity, CONTEXT).state
            assert decode(msgspec.json.encode(state)) == state

    holds()


@every_detector
def test_runs_of_any_length_say_what_its_steps_say(armed: Armed) -> None:
    judged, detector, effect = run(armed.detector), armed.detector, context(armed)

    @settings(max_examples=60, deadline=None)
    @given(histories(armed, also=plain(armed)), st.lists(st.integers(1, 40), min_size=1))
    def holds(told: list[Activity], lengths: list[int]) -> None:
        told = [activity for activity in told if activity.action in detector.spec.actions]
        state, rest = detector.initial(), list(told)
        found: list[tuple[Judged, tuple[Finding, ...]]] = []
        for length in cycle(lengths):
            if not rest:
                break
            state, revealed = judged(state, rest[:length], effect)
            found += revealed
            del rest[:length]
        expected, steps = fold(detector, told, effect)
        assert state == expected
        assert found == [(activity, step) for activity, step in zip(told, steps, strict=True) if step]

    holds()


@every_detector
@pytest.mark.parametrize(("count", "gap"), [(30_000, 7), (70_000, 45 * SECOND)], ids=["at once", "for weeks"])
def test_its_state_stays_bounded_under_a_flood(armed: Armed, count: int, gap: int) -> None:
    detector, seeds = armed.detector, templates(armed)
    state = detector.initial()
    for n in range(count):
        activity = moved(
            seeds[n % 3 % len(seeds)] if n % 50 else seeds[n // 50 % len(seeds)],
            activity_id=f"{n:036x}",
            occurred_at=MIDNIGHT + n * gap,
            request_id=f"r{n}",
            execution_id="",
            object_id=f"o{n}",
            object_type="x" * 9_000,
            app_id=f"a{n}" if n % 2 else "",
            device_id=f"d{n}" if n % 5 else "",
            ip_token=f"{n:032x}",
        )
        state = detector.step(state, activity, CONTEXT).state
    assert len(msgspec.json.encode(state)) <= STATE_BYTES


@every_detector
def test_it_is_deterministic_and_does_not_read_where_an_activity_stood(armed: Armed) -> None:
    for kind in ("FIRES", "SILENT"):
        for told in stories(armed, kind).values():
            elsewhere = [
                moved(
                    each,
                    epoch=n + 1,
                    lane=f"lane:{n}",
                    offset=n * 7,
                    index=n % 3,
                    received_at=n * 7 * HOUR,
                    batch=True,
                    history=True,
                )
                for n, each in enumerate(told)
            ]
            assert told_to(armed, told) == told_to(armed, told)
            assert told_to(armed, elsewhere) == told_to(armed, told)
    assert set(PLACEMENT) <= set(Activity.__struct_fields__)


@every_detector
def test_what_is_judged_of_an_activity_says_what_all_of_it_says(armed: Armed) -> None:
    for kind in ("FIRES", "SILENT"):
        for told in stories(armed, kind).values():
            assert fold(armed.detector, as_judged(told), context(armed)) == told_to(armed, told)
    assert reads(armed.detector.spec.id) <= set(JUDGED)


@every_detector
def test_a_step_does_not_change_the_state_it_was_given(armed: Armed) -> None:
    detector = armed.detector
    for told in stories(armed, "FIRES").values():
        state = detector.initial()
        for activity in told:
            before = msgspec.json.encode(state)
            after = detector.step(state, activity, context(armed)).state
            assert msgspec.json.encode(state) == before
            state = after


@every_detector
def test_no_personal_value_is_in_its_state_or_findings(armed: Armed) -> None:
    for kind in ("FIRES", "SILENT"):
        for told in stories(armed, kind).values():
            named = [
                moved(each, **{name: f"personal-{name}" for name in PERSONAL}, actor_id="personal-id") for each in told
            ]
            state, found = told_to(armed, named)
            assert b"personal-" not in msgspec.json.encode((state, found))


@every_detector
def test_findings_name_an_arm_of_its_own_once_and_fill_its_sentence(armed: Armed) -> None:
    spec = armed.detector.spec
    wanted, arms = set(re.findall(r"\{(\w+)", spec.sentence)), {arm.name for arm in spec.arms}
    for told in stories(armed, "FIRES").values():
        for found in told_to(armed, told)[1]:
            assert len({finding.arm for finding in found}) == len(found)
            for finding in found:
                assert finding.arm in arms
                assert wanted <= set(finding.parts)
                assert ("suppressed" if finding.severity == Severity.INFO else "why") in finding.parts
                assert finding.evidence.count >= 1


@every_detector
def test_its_contract_is_complete(armed: Armed) -> None:
    spec = armed.detector.spec
    assert re.fullmatch(r"[A-J]\d+", spec.code)
    assert spec.scope in SCOPES
    assert spec.actions <= set(ACTIONS)
    assert spec.arms
    assert all(arm.stage in ("shadow", "live") and arm.source for arm in spec.arms)
    assert all(arm.stage == "shadow" for arm in spec.arms if arm.source == "ours")
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in spec.attack)
    assert spec.horizon > spec.cooldown >= timedelta()
    assert all((spec.title, spec.activation, spec.false_positives, spec.tuning))


@every_detector
def test_it_is_frozen(armed: Armed) -> None:
    detector: Detector[Any] = armed.detector
    with pytest.raises(FrozenInstanceError):
        setattr(detector, fields(detector)[0].name, 1)  # type: ignore[arg-type]  # every detector is a dataclass


@every_detector
def test_other_subjects_do_not_matter(armed: Armed) -> None:
    detector, given = armed.detector, context(armed)
    told = [sorted(story, key=_key) for kind in ("FIRES", "SILENT") for story in stories(armed, kind).values()]
    alone = [told_to(armed, story) for story in told]
    states, found = [detector.initial() for _ in told], [list[tuple[Finding, ...]]() for _ in told]
    for turns in zip_longest(*told):
        for number, activity in enumerate(turns):
            if activity is not None:
                step = detector.step(states[number], activity, given)
                states[number] = step.state
                found[number].append(step.findings)
    assert list(zip(states, found, strict=True)) == alone
