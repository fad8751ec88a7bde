"""The versions of the data, and which of them is in effect at an event's time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from ingest.enrich.compact import Header
from ingest.enrich.lookup import Lookup, Sources
from ingest.enrich.mmdb import Mmdb
from ingest.enrich.networks import Ranges, Systems
from ingest.enrich.origin import Answer, Origin
from ingest.enrich.places import CompactNetworks, CompactPlaces
from ingest.enrich.settings import EnrichSettings
from ingest.enrich.stated import Stated, borders, holding
from ingest.enrich.versions import Files, Version, Versions, in_place


class Dataset(msgspec.Struct, frozen=True):
    """One source of the data in effect, for people: `{"kind": "places", "name": "DB-IP City Lite", ...}`."""

    kind: str  # overrides, places, asn or networks, in the order in which they are asked
    name: str
    date: str  # of the data, YYYY-MM-DD; "" of overrides
    effective_from: int  # event time, ms; 0: everything before
    attribution: str = ""


class Enricher:
    """Origins by address and event time: the same for the same two, whenever and by whichever process it is asked.

    One exception: what happens more than `NOTICE` ahead of its arrival may be asked before a change is known that is
    in effect at its time.
    """

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._open: Callable[[str, Callable[[Path], Any]], Any] = lru_cache(maxsize=None)(
            lambda name, kind: kind(versions.path(name))
        )
        self._known: list[Version] = []
        self._line: tuple[list[int], list[Lookup]] = ([], [])

    def take_up(self, settings: EnrichSettings, *, at: int, stated: Stated | None = None) -> bool:
        """Takes up what the settings, the data and the facts say now, and what others took up; whether that was new.

        `stated` None leaves the facts as they were. SettingsInvalid names a file that cannot be used; then everything
        stays as it was.
        """
        found = self._versions.take_up(settings, at=at, stated=stated)
        fresh = len(found) > len(self._known)
        if fresh:
            self._take(found)
        return fresh

    def read(self) -> bool:
        """Reads the versions that there are and takes up none; False when there is none."""
        self._take(self._versions.read())
        return bool(self._known)

    def _take(self, versions: list[Version]) -> None:
        """Every span of event time in which nothing changes gets a lookup of its own; spans that were there keep it."""
        before = dict(zip(*self._line, strict=True)) if self._known == versions[: len(self._known)] else {}
        latest = self._known[-1].effective_from if self._known else 0
        starts, lookups = list[int](), list[Lookup]()
        for version, following in zip_longest(versions, versions[1:]):
            end = following.effective_from if following is not None else None
            first = version.effective_from
            for start in (first, *borders(version.stated, start=first, end=end)):
                known = before.get(start) if start <= latest else None
                starts.append(start)
                lookups.append(known or self._lookup(version, start))
        self._known, self._line = versions, (starts, lookups)

    def preview(self, settings: EnrichSettings) -> None:
        """What would be taken up, straight from where the files are; nothing is written."""
        version = Version(effective_from=0, files=in_place(settings), overrides=settings.overrides)
        self._take([version])

    def lookup(self, at: int) -> Lookup:
        """The version of the data in effect at event time `at`, ms; each is a lookup of its own."""
        starts, lookups = self._line
        return lookups[max(0, bisect_right(starts, at) - 1)]

    def answer(self, ip: str, at: int, tenant: str = "") -> Answer:
        """What was known of the address at event time `at` (ms), to the tenant where one is named, with reasons."""
        return self.lookup(at).answer(ip, tenant)

    def origin(self, ip: str, at: int, tenant: str = "") -> Origin:
        return self.answer(ip, at, tenant).origin

    def datasets(self, at: int) -> list[Dataset]:
        """The data in effect at event time `at`, ms."""
        known = [version for version in self._known if version.effective_from <= at]
        return self._described(known[-1]) if known else []

    def _described(self, version: Version) -> list[Dataset]:
        sources, since = self._sources(version.files), version.effective_from

        def own(kind: str, files: Sequence[Mmdb]) -> list[Dataset]:
            return [Dataset(kind, file.name, file.date, since) for file in files]

        def bundled(kind: str, header: Header) -> Dataset:
            return Dataset(kind, header.name, header.date, since, header.attribution)

        ranges = len(version.overrides)
        return [
            *([Dataset("overrides", f"{ranges} of your own ranges", "", since)] if ranges else []),
            *own("places", sources.city),
            bundled("places", sources.places.file.header),
            *own("asn", sources.asn),
            bundled("asn", sources.systems_of.file.header),
            *own("networks", sources.anonymous),
            Dataset("networks", "iporigin", sources.ranges.date, since),
            Dataset("networks", "satellites and gateways", sources.systems.date, since),
        ]

    def _lookup(self, version: Version, at: int) -> Lookup:
        return Lookup(self._sources(version.files), version.overrides, holding(version.stated, at))

    def _sources(self, files: Files) -> Sources:
        return Sources(
            places=self._open(files.places, CompactPlaces),
            systems_of=self._open(files.systems_of, CompactNetworks),
            ranges=self._open(files.ranges, Ranges),
            systems=self._open(files.systems, Systems),
            city=[self._open(name, Mmdb) for name in files.city],
            asn=[self._open(name, Mmdb) for name in files.asn],
            anonymous=[self._open(name, Mmdb) for name in files.anonymous],
        )
