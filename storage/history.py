"""The stored activities of subjects, in key order, the earliest delivery of each: whole, or a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from domain.activity import Judged
from domain.subject import ACTOR, Routing, router, scope_of
from storage.client import Client
from storage.columns import Text, moment, of_subjects, slices

#: Activities of one page: some 6 MB of text, 15 MB decoded.
PAGE = 10_000
#: Behind everything that ClickHouse's times can say, ms: 2299.
LAST = 10_413_792_000_000
#: Lines decoded between two yields: some 5 ms.
_DECODED = 1_000


async def whole(client: Client, subjects: Sequence[str], routing: Routing, *, until: int) -> dict[str, list[Judged]]:
    """By subject, every activity with occurred_at < `until`."""
    found: dict[str, list[Judged]] = {}
    for actors in (True, False):
        some = [subject for subject in subjects if (scope_of(subject) == ACTOR) is actors]
        if some:
            rows = await client.query_bodies(
                f"SELECT body FROM events FINAL WHERE {of_subjects(actors=actors)}",
                {"subjects": some, "until": until},
                row=Judged,
            )
            found |= _by_subject(set(some), rows, routing)
    return found


async def page(
    client: Client,
    subjects: Sequence[str],
    actions: Sequence[str],
    *,
    since: int,
    until: int,
    after: Judged | None,
    most: int = PAGE,
) -> tuple[list[Judged], bool]:
    """The next activities (`most`) of subjects of one scope, in key order, and whether there may be more.

    Of `actions` only, with `since` <= occurred_at < `until` (ms), behind `after`, the last of the page before. Decoded
    in slices, so that a loop can do something else in between.
    """
    among = f" AND occurred_at >= {moment('since')} AND action IN {{actions:Array(String)}}"
    params: dict[str, object] = {"subjects": list(subjects), "actions": list(actions), "until": until, "since": since}
    if after is not None:
        among += (
            f" AND (occurred_at, toString(activity_id), tenant) > ({moment('at')}, {{id:String}}, {{tenant:String}})"
        )
        params |= {"since": after.occurred_at, "at": after.occurred_at, "id": after.activity_id, "tenant": after.tenant}
    actors = scope_of(subjects[0]) == ACTOR
    # PREWHERE: a row's key decides on all of it, and bodies are read only of rows that are wanted.
    lines = await client.query_lines(
        f"SELECT body FROM events FINAL PREWHERE {of_subjects(actors=actors, among=among)} "
        f"ORDER BY occurred_at, toString(activity_id), tenant LIMIT {most}",
        params,
    )
    found: list[Judged] = []
    for start in range(0, len(lines), _DECODED):
        found += client.decode_lines(lines[start : start + _DECODED], row=Judged)
        await asyncio.sleep(0)
    return found, len(lines) == most


async def kept(client: Client, subject: str, ids: Collection[str]) -> set[str]:
    """Which of the subject's activities with these ids are stored."""
    found: set[str] = set()
    condition = of_subjects(actors=scope_of(subject) == ACTOR, among=" AND activity_id IN {ids:Array(UUID)}")
    for some in slices(sorted(ids)):
        params = {"subjects": [subject], "until": LAST, "ids": list(some)}
        rows = await client.query(f"SELECT toString(activity_id) FROM events WHERE {condition}", params, row=Text)
        found.update(row.value for row in rows)
    return found


def _by_subject(wanted: set[str], rows: Iterable[Judged], routing: Routing) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {subject: [] for subject in wanted}
    route = router(routing)
    for activity in sorted(rows, key=lambda a: a.key):
        for subject in route(activity):
            if subject in wanted:
                found[subject].append(activity)
    return found
