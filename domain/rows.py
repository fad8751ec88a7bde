"""Activities in columns: as ingest makes them of a fetch, as the store takes them and as bundles are cut from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Self

import msgspec

from domain.activity import Activity
from domain.wire import bodies


class Head(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What many activities have in common: who did what kind of thing from where. Few differ, so each is made once.

    Two heads are never equal: looked up by itself, one costs no look at its texts. The fields are an activity's.
    """

    tenant: str
    source: str
    feed: str
    action: str
    outcome: str
    actor_kind: str
    actor_token: str
    login_token: str
    ip_token: str
    app_token: str
    app_id: str
    network: str
    country: str
    object_type: str
    batch: bool
    actor_id: str
    actor_login: str
    actor_name: str
    ip: str
    app_name: str


HEAD: Final = Head.__struct_fields__
_fields = attrgetter(*HEAD)
_REMEMBERED: Final = 50_000


@lru_cache(maxsize=_REMEMBERED)
def head(fields: tuple[Any, ...]) -> Head:
    """The head with these values, in the order of HEAD."""
    return Head(*fields)


def head_of(activity: Activity) -> Head:
    return head(_fields(activity))


class Rows(msgspec.Struct):
    """Columns of equal length, one entry for each activity, in the order in which they came; times in ms."""

    heads: list[Head] = msgspec.field(default_factory=list)
    ids: list[str] = msgspec.field(default_factory=list)
    occurred: list[int] = msgspec.field(default_factory=list)
    natives: list[str] = msgspec.field(default_factory=list)
    bodies: list[bytes] = msgspec.field(default_factory=list)  # as `domain.wire.bodies` has them
    raws: list[bytes] = msgspec.field(default_factory=list)  # what may be kept of the record; b"": nothing
    received: list[int] = msgspec.field(default_factory=list)
    epochs: list[int] = msgspec.field(default_factory=list)
    lanes: list[str] = msgspec.field(default_factory=list)
    offsets: list[int] = msgspec.field(default_factory=list)
    indexes: list[int] = msgspec.field(default_factory=list)

    def __len__(self) -> int:
        return len(self.heads)

    @classmethod
    def of(cls, activities: Sequence[Activity], raws: Sequence[bytes] = ()) -> Self:
        """`raws` has the record of each, or nothing of any."""
        columns = zip(*map(_placed, activities), strict=True) if activities else ([],) * 8
        ids, occurred, natives, received, epochs, lanes, offsets, indexes = map(list[Any], columns)
        kept = list(raws) or [b""] * len(activities)
        heads, encoded = list(map(head_of, activities)), bodies(activities)
        return cls(heads, ids, occurred, natives, encoded, kept, received, epochs, lanes, offsets, indexes)

    def extend(self, others: Self) -> None:
        for name in _COLUMNS:
            getattr(self, name).extend(getattr(others, name))

    def insert(self, places: Sequence[int], others: Self) -> None:
        """Puts each of the others where it stands in the end; in order."""
        for name in _COLUMNS:
            column = getattr(self, name)
            for place, value in zip(places, getattr(others, name), strict=True):
                column.insert(place, value)

    def some(self, which: Iterable[int]) -> Self:
        """Those that stand there."""
        places = list(which)
        return type(self)(*([column[place] for place in places] for column in map(self.__getattribute__, _COLUMNS)))


def same(one: Rows, other: Rows) -> bool:
    """Whether they say the same; heads count by what they say."""
    heads = [[msgspec.structs.astuple(each) for each in some.heads] for some in (one, other)]
    return heads[0] == heads[1] and all(getattr(one, name) == getattr(other, name) for name in _COLUMNS[1:])


_COLUMNS: Final = Rows.__struct_fields__
_placed = attrgetter(
    "activity_id", "occurred_at", "native_id", "received_at", "epoch", "lane", "offset", "index"
)  # fmt: skip
