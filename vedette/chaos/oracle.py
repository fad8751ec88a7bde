"""What must be true, out of what was sent alone: normalised here, folded here, without Kafka and without store."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from domain.activity import Activity
from domain.alert import canonical
from domain.errors import VedetteError
from domain.judgement import DetectorFailure
from engine.fold import Folder
from engine.memory import Memory
from ingest.dead_letters import DeadLetter
from ingest.normalise import Normaliser
from ingest.record import Record, Skip
from vedette.chaos.load import Sent

#: Files that subjects are spread over, so that one of them at a time is in memory.
_SPREAD = 32
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Activity).decode


class Oracle:
    """`hear` every record that was sent, then ask for the `alerts`. `scratch` is a directory of its own."""

    def __init__(self, normaliser: Normaliser, folder: Folder, scratch: Path) -> None:
        self._normaliser, self._folder, self._scratch = normaliser, folder, scratch
        self.ids: set[bytes] = set()  # of activities, each once however often it was sent
        self.failures: list[DetectorFailure] = []

    def hear(self, records: Iterable[Sent]) -> None:
        """VedetteError when a record is none: the load is at fault, not the system."""
        self._scratch.mkdir(mode=0o700)
        with ExitStack() as stack:
            files = [stack.enter_context(open(self._file(n), "wb")) for n in range(_SPREAD)]
            for number, sent in enumerate(records):
                if not sent.again:
                    self._take(sent, number, files)

    def _take(self, sent: Sent, number: int, files: Sequence[BinaryIO]) -> None:
        record = Record(sent.topic, 0, number, 1, sent.at, tuple(sent.headers), sent.raw)
        outcome = self._normaliser.normalise(record)
        if isinstance(outcome, DeadLetter | Skip):
            raise VedetteError(f"chaos sent what is no event: {sent.raw!r}; this is a fault of the load")
        for activity in outcome:
            self.ids.add(UUID(activity.activity_id).bytes)
            for name in {_place(subject) for subject in self._folder.subjects(activity)}:
                body = _encode(activity)
                files[name].write(len(body).to_bytes(4) + body)

    def _file(self, number: int) -> Path:
        return self._scratch / f"{number}.activities"

    def alerts(self, stored: Collection[bytes] | None = None) -> dict[str, bytes]:
        """Canonical bytes by id, of all that was sent; with `stored`, of those activities only."""
        found: dict[str, bytes] = {}
        for number in range(_SPREAD):
            subjects: dict[str, list[Activity]] = {}
            for activity in self._read(number, None if stored is None else stored.__contains__):
                for subject in self._folder.subjects(activity):
                    if _place(subject) == number:
                        subjects.setdefault(subject, []).append(activity)
            for subject, activities in subjects.items():
                activities.sort(key=lambda activity: activity.key)
                for content in self._folder.apply(Memory(), subject, activities, self.failures):
                    found[content.alert_id] = canonical(content)
        return found

    def _read(self, number: int, wanted: Callable[[bytes], bool] | None) -> Iterable[Activity]:
        content, at = self._file(number).read_bytes(), 0
        while at < len(content):
            size = int.from_bytes(content[at : at + 4])
            activity = _decode(content[at + 4 : at + 4 + size])
            at += 4 + size
            if wanted is None or wanted(UUID(activity.activity_id).bytes):
                yield activity


def _place(subject: str) -> int:
    return zlib.crc32(subject.encode()) % _SPREAD
