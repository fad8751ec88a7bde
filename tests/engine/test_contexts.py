"""Which model is in effect when, and what an alert says of it."""

from __future__ import annotations

import msgspec

from detectors.base import Context
from detectors.registry import load
from domain.alert import canonical
from domain.subject import ACTOR
from engine.contexts import Contexts
from engine.fold import Folder
from engine.memory import Memory
from tests.detectors.story import MIDNIGHT
from tests.models import made


def test_each_model_counts_from_its_time_until_the_next_ones() -> None:
    first, second = made.model(), made.model(trees=20)
    contexts = Contexts()
    contexts.take([("acme", 100, first), ("acme", 300, None), ("acme", 200, second), ("other", 0, first)])
    assert [contexts("acme", at).model for at in (99, 100, 199, 200, 299, 300)] == [
        None, first, first, second, second, None,
    ]  # fmt: skip
    assert contexts("nobody", 10**15) == Context()


def test_of_two_at_one_time_the_later_promotion_counts() -> None:
    contexts = Contexts()
    contexts.take([("acme", 100, made.model()), ("acme", 100, made.model(trees=20))])
    assert contexts("acme", 100).model is made.model(trees=20)


def test_an_alert_names_the_model_that_was_asked_and_others_name_none() -> None:
    told = made.intruder(made.worker("ann")).told
    exports = [
        msgspec.structs.replace(
            each, action="data.exported", count=20_000, activity_id=f"e{n}", occurred_at=each.occurred_at + 1
        )
        for n, each in enumerate(told[-3:])
    ]
    subject = f"{ACTOR}|acme|{told[0].actor_token}"

    def alerts(contexts: Contexts) -> dict[str, dict[str, bytes]]:
        folder, memory, found = Folder(load({}), contexts), Memory(), dict[str, dict[str, bytes]]()
        activities = sorted([*told, *exports], key=lambda each: each.key)
        for content in folder.apply(memory, subject, activities, []):
            found.setdefault(f"{content.detector} {content.model}", {})[content.alert_id] = canonical(content)
        return found

    without, late, whole = Contexts(), Contexts(), Contexts()
    late.take([("acme", told[-1].occurred_at + 2, made.model())])
    whole.take([("acme", MIDNIGHT, made.model())])
    assert list(alerts(without)) == ["bulk_export "]
    assert alerts(late) == alerts(without)
    assert alerts(whole)["bulk_export "] == alerts(without)["bulk_export "]
    assert set(alerts(whole)) == {"bulk_export ", f"unusual_activity {made.model().hash}"}
