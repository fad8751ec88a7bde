"""The load of a chaos run: made-up audit events with attacks among them, duplicated, disordered and late by plan.

It is a pure function of plan and start, so that what was sent can be made again when the verdict is drawn.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from domain.clock import HOUR, MINUTE, SECOND, rfc3339
from simulation.places import FAR_AWAY, GUESSER, OFFICES, spot
from transport.batch import Headers
from transport.topics import RAW, RAW_IMPORT
from vedette.chaos.plan import Plan

TENANT = "chaos"
#: One attack begins with so many events.
ATTACK_EVERY = 60
#: A second copy comes at most so long after the first, ms, and not long after the last event.
AGAIN, AFTER = 30 * SECOND, 2 * SECOND
#: Disordered events come at most so long after they occurred, ms.
DISORDER = MINUTE
#: Files of late events in a run.
FILES = 4
#: What an hourly file's records say of themselves.
BATCH: Headers = (("tenant", TENANT.encode()), ("source", b"generic"), ("batch", b"1"))
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_encode = msgspec.json.Encoder().encode


class Sent(NamedTuple):
    """One record: when it is sent (ms), where to, and whether it is a second copy of one sent before."""

    at: int
    topic: str
    headers: Headers
    key: bytes
    raw: bytes
    occurred_at: int
    again: bool = False


class Load:
    """`records` yields everything that is sent, in order of `at`; the first at `start` (ms)."""

    def __init__(self, plan: Plan, start: int) -> None:
        self._plan, self._start = plan, start
        self._people = max(200, plan.events // 1_000)

    def records(self) -> Iterator[Sent]:
        rng = random.Random(f"load|{self._plan.seed}")  # noqa: S311 (traffic, not a secret)
        again, end = list[tuple[int, int, Sent]](), self._start + int(self._plan.seconds * 1000)
        for number, record in enumerate(self._firsts(rng)):
            while again and again[0][0] <= record.at:
                yield heapq.heappop(again)[2]
            yield record
            if rng.random() < self._plan.duplicates:
                at = min(record.at + rng.randrange(AGAIN), end + rng.randrange(AFTER))
                key = record.key if rng.random() < 0.5 else b"again"  # the other half through another lane
                heapq.heappush(again, (at, number, record._replace(at=at, key=key, again=True)))
        while again:
            yield heapq.heappop(again)[2]

    def _firsts(self, rng: random.Random) -> Iterator[Sent]:
        """Every event once; late ones wait until the hourly file that they are in is sent."""
        plan, file = self._plan, list[Sent]()
        full = max(1, int(plan.events * plan.late / FILES))
        waiting: list[dict[str, Any]] = []
        at = self._start
        for number in range(plan.events):
            at = self._start + int(number * plan.seconds * 1000 / plan.events)
            if not waiting and rng.randrange(ATTACK_EVERY) == 0:
                waiting = self._attack(rng)
            event = waiting.pop() if waiting and rng.random() < 0.7 else self._usual(rng)
            dice, name = rng.random(), f"{plan.seed:x}-{number:x}"
            if dice < plan.late:
                occurred = at - HOUR * rng.randint(1, 6) - rng.randrange(HOUR)
                file.append(_sent(at, RAW_IMPORT, BATCH, event, name, occurred))
                if len(file) >= full:
                    yield from (record._replace(at=at) for record in file)
                    file.clear()
                continue
            occurred = at - (rng.randrange(DISORDER) if dice < plan.late + plan.disorder else 0)
            yield _sent(at, RAW, (), event, name, occurred)
        yield from (record._replace(at=at) for record in file)

    def _person(self, rng: random.Random, *, far: bool = False) -> dict[str, Any]:
        number = rng.randrange(self._people)
        return self._who(number, far=far)

    @staticmethod
    def _who(number: int, *, far: bool = False) -> dict[str, Any]:
        homes = OFFICES[number % len(OFFICES)].homes
        where = spot(FAR_AWAY if far else homes[number % len(homes)], number)
        actor = {"id": f"u{number}", "login": f"u{number}@chaos.example"}
        return {"actor": actor, "origin": {"ip": where.ip, "user_agent": _AGENT, "device_id": f"d{number}"}}

    def _usual(self, rng: random.Random) -> dict[str, Any]:
        person, dice = self._person(rng), rng.random()
        if dice < 0.04:
            return {"action": "auth.login.succeeded", "outcome": "success", "channel": "ui", **person}
        if dice < 0.06:
            return {**_failed(rng), **person}
        seen = {"object_type": "contact", "object_id": f"c{rng.randrange(100_000)}", "channel": "ui", **person}
        if dice < 0.08:
            return {"action": "data.exported", "execution_id": _name(rng), "count": rng.randrange(200), **seen}
        return {"action": "record.read" if dice < 0.8 else "record.updated", **seen}

    def _attack(self, rng: random.Random) -> list[dict[str, Any]]:
        """A burst with the sign-in that ends it, a journey nobody makes, an export of much, or one password for all."""
        victim = rng.randrange(self._people)
        entered = {"action": "auth.login.succeeded", "outcome": "success", "channel": "ui"}
        kind = rng.randrange(4)
        if kind == 0:
            tries = [{**_failed(rng), **self._who(victim)} for _ in range(12)]
            return [{**entered, **self._who(victim)}, *tries]
        if kind == 1:
            return [{**entered, **self._who(victim, far=True)}, {**entered, **self._who(victim)}]
        if kind == 2:
            taken = {"object_type": "contact", "count": rng.randrange(10_001, 120_000), "execution_id": _name(rng)}
            return [{"action": "data.exported", "channel": "ui", **taken, **self._who(victim)}]
        origin = {"ip": spot(GUESSER, rng.randrange(200)).ip, "user_agent": "curl/8"}
        several = rng.sample(range(self._people), 14)
        return [{**_failed(rng), **self._who(one), "origin": origin} for one in several]


def _sent(at: int, topic: str, headers: Headers, event: dict[str, Any], name: str, occurred: int) -> Sent:
    raw = _encode({"id": name, "tenant": TENANT, "occurred_at": rfc3339(occurred), **event})
    return Sent(at, topic, headers, event["actor"]["id"].encode(), raw, occurred)


def _failed(rng: random.Random) -> dict[str, Any]:
    return {"action": "auth.login.failed", "outcome": "failure", "reason": "bad_password", "request_id": _name(rng)}


def _name(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"
