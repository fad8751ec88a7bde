"""What ingest sends to the judges of an insert: its activities by partition and subject, cut into messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from domain.activity import Activity
from domain.wire import BUNDLE_ACTIVITIES, BUNDLE_BYTES, Bundle, Group, encode, group

#: By subject, the activities that it is judged by: their places in the insert, in order.
Mine = dict[str, list[int]]


def by_subject(
    activities: Sequence[Activity], judges: Callable[[Activity], Sequence[tuple[int, str]]]
) -> dict[int, Mine]:
    """By partition and subject, what is judged there."""
    parts: dict[int, Mine] = {}
    for place, found in enumerate(map(judges, activities)):
        for partition, subject in found:
            mine = parts.setdefault(partition, {})
            if (places := mine.get(subject)) is None:
                mine[subject] = [place]
            else:
                places.append(place)
    return parts


def messages(
    mine: Mapping[str, Sequence[int]], activities: Sequence[Activity], bodies: Sequence[bytes]
) -> Iterator[bytes]:
    """Messages as large as may be. A subject stands in several when it has more, and its activities stay in order."""
    groups, held, size = list[Group](), 0, 0
    for subject, places in mine.items():
        for some in _pieces(places, bodies):
            made = group(subject, [activities[n] for n in some], [bodies[n] for n in some])
            length = len(made.activities)
            if groups and (held + len(some) > BUNDLE_ACTIVITIES or size + length > BUNDLE_BYTES):
                yield encode(Bundle(tuple(groups)))
                groups, held, size = [], 0, 0
            groups.append(made)
            held, size = held + len(some), size + length
    if groups:
        yield encode(Bundle(tuple(groups)))


def _pieces(places: Sequence[int], bodies: Sequence[bytes]) -> Iterator[Sequence[int]]:
    """What fits into one message: all of it, or halves of it, down to one activity however large it is."""
    if len(places) == 1 or (len(places) <= BUNDLE_ACTIVITIES and sum([len(bodies[n]) for n in places]) <= BUNDLE_BYTES):
        yield places
    else:
        half = len(places) // 2
        yield from _pieces(places[:half], bodies)
        yield from _pieces(places[half:], bodies)
