"""Too many refusals of one feed: beyond 5 % of 1 000 records there is a notice, and the lane goes on."""

from __future__ import annotations

from collections import Counter

from domain.alert import Severity
from domain.clock import HOUR
from domain.incident import Notice, notice_id

#: A notice is due when more than this share of a window of records was refused.
SHARE, WINDOW = 0.05, 1_000

Feed = tuple[str, str]  # tenant, source


class Rejects:
    """Counts what was taken and refused per tenant and source, a window at a time."""

    def __init__(self) -> None:
        self._taken: Counter[Feed] = Counter()
        self._refused: Counter[Feed] = Counter()

    def count(self, taken: Counter[Feed], refused: Counter[Feed], *, at: int) -> list[Notice]:
        """Add a fetch received at `at` (ms); the notices that are due, one per feed and hour."""
        self._taken.update(taken)
        self._refused.update(refused)
        notices = []
        for feed in {*taken, *refused}:
            total = self._taken[feed] + self._refused[feed]
            if total < WINDOW:
                continue
            if self._refused[feed] > SHARE * total:
                notices.append(_notice(feed, self._refused[feed], total, at))
            del self._taken[feed], self._refused[feed]
        return notices


def _notice(feed: Feed, refused: int, total: int, at: int) -> Notice:
    tenant, source = feed
    return Notice(
        notice_id=notice_id("rejects", tenant, source, str(at // HOUR)),
        tenant=tenant,
        kind="rejects",
        subject=source,
        text=f"{source}: {refused:,} of the last {total:,} records were refused; `vedette dead-letters list` says why",
        severity=Severity.MEDIUM,
    )
