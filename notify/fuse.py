"""The noise fuse: a detector that says far too much keeps recording and stops paging. CRITICAL is exempt."""

from __future__ import annotations

#: Ten times what a detector may say: 5 alerts per 1 000 active users and day.
PER_THOUSAND_USERS = 10 * 5
#: Whatever the number of users.
AT_MOST = 500


def limit(active_users: int) -> int:
    """How many alerts of one detector may page one tenant in 24 h. Fewer than 1 000 users count as 1 000."""
    return min(AT_MOST, PER_THOUSAND_USERS * max(1_000, active_users) // 1_000)


def sentence(detector: str, tenant: str, *, allowed: int) -> str:
    return (
        f"{detector} has raised more than {allowed} alerts for {tenant} in 24 h: it keeps recording and has stopped "
        "paging, except for CRITICAL; tune its settings, or put it in stage shadow"
    )
