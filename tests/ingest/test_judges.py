"""Which subjects judge an activity."""

from __future__ import annotations

from itertools import product

import msgspec

from domain.actions import ACTIONS, LOGIN_FAILED
from domain.rows import head_of
from domain.subject import SCOPES, router
from tests.ingest.made import activity, event

ROUTING = {scope: frozenset(ACTIONS) for scope in SCOPES}
TOKENS = ("", f"{1:08x}" + "0" * 24, f"{2:08x}" + "0" * 24)


def test_the_head_of_an_activity_is_judged_by_whom_the_activity_is() -> None:
    subjects = router(ROUTING)
    made = activity(event())
    several = [
        msgspec.structs.replace(
            made, action=action, tenant=tenant, actor_token=actor, login_token=login, ip_token=ip, app_token=app
        )
        for action, tenant, actor, login, ip, app in product(
            ("record.read", "auth.login.succeeded", LOGIN_FAILED), ("acme", "other"), TOKENS[1:], TOKENS, TOKENS, TOKENS
        )
    ]
    for each in several:
        assert subjects(head_of(each)) == subjects(each)


def test_what_no_detector_sees_is_judged_nowhere() -> None:
    assert not router({})(activity(event()))
