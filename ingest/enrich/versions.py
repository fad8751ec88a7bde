"""Which data is in effect when. A version, once taken up, never changes, and its files are kept.

DIR/versions/NNNNNN.json says from when (event time) which files and overrides hold; DIR/<sha256>.<kind> are the files,
the bundled ones too, since the next release of Vedette bundles others. The first version covers all earlier time.
Several processes may take up at once: whoever writes a number first has it, the others read it.

Where ingest runs on several machines, they share DIR, as they share the tenant keys.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from domain.clock import SECOND
from domain.errors import SettingsInvalid, VedetteError
from ingest.enrich.compact import DataUnreadable
from ingest.enrich.mmdb import Mmdb
from ingest.enrich.networks import ranges_file
from ingest.enrich.settings import EnrichSettings, Override, paths
from ingest.enrich.stated import Fact, Stated

BUNDLED: Final = Path(__file__).parent / "data"
#: A change holds from this long after it is taken up, so that every process knows of it when its time comes (ms).
NOTICE: Final = 60 * SECOND


class Files(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Names of files in DIR."""

    places: str
    systems_of: str
    ranges: str
    systems: str
    city: tuple[str, ...] = ()
    asn: tuple[str, ...] = ()
    anonymous: tuple[str, ...] = ()


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """`effective_from` is in event time, ms; 0 is the first and covers everything before. `stated` is by tenant."""

    effective_from: int
    files: Files
    overrides: dict[str, Override] = {}
    stated: dict[str, tuple[Fact, ...]] = {}


def in_place(settings: EnrichSettings) -> Files:
    """The files that `settings` and the bundled data mean, by their own absolute paths instead of names in DIR."""

    def own(setting: str | tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Path(text).expanduser().absolute()) for text in paths(setting))

    return Files(
        places=str(BUNDLED / "dbip-lite.bin"),
        systems_of=str(BUNDLED / "asn.bin"),
        ranges=str(ranges_file()),
        systems=str(BUNDLED / "systems.json"),
        city=own(settings.city_mmdb),
        asn=own(settings.asn_mmdb),
        anonymous=own(settings.anonymous_mmdb),
    )


class Versions:
    """The versions in `directory`, which is made when one is taken up."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._digests: dict[tuple[Path, int, int], str] = {}
        self._taken: tuple[Files, dict[str, Override], Stated] | None = None

    def read(self) -> list[Version]:
        """All versions, the oldest first; none before ingest has ever run here."""
        found = []
        for path in sorted((self.directory / "versions").glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Version))
            except (OSError, msgspec.DecodeError) as error:
                raise VedetteError(f"{path} cannot be read ({error}); restore it from a backup of the data") from error
        return found

    def take_up(self, settings: EnrichSettings, *, at: int, stated: Stated | None = None) -> list[Version]:
        """The versions, with what `settings`, the bundled data and the tenants' facts say now as the last one.

        `at` is the time, ms; `stated` None leaves the facts as they were: nobody was asked.

        What this process has once taken up it does not take up again: else two with other settings would for ever.
        SettingsInvalid names a file that cannot be used.
        """
        try:
            return self._take_up(settings, at, stated)
        except OSError as error:
            raise VedetteError(
                f"{self.directory} cannot be used ({error.strerror}); make it writable and give it room"
            ) from error

    def _take_up(self, settings: EnrichSettings, at: int, stated: Stated | None) -> list[Version]:
        files = self._kept(settings)
        while True:
            known = self.read()
            facts = dict(stated) if stated is not None else known[-1].stated if known else {}
            wanted = (files, settings.overrides, facts)
            if known and (wanted == self._taken or wanted == (known[-1].files, known[-1].overrides, known[-1].stated)):
                self._taken = wanted
                return known
            starts = max(at + NOTICE, known[-1].effective_from + 1) if known else 0
            made = Version(
                effective_from=starts,
                files=files,
                overrides=settings.overrides,
                stated={tenant: tuple(each) for tenant, each in facts.items()},
            )
            self._write(len(known) + 1, made)

    def path(self, name: str) -> Path:
        """Where a file of a version is."""
        return self.directory / name

    def _write(self, number: int, version: Version) -> None:
        """Adds a version unless another process was first."""
        folder = self.directory / "versions"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".{number}.{os.getpid()}.{secrets.token_hex(4)}"
        with draft.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(version)))
            file.flush()
            os.fsync(file.fileno())
        try:
            with suppress(FileExistsError):
                os.link(draft, folder / f"{number:06}.json")
        finally:
            draft.unlink()

    def _kept(self, settings: EnrichSettings) -> Files:
        return Files(
            places=self._keep(BUNDLED / "dbip-lite.bin", "bin"),
            systems_of=self._keep(BUNDLED / "asn.bin", "bin"),
            ranges=self._keep(ranges_file(), "ranges"),
            systems=self._keep(BUNDLED / "systems.json", "json"),
            city=self._own("city_mmdb", settings.city_mmdb),
            asn=self._own("asn_mmdb", settings.asn_mmdb),
            anonymous=self._own("anonymous_mmdb", settings.anonymous_mmdb),
        )

    def _own(self, name: str, setting: str | tuple[str, ...]) -> tuple[str, ...]:
        kept = []
        for text in paths(setting):
            path = Path(text).expanduser()
            try:
                kept.append(self._keep(path, "mmdb", check=lambda copy: Mmdb(copy).label))
            except (OSError, DataUnreadable) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no .mmdb file, or only part of one"
                raise SettingsInvalid(
                    f"ingest: enrich: {name}: {path} cannot be used ({reason}); name a readable .mmdb file"
                ) from error
        return tuple(kept)

    def _keep(self, path: Path, kind: str, *, check: Callable[[Path], object] | None = None) -> str:
        """The name of a file that is kept under its digest, whole or not at all. Reads only what has changed."""
        status = path.stat()
        stamp = (path, status.st_mtime_ns, status.st_size)
        if (known := self._digests.get(stamp)) is not None:
            return known
        name = f"{_digest(path)}.{kind}"
        if not (self.directory / name).exists():
            name = self._copy(path, kind, check)
        self._digests[stamp] = name
        return name

    def _copy(self, path: Path, kind: str, check: Callable[[Path], object] | None) -> str:
        """Named by the digest of the copy: the file may have been replaced meanwhile."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.directory / f".{os.getpid()}.{secrets.token_hex(4)}"
        try:
            shutil.copyfile(path, draft)
            name = f"{_digest(draft)}.{kind}"
            if check is not None:
                check(draft)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(self.directory / name)
        finally:
            draft.unlink(missing_ok=True)
        return name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
