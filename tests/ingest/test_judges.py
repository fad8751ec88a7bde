"""Which subjects judge an activity, and where: remembered or not."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from domain import subject
from domain.actions import ACTIONS, LOGIN_FAILED
from domain.subject import SCOPES, remembered, router
from tests.ingest.made import activity, event

ROUTING = {scope: frozenset(ACTIONS) for scope in SCOPES}
TOKENS = ("", f"{1:08x}" + "0" * 24, f"{2:08x}" + "0" * 24)


def test_what_is_remembered_of_an_activity_is_what_its_route_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_REMEMBERED", 50)
    subjects, route = router(ROUTING), remembered(ROUTING)
    made = activity(event())
    several = [
        msgspec.structs.replace(
            made, action=action, tenant=tenant, actor_token=actor, login_token=login, ip_token=ip, app_token=app
        )
        for action, tenant, actor, login, ip, app in product(
            ("record.read", "auth.login.succeeded", LOGIN_FAILED), ("acme", "other"), TOKENS[1:], TOKENS, TOKENS, TOKENS
        )
    ]
    for each in several + several[-20:]:
        assert route(each) == subjects(each)


def test_what_no_detector_sees_is_judged_nowhere() -> None:
    assert not remembered({})(activity(event()))
