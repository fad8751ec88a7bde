"""Where in an activity the values stand that vary from record to record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.subject import Tokeniser
from ingest.shape import Plan
from ingest.sources.base import COUNT, ID, IDS, at
from ingest.sources.salesforce_ids import long_id

SESSION: Final = at("session_id")
#: Fields that are each activity's own.
OWN: Final = frozenset(map(at, ("activity_id", "occurred_at", "record_digest")))
_astuple = msgspec.structs.astuple


class Write(NamedTuple):
    """A value that is kept in a field as it stands, between two words that do not vary."""

    field: int
    which: int
    before: str
    after: str
    longer: bool  # an id of 15 letters becomes one of 18

    def of(self, value: str) -> str:
        return self.before + (long_id(value) if self.longer and len(value) == 15 else value) + self.after


class Pair(NamedTuple):
    """Two values that are kept in one field."""

    field: int
    first: int
    second: int
    before: str
    between: str
    after: str


class Rules(NamedTuple):
    """Where in an activity the values that vary stand; those that are in none of these stand nowhere."""

    writes: tuple[Write, ...]
    pairs: tuple[Pair, ...]
    counts: tuple[tuple[int, int], ...]
    lists: tuple[tuple[int, int], ...]
    session: int  # the value that is the session's key; -1: none
    whole: bool  # all of the record's bytes may be kept

    def around(self, values: Sequence[str], row: Sequence[Any]) -> Rules:
        """The same with what stands around the values in this row, which may be other words for another shape."""
        return self._replace(
            writes=tuple(_around(write, values[write.which], row[write.field]) for write in self.writes),
            pairs=tuple(
                pair._replace(before=parts[0], between=parts[1], after=parts[2])
                for pair in self.pairs
                for parts in [_apart(row[pair.field], values[pair.first], values[pair.second])]
            ),
        )


def understood(
    plan: Plan, one: Activity, two: Activity, said: list[tuple[str, ...]], *, key: Tokeniser, whole: bool
) -> Rules | None:
    """None when a field differs in another way than the values do."""
    writes, pairs, session = list[Write](), list[Pair](), -1
    counts, lists = list[tuple[int, int]](), list[tuple[int, int]]()
    for field, (a, b) in enumerate(zip(_astuple(one), _astuple(two), strict=True)):
        if a == b or field in OWN:
            continue
        inside = [
            which for which, kind in enumerate(plan.kinds)
            if kind == ID and said[0][which] and type(a) is str and said[0][which] in a
        ]  # fmt: skip
        if len(inside) == 2:
            first, second = sorted(inside, key=lambda which: a.index(said[0][which]))
            pairs.append(Pair(field, first, second, *_apart(a, said[0][first], said[0][second])))
        elif inside:
            before, _, after = a.partition(said[0][inside[0]])
            writes.append(Write(field, inside[0], before, after, b != before + said[1][inside[0]] + after))
        elif field == SESSION:
            session = next((n for n, word in enumerate(said[0]) if a == key("session\0" + word)), -1)
        elif COUNT in plan.kinds and a == int(said[0][which := plan.kinds.index(COUNT)] or -1):
            counts.append((field, which))
        elif IDS in plan.kinds and a == said[0][which := plan.kinds.index(IDS)].count(",") + 1:
            lists.append((field, which))
        else:
            return None
    return Rules(tuple(writes), tuple(pairs), tuple(counts), tuple(lists), session, whole)


def _around(write: Write, value: str, there: str) -> Write:
    if there == write.of(value) or there.count(value) != 1:
        return write
    before, _, after = there.partition(value)
    return write._replace(before=before, after=after)


def _apart(text: str, first: str, second: str) -> tuple[str, str, str]:
    """What stands before, between and after two words; some other text where they do not stand so."""
    before, _, rest = text.partition(first)
    between, _, after = rest.partition(second)
    return before, between, after
