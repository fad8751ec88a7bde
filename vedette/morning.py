"""The demo's morning: what forty people of a small company do in their CRM, and three who should not.

Events are generic JSON, as any CRM may send them. The same `start` gives the same events.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from domain.clock import MINUTE, SECOND, rfc3339

TENANT = "acme"
#: The morning is this long, in event time; it ends at `start + LENGTH`.
LENGTH = 20 * MINUTE
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)


@dataclass
class Morning:
    """Events in order of time; `seed` chooses who does what, when and how often."""

    start: int  # ms
    seed: int = 7
    _made: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def events(self) -> Iterator[tuple[int, bytes]]:
        """(occurred_at in ms, record)."""
        self._made = []
        rng = random.Random(self.seed)  # noqa: S311 (a story, not a secret)
        for n in range(40):
            self._employee(rng, n)
        self._guessed_password(rng)
        self._export_at_once()
        self._forgotten_password(rng)
        for at, event in sorted(self._made, key=lambda made: (made[0], made[1]["id"])):
            yield at, json.dumps(event, separators=(",", ":")).encode()

    def _add(self, at: int, action: str, who: str, ip: str, **more: Any) -> None:
        event = {
            "id": f"demo-{self.start}-{len(self._made)}",
            "tenant": TENANT,
            "occurred_at": rfc3339(self.start + at),
            "action": action,
            "actor": {"id": who, "login": f"{who}@acme.example", "roles": ["sales_rep"]},
            "origin": {"ip": ip, "user_agent": AGENT},
            "channel": "ui",
            **more,
        }
        self._made.append((self.start + at, event))

    def _employee(self, rng: random.Random, n: int) -> None:
        who, ip = f"rep{n:02}", f"198.51.100.{10 + n % 4}"
        at = rng.randrange(5 * MINUTE)
        if rng.random() < 0.3:
            self._add(at, "auth.login.failed", who, ip, reason="bad_password")
        at += 9 * SECOND
        self._add(at, "auth.login.succeeded", who, ip, outcome="success", auth_method="password")
        while (at := at + rng.randrange(5 * SECOND, 60 * SECOND)) < LENGTH:
            self._add(at, "record.read", who, ip, object_type="contact", object_id=f"c{rng.randrange(20_000)}")
        if rng.random() < 0.2:
            self._add(
                LENGTH - MINUTE,
                "data.exported",
                who,
                ip,
                object_type="contact",
                count=rng.randrange(20, 300),
                execution_id=f"run-{n}",
            )

    def _guessed_password(self, rng: random.Random) -> None:
        """Fourteen wrong passwords in two minutes from one address, then the right one."""
        at = 6 * MINUTE
        for _ in range(14):
            at += rng.randrange(3 * SECOND, 12 * SECOND)
            self._add(at, "auth.login.failed", "j.doe", "203.0.113.77", reason="bad_password")
        self._add(at + 40 * SECOND, "auth.login.succeeded", "j.doe", "203.0.113.77", auth_method="password")

    def _export_at_once(self) -> None:
        """18,400 contacts in one report, then 60,000 more."""
        for at, count, run in ((12 * MINUTE, 18_400, "r-881"), (15 * MINUTE, 60_000, "r-882")):
            self._add(
                at, "data.exported", "s.ortiz", "198.51.100.12", object_type="contact", count=count, execution_id=run
            )

    def _forgotten_password(self, rng: random.Random) -> None:
        """Ann mistypes four times on her own machine: nobody need hear of it."""
        for n in range(4):
            self._add(
                8 * MINUTE + n * 20 * SECOND + rng.randrange(SECOND),
                "auth.login.failed",
                "ann",
                "198.51.100.11",
                reason="bad_password",
            )
        self._add(10 * MINUTE, "auth.login.succeeded", "ann", "198.51.100.11", auth_method="password")
