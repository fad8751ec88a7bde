"""Audit events of a made-up CRM for the benchmark: the same seed and times give the same bytes.

A thousand people and integrations, half of what they do done by a fifth of them. Nearly all of it is reading and
editing; sign-ins, reports, exports and downloads are the few per cent that they are in a real CRM, and now and then
somebody guesses a password or takes everything, so that alerts are opened while it is measured.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from domain.clock import rfc3339

TENANT: Final = "acme"
#: One guessed password and one export of everything among so many events.
ATTACK_EVERY: Final = 50_000
#: Failed sign-ins in a row that make an alert of failed_login_burst (A1), as it is shipped.
BURST: Final = 10

#: What people do, in shares of a thousand.
_MIX: Final = {
    "record.read": 620, "record.updated": 130, "record.searched": 80, "api.called": 60, "record.created": 30,
    "auth.login.succeeded": 30, "report.viewed": 18, "file.downloaded": 12, "auth.logout": 8, "auth.login.failed": 6,
    "data.exported": 6,
}  # fmt: skip
_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
)
_OBJECTS: Final = ("contact", "account", "opportunity", "case")
_ROLES: Final = (["sales_rep"], ["sales_rep", "team_lead"], ["support"], ["marketing"])
_ACTIONS: Final = tuple(action for action, share in _MIX.items() for _ in range(share))
_encode = msgspec.json.Encoder().encode


class Traffic:
    """An endless day: `record` is the next event, at the time it is given."""

    def __init__(self, *, seed: int, actors: int = 1_000) -> None:
        self._rng = random.Random(seed)  # noqa: S311 (traffic, not a secret)
        self._name, self._made = f"{seed:x}", 0
        self._people = [self._person(n) for n in range(actors)]
        self._busy = self._people[::5]
        self._waiting: list[dict[str, Any]] = []

    def record(self, at: int) -> bytes:
        """The next event, occurred at `at` ms: generic JSON, about 450 bytes."""
        self._made += 1
        if self._made % ATTACK_EVERY == ATTACK_EVERY // 2:
            self._waiting = self._attack(self._made)
        event = self._waiting.pop() if self._waiting else self._usual()
        return _encode({"id": f"{self._name}-{self._made:x}", "tenant": TENANT, "occurred_at": rfc3339(at), **event})

    def _person(self, n: int) -> dict[str, Any]:
        who = f"user{n:04}"
        actor = {"id": who, "login": f"{who}@acme.example", "roles": _ROLES[n % len(_ROLES)]}
        if n % 20 == 19:
            actor = {"id": f"sync{n:04}", "kind": "integration", "roles": ["integration"]}
        ip = (f"198.51.100.{n % 250 + 1}", f"203.0.113.{n % 40 + 1}", f"2001:db8:{n % 300:x}::{n:x}")[n % 3]
        return {"actor": actor, "origin": {"ip": ip, "user_agent": _AGENTS[n % len(_AGENTS)], "device_id": f"d{n:04}"}}

    def _usual(self) -> dict[str, Any]:
        rng = self._rng
        action = _ACTIONS[int(rng.random() * len(_ACTIONS))]
        some = self._busy if rng.random() < 0.375 else self._people  # with their share of the rest, half of it all
        person = some[int(rng.random() * len(some))]
        return {"action": action, **person, "channel": "ui", **self._details(action, rng)}

    def _details(self, action: str, rng: random.Random) -> dict[str, Any]:
        if action == "auth.login.failed":
            return {"outcome": "failure", "reason": "bad_password", "request_id": f"q{self._name}-{self._made:x}"}
        if action == "auth.login.succeeded":
            return {"outcome": "success", "auth_method": "password", "mfa": True}
        if action == "api.called":
            return {
                "channel": "api",
                "app_id": f"app{int(rng.random() * 12)}",
                "method": "GET",
                "count": 1 + int(rng.random() * 50),
            }
        if action == "auth.logout":
            return {"outcome": "success"}
        seen = {
            "outcome": "success",
            "object_type": _OBJECTS[int(rng.random() * 4)],
            "session_id": f"s{int(rng.random() * 4_000)}",
        }
        if action in ("data.exported", "report.viewed", "record.searched"):
            return {**seen, "count": 5 + int(rng.random() * 145), "execution_id": f"x{self._made:x}"}
        return {**seen, "object_id": f"o{int(rng.random() * 200_000)}"}

    def _attack(self, number: int) -> list[dict[str, Any]]:
        """A guessed password and an export of everything, the last event first."""
        victim, thief = (self._people[self._rng.randrange(len(self._people))] for _ in range(2))
        whole = {"object_type": "contact", "count": 60_000, "execution_id": f"a{number:x}"}
        return [
            {"action": "data.exported", **thief, "channel": "ui", **whole},
            *({"action": "auth.login.failed", **failure} for failure in _failures(victim, f"{number:x}", BURST + 2)),
        ]


def burst(name: str, times: list[int]) -> list[bytes]:
    """Failed sign-ins of somebody who is seen nowhere else, at the given times (ms); the tenth opens an alert."""
    person = {"actor": {"id": name, "login": f"{name}@acme.example"}, "origin": {"ip": "192.0.2.9"}}
    return [
        _encode(
            {
                "id": f"{name}-{n}",
                "tenant": TENANT,
                "occurred_at": rfc3339(at),
                "action": "auth.login.failed",
                **failure,
            }
        )
        for n, (at, failure) in enumerate(zip(times, _failures(person, name, len(times)), strict=True))
    ]


def _failures(person: dict[str, Any], name: str, number: int) -> Iterator[dict[str, Any]]:
    """Each has a request of its own: without one, several in a second would count once."""
    for n in range(number):
        yield {**person, "outcome": "failure", "reason": "bad_password", "request_id": f"g{name}-{n}"}


class Backlog(msgspec.Struct, frozen=True):
    """Events that wait in the raw topic, in order of time, with the time of each (ms)."""

    records: list[bytes]
    times: list[int]

    @property
    def bytes_each(self) -> float:
        return sum(map(len, self.records)) / len(self.records)


def backlog(events: int, *, seed: int, end: int, per_second: int, actors: int = 1_000) -> Backlog:
    """What came in while nobody read: `events` at `per_second` up to `end` (ms)."""
    traffic = Traffic(seed=seed, actors=actors)
    start = end - events * 1000 // per_second
    times = [start + n * 1000 // per_second for n in range(events)]
    return Backlog([traffic.record(at) for at in times], times)
