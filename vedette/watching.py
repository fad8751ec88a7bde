"""A watched folder: which of its files are complete, and which were brought in already."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import SettingsInvalid

#: What programs call a file while they write it.
_UNFINISHED: Final = (".part", ".tmp", ".partial", ".filepart", ".crdownload")


class Stamp(NamedTuple):
    """What a file looked like: it is written to while this changes."""

    inode: int
    size: int
    changed: int  # ns


class Folder:
    """The regular files of a folder, links and subfolders left out. `clock` gives seconds that never go back.

    A file is complete when it has looked the same for `settle` seconds. Hidden files and those named as unfinished
    (`.part`, `.tmp` …) are left alone until they are renamed.
    """

    def __init__(self, path: Path, *, settle: float, clock: Callable[[], float]) -> None:
        self._path, self._settle, self._clock = path, settle, clock
        self._seen: dict[Path, tuple[Stamp, float]] = {}
        self._done: dict[Path, Stamp] = {}

    def complete(self) -> list[Path]:
        """Files that are complete and not `done`, by name. SettingsInvalid when the folder cannot be read."""
        now, found = self._clock(), dict[Path, tuple[Stamp, float]]()
        for path, stamp in self._look():
            if self._done.get(path) == stamp:
                continue
            before = self._seen.get(path)
            found[path] = before if before is not None and before[0] == stamp else (stamp, now)
        self._seen = found
        return sorted(path for path, (_, since) in found.items() if now - since >= self._settle)

    def waits(self) -> bool:
        """Whether there are files that were not complete when we looked."""
        now = self._clock()
        return any(now - since < self._settle for _, since in self._seen.values())

    def done(self, path: Path) -> bool:
        """Leave the file alone until it changes; False when it has changed since it was found complete."""
        seen = self._seen.pop(path, None)
        if seen is None or stamp_of(path) != seen[0]:
            return False
        self._done[path] = seen[0]
        return True

    def _look(self) -> list[tuple[Path, Stamp]]:
        try:
            names = [each for each in self._path.iterdir() if not _hidden(each)]
        except OSError as error:
            raise SettingsInvalid(f"{self._path} cannot be read ({error.strerror}); name a folder") from error
        found = [(path, stamp_of(path)) for path in names]
        there = [(path, stamp) for path, stamp in found if stamp is not None]
        self._done = {path: stamp for path, stamp in self._done.items() if (path, stamp) in set(there)}
        return there


def stamp_of(path: Path) -> Stamp | None:
    """None of what is no regular file, or is gone."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower().endswith(_UNFINISHED)


def digest(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
