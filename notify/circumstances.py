"""What surrounds a revision: its activities, its feed's usual delay, and whether its detector's fuse has blown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.alert import Content, Severity
from domain.clock import DAY, MINUTE
from domain.incident import Notice, Revision, Witness, notice_id
from notify import fuse
from notify.incidents import Circumstances, is_late
from notify.page import EVIDENCE_LINES

#: A feed's usual delay is learned from so much of its past, and is never taken to be longer than a day.
DELAY_FROM, DELAY_AT_MOST = 7 * DAY, DAY
#: How long an answer about a feed or a tenant is good for, ms.
GOOD_FOR = 10 * MINUTE


class Facts(Protocol):
    """What is asked of the store."""

    async def witnesses(self, content: Content, activities: Sequence[str]) -> list[Witness]: ...
    async def usual_delay(self, tenant: str, source: str, feed: str, *, since: int) -> int: ...
    async def active_users(self, tenant: str, *, since: int) -> int: ...
    async def raised(self, tenant: str, detector: str, *, since: int) -> int: ...
    async def put_notice(self, notice: Notice) -> None: ...


@dataclass
class _Remembered:
    at: int
    value: int


@dataclass
class Surroundings:
    """Answers about revisions, remembered for ten minutes where they change slowly. `page_within` in ms."""

    facts: Facts
    page_within: int
    _delays: dict[tuple[str, str, str], _Remembered] = field(default_factory=dict)
    _users: dict[str, _Remembered] = field(default_factory=dict)
    _said: dict[tuple[str, str], int] = field(default_factory=dict)

    async def of(self, revision: Revision, now: int, *, merged_into: str = "") -> tuple[Circumstances, list[Witness]]:
        """The circumstances, and the activities a page shows. What cannot page is not looked into any further."""
        content = revision.content
        hopeless = is_late(revision, page_within=self.page_within, usual_delay=DELAY_AT_MOST)
        if content.stage != "live" or content.severity <= Severity.INFO or hopeless:
            return Circumstances(usual_delay=DELAY_AT_MOST, merged_into=merged_into), []
        witnesses = await self.facts.witnesses(content, last_activities(content))
        last = next((w for w in witnesses if w.activity_id == content.completed[1]), None)
        delay = await self._delay(content.tenant, last.source, last.feed, now) if last else 0
        return (
            Circumstances(
                usual_delay=delay,
                history=last is not None and last.history,
                fuse_blown=await self._blown(content, now),
                merged_into=merged_into,
            ),
            witnesses,
        )

    async def _delay(self, tenant: str, source: str, feed: str, now: int) -> int:
        known = self._delays.get((tenant, source, feed))
        if known is None or now - known.at > GOOD_FOR:
            value = await self.facts.usual_delay(tenant, source, feed, since=now - DELAY_FROM)
            known = self._delays[tenant, source, feed] = _Remembered(now, min(value, DELAY_AT_MOST))
        return known.value

    async def _blown(self, content: Content, now: int) -> bool:
        """Whether the detector has paged the tenant often enough for a day; says so once a day."""
        tenant, detector = content.tenant, content.detector
        if content.severity >= Severity.CRITICAL:
            return False
        raised = await self.facts.raised(tenant, detector, since=now - DAY)
        if raised < fuse.PER_THOUSAND_USERS:
            return False
        allowed = fuse.limit(await self._active(tenant, now))
        if raised < allowed:
            return False
        if self._said.get((tenant, detector)) != now // DAY:
            await self.facts.put_notice(_blown(tenant, detector, now, allowed))
            self._said[tenant, detector] = now // DAY
        return True

    async def _active(self, tenant: str, now: int) -> int:
        known = self._users.get(tenant)
        if known is None or now - known.at > GOOD_FOR:
            known = self._users[tenant] = _Remembered(now, await self.facts.active_users(tenant, since=now - DAY))
        return known.value


def last_activities(content: Content) -> tuple[str, ...]:
    """The last activities of the evidence, and the one that completed the alert."""
    listed = (*content.evidence.first, *content.evidence.last)[-EVIDENCE_LINES:]
    return (*listed, content.completed[1])


def _blown(tenant: str, detector: str, now: int, allowed: int) -> Notice:
    return Notice(
        notice_id=notice_id("fuse_blown", tenant, detector, str(now // DAY)),
        tenant=tenant,
        kind="fuse_blown",
        subject=detector,
        text=fuse.sentence(detector, tenant, allowed=allowed),
        severity=int(Severity.HIGH),
    )
