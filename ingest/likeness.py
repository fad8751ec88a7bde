"""Where in an activity the values stand that vary from record to record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from domain.activity import Activity
from domain.subject import Tokeniser
from ingest.sources.base import COUNT, ID, IDS, TEXT, at
from ingest.sources.columns import OF_CONTENT, content_digest
from ingest.sources.salesforce_ids import long_id

SESSION, NATIVE_ID = at("session_id"), at("native_id")
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
    counts: tuple[tuple[int, int], ...]  # field and value
    lists: tuple[tuple[int, int], ...]
    session: int  # the value that is the session's key; -1: none
    content: bool  # the native id is a digest of all that the record says
    whole: bool  # all of the record's bytes may be kept

    def around(self, values: Sequence[str], row: Sequence[Any]) -> Rules:
        """The same with what stands around the values in this row, which may be other words for another shape."""
        return self._replace(
            writes=tuple(_around(write, values[write.which], row[write.field]) for write in self.writes),
            pairs=tuple(
                pair._replace(before=stands[0], between=stands[1], after=stands[2])
                for pair in self.pairs
                for stands in [_apart(row[pair.field], values[pair.first], values[pair.second])]
            ),
        )


def understood(
    kinds: Sequence[str], one: Activity, two: Activity, said: list[tuple[str, ...]], *, key: Tokeniser, whole: bool
) -> Rules | None:
    """None when a field differs in another way than the values do."""
    writes, pairs, session, content = list[Write](), list[Pair](), -1, False
    counts, lists = list[tuple[int, int]](), list[tuple[int, int]]()
    for field, (a, b) in enumerate(zip(_astuple(one), _astuple(two), strict=True)):
        if a == b or field in OWN:
            continue
        inside = [
            which for which, kind in enumerate(kinds)
            if kind in (ID, TEXT) and type(a) is str and said[0][which] in a
        ]  # fmt: skip
        if len(inside) == 2:
            first, second = sorted(inside, key=lambda which: a.index(said[0][which]))
            pairs.append(Pair(field, first, second, *_apart(a, said[0][first], said[0][second])))
        elif inside:
            before, _, after = a.partition(said[0][inside[0]])
            writes.append(Write(field, inside[0], before, after, b != before + said[1][inside[0]] + after))
        elif field == SESSION:
            session = next((n for n, word in enumerate(said[0]) if kinds[n] and a == key("session\0" + word)), -1)
        elif field == NATIVE_ID and OF_CONTENT in a:
            content = True
        elif COUNT in kinds and a == int(said[0][which := kinds.index(COUNT)]):
            counts.append((field, which))
        elif IDS in kinds and a == said[0][which := kinds.index(IDS)].count(",") + 1:
            lists.append((field, which))
        else:
            return None
    return Rules(tuple(writes), tuple(pairs), tuple(counts), tuple(lists), session, content, whole)


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


class Content(NamedTuple):
    """What a native id is a digest of, with gaps for the values that vary."""

    kind: str
    form: str  # with a %s for each gap
    pick: Callable[[Sequence[str]], Any]  # what fills them

    def digest(self, values: Sequence[str]) -> str:
        """The native id of a record with these values."""
        text: str = self.form % self.pick(values)
        return self.kind + content_digest(text)


def content_of(native_id: str, text: str, said: Mapping[int, str]) -> Content | None:
    """`text` with gaps for the values that it has of those that were said; None when one stands in it twice."""
    found = sorted((text.index(word), which) for which, word in said.items() if text.count(word) == 1)
    if len(found) != sum(word in text for word in said.values()):
        return None
    if not found:
        return None
    form, end = "", 0
    for start, which in found:
        form += text[end:start].replace("%", "%%") + "%s"
        end = start + len(said[which])
    kind = native_id.partition(OF_CONTENT)[0] + OF_CONTENT
    return Content(kind, form + text[end:].replace("%", "%%"), itemgetter(*(which for _, which in found)))
