"""Fragments of SQL and rows that several stores share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

#: Ids per query.
TOGETHER = 500


class Text(msgspec.Struct, array_like=True):
    value: str


class Number(msgspec.Struct, array_like=True):
    value: float


class Pair(msgspec.Struct, array_like=True):
    first: str
    second: str


def ms(column: str) -> str:
    return f"toUnixTimestamp64Milli({column})"


def moment(parameter: str = "at") -> str:
    """The moment of a parameter in ms."""
    return f"fromUnixTimestamp64Milli({{{parameter}:Int64}}, 'UTC')"


def slices(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER))


#: Every stored activity once per subject that may judge it: both orders of events, one row for each.
PER_SUBJECT = (
    "(SELECT subject, occurred_at, activity_id, tenant, epoch, lane, offset FROM subject_events UNION ALL "
    "SELECT concat('actor|', tenant, '|', actor_token), occurred_at, activity_id, tenant, epoch, lane, offset "
    "FROM events WHERE actor_token != '' AND action != 'auth.login.failed')"
)
#: The partition of {n} that owns a `subject`: domain.subject.bucket in SQL.
OWNER = "reinterpretAsUInt32(reverse(unhex(substring(subject, length(subject) - 31, 8)))) % {n:UInt32}"


def of_subjects(*, actors: bool, among: str = "") -> str:
    """The condition on `events` for the activities of {subjects} before {until} (ms); all of them actors, or none.

    `among` is a further condition, " AND …" on columns that both orders have.

    Actors are the first order of `events`; the other subjects have a second order, `subject_events`.
    """
    before = f"occurred_at < {moment('until')}{among}"
    if actors:
        tokens = "SELECT part[2], part[3] FROM (SELECT splitByChar('|', arrayJoin({subjects:Array(String)})) AS part)"
        return f"(tenant, actor_token) IN ({tokens}) AND {before}"
    keys = "SELECT tenant, actor_token, occurred_at, activity_id FROM subject_events"
    return (
        f"(tenant, actor_token, occurred_at, activity_id) IN ({keys} WHERE subject IN {{subjects:Array(String)}} "
        f"AND {before}) AND {before}"
    )
