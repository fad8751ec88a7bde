"""The versions of the data, and which of them is in effect at an event's time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
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
        self._known: list[tuple[Version, Lookup]] = []

    def take_up(self, settings: EnrichSettings, *, at: int) -> bool:
        """Takes up what the settings and the data say now, and what other processes took up; whether that was new.

        SettingsInvalid names a file that cannot be used; then everything stays as it was.
        """
        found = self._versions.take_up(settings, at=at)
        fresh = found[len(self._known) :]
        self._known = self._known + [(version, self._lookup(version)) for version in fresh]
        return bool(fresh)

    def read(self) -> bool:
        """Reads the versions that there are and takes up none; False when there is none."""
        self._known = [(version, self._lookup(version)) for version in self._versions.read()]
        return bool(self._known)

    def preview(self, settings: EnrichSettings) -> None:
        """What would be taken up, straight from where the files are; nothing is written."""
        version = Version(effective_from=0, files=in_place(settings), overrides=settings.overrides)
        self._known = [(version, self._lookup(version))]

    def lookup(self, at: int) -> Lookup:
        """The version of the data in effect at event time `at`, ms; each is a lookup of its own."""
        for version, lookup in reversed(self._known):
            if version.effective_from <= at:
                return lookup
        return self._known[0][1]

    def answer(self, ip: str, at: int) -> Answer:
        """What was known of the address at event time `at` (ms), with reasons."""
        return self.lookup(at).ask(ip)

    def origin(self, ip: str, at: int) -> Origin:
        return self.answer(ip, at).origin

    def datasets(self, at: int) -> list[Dataset]:
        """The data in effect at event time `at`, ms."""
        known = [version for version, _ in self._known if version.effective_from <= at]
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

    def _lookup(self, version: Version) -> Lookup:
        return Lookup(self._sources(version.files), version.overrides)

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
