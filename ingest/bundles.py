"""What ingest sends to the judges of an insert: its activities by partition and subject, cut into messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain.rows import Head, Rows
from domain.subject import bucket
from domain.wire import BUNDLE_ACTIVITIES, BUNDLE_BYTES, bundle, group, judged


@dataclass(slots=True)
class Mine:
    """What is judged of one subject: the bodies in order, and the bounds of a group."""

    subject: str
    first: int
    last: int
    received: int
    bodies: list[bytes]


def by_subject(rows: Rows, judges: Callable[[Head], Iterable[str]]) -> Iterable[Mine]:
    """Each subject that judges some of the activities, with those."""
    found: dict[str, Mine] = {}
    for head, at, received, body in zip(rows.heads, rows.occurred, rows.received, rows.bodies, strict=True):
        for subject in judges(head):
            mine = found.get(subject)
            if mine is None:
                found[subject] = Mine(subject, at, at, received, [body])
                continue
            mine.bodies.append(body)
            if at > mine.last:
                mine.last = at
            elif at < mine.first:
                mine.first = at
            if received < mine.received:
                mine.received = received
    return found.values()


def by_partition(subjects: Iterable[Mine], partitions: int) -> dict[int, list[Mine]]:
    """The subjects by the partition, of so many, that judges them; in order of it."""
    parts: dict[int, list[Mine]] = {}
    for mine in subjects:
        parts.setdefault(bucket(mine.subject) % partitions, []).append(mine)
    return dict(sorted(parts.items()))


def messages(subjects: Iterable[Mine]) -> Iterator[bytes]:
    """Messages as full as they come. A subject that has more stands in several, its activities in order."""
    groups, held, size = list[bytes](), 0, 0
    for mine in subjects:
        for some in _pieces(mine.bodies):
            made = group(mine.subject, mine.first, mine.last, mine.received, map(judged, some))
            if groups and (held + len(some) > BUNDLE_ACTIVITIES or size + len(made) > BUNDLE_BYTES):
                yield bundle(groups)
                groups, held, size = [], 0, 0
            groups.append(made)
            held, size = held + len(some), size + len(made)
    if groups:
        yield bundle(groups)


def _pieces(bodies: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """All of them when they fit into a message, or halves, down to one body however large it is."""
    if len(bodies) == 1 or (len(bodies) <= BUNDLE_ACTIVITIES and sum(map(len, bodies)) <= BUNDLE_BYTES):
        yield bodies
    else:
        half = len(bodies) // 2
        yield from _pieces(bodies[:half])
        yield from _pieces(bodies[half:])
