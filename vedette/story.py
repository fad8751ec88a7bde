"""The demo's story: an ordinary morning at a company that uses a CRM, with three attacks in it."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.clock import MINUTE, SECOND, rfc3339

Event = dict[str, Any]


class Scene(msgspec.Struct, frozen=True):
    """What somebody does, in a sentence and as generic events; `alerts` are the detectors that must speak up."""

    sentence: str
    events: tuple[Event, ...]
    alerts: frozenset[str] = frozenset()


def tell(now: int) -> list[Scene]:
    """The scenes of the last half hour before `now` (ms), in order. The same `now` tells the same story."""
    start = now - 30 * MINUTE
    return [
        _morning(start),
        _mistyping(start + 8 * MINUTE),
        _guessed(start + 11 * MINUTE),
        _sync(start + 15 * MINUTE),
        _administrator(start + 17 * MINUTE),
        _export(start + 24 * MINUTE),
    ]


def _event(at: int, action: str, actor: str, *, ip: str = "203.0.113.20", **fields: Any) -> Event:
    kind = fields.pop("kind", "human")
    person = {
        "id": actor,
        "login": f"{actor}@acme.example",
        "kind": kind,
        "privileged": fields.pop("privileged", False),
    }
    browser = fields.pop("user_agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0")
    name = f"demo-{at}-{action}-{actor}-{fields.pop('number', 0)}"
    origin = {"ip": ip, "user_agent": browser}
    return {"id": name, "occurred_at": rfc3339(at), "action": action, "actor": person, "origin": origin, **fields}


def _signing_in(at: int, actor: str, ip: str, *, failures: int, every: int, then: int, **fields: Any) -> list[Event]:
    """`failures` wrong passwords, one each `every` ms, and a success `then` ms after the last."""
    tries = [
        _event(
            at + n * every, "auth.login.failed", actor, ip=ip, reason="bad_password", auth_method="password", **fields
        )
        for n in range(failures)
    ]
    success = at + (failures - 1) * every + then
    return [*tries, _event(success, "auth.login.succeeded", actor, ip=ip, auth_method="password", mfa=False, **fields)]


def _morning(at: int) -> Scene:
    events = []
    for n, person in enumerate(
        ("ann.berg", "bo.lind", "cy.moor", "di.park", "ed.quan", "flo.ray", "gus.sol", "ivy.tan")
    ):
        arrives, ip = at + n * 20 * SECOND, f"203.0.113.{20 + n}"
        events.append(_event(arrives, "auth.login.succeeded", person, ip=ip, auth_method="sso", mfa=True))
        events += [
            _event(
                arrives + m * MINUTE,
                "record.read",
                person,
                ip=ip,
                object_type="account",
                object_id=f"001-{n}-{m}",
                count=1,
            )
            for m in range(1, 4)
        ]
    return Scene(
        "eight people sign in and open accounts", tuple(sorted(events, key=lambda event: str(event["occurred_at"])))
    )


def _mistyping(at: int) -> Scene:
    events = _signing_in(at, "hal.unger", "203.0.113.40", failures=4, every=6 * SECOND, then=9 * SECOND)
    return Scene("hal.unger mistypes the password four times, then gets in", tuple(events))


def _guessed(at: int) -> Scene:
    found = frozenset({"failed_login_burst", "login_after_failures"})
    events = _signing_in(at, "j.doe", "198.51.100.7", failures=14, every=6 * SECOND, then=40 * SECOND)
    return Scene("somebody elsewhere guesses the password of j.doe: 14 wrong, then right", tuple(events), found)


def _sync(at: int) -> Scene:
    events = [
        _event(
            at + n * 5 * SECOND, "data.exported", "sync-erp", kind="integration", ip="203.0.113.90",
            user_agent="erp-sync/4.2", channel="bulk", object_type="order", count=1_500, execution_id=f"sync-{at}-{n}",
        )
        for n in range(5)
    ]  # fmt: skip
    return Scene("the ERP integration takes its 7,500 orders", tuple(events))


def _administrator(at: int) -> Scene:
    found = frozenset({"failed_login_burst", "login_after_failures"})
    events = _signing_in(at, "k.wolf", "192.0.2.66", failures=22, every=11 * SECOND, then=30 * SECOND, privileged=True)
    return Scene("the same happens to k.wolf, an administrator", tuple(events), found)


def _export(at: int) -> Scene:
    events = [
        _event(at + n * 2 * MINUTE, "data.exported", "s.ortiz", ip="203.0.113.51", channel="ui", object_type="contact",
               count=count, execution_id=f"r-{at}-{n}")
        for n, count in enumerate((18_400, 60_000))
    ]  # fmt: skip
    return Scene("s.ortiz exports 18,400 contacts, and 60,000 more", tuple(events), frozenset({"bulk_export"}))
