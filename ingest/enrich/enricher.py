"""Asks the version of the data that is in effect at an event's time, and puts its answer into the event's row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.enrich.compact import Header
from ingest.enrich.lookup import Lookup, Sources
from ingest.enrich.mmdb import Mmdb
from ingest.enrich.networks import Ranges, Systems
from ingest.enrich.origin import CITY_KM, Answer, Origin
from ingest.enrich.places import CompactNetworks, CompactPlaces
from ingest.enrich.settings import EnrichSettings
from ingest.enrich.versions import Files, Version, Versions, in_place
from ingest.sources.base import BLANK, at

#: From asn to radius_km the fields stand side by side.
_ORIGIN: Final = slice(at("asn"), at("radius_km") + 1)
_UNKNOWN: Final = list(BLANK[_ORIGIN])


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

    def answer(self, ip: str, at: int) -> Answer:
        """What was known of the address at event time `at` (ms), with reasons."""
        known = self._known
        for version, lookup in reversed(known):
            if version.effective_from <= at:
                return lookup.ask(ip)
        return known[0][1].ask(ip)

    def origin(self, ip: str, at: int) -> Origin:
        return self.answer(ip, at).origin

    def fill(self, row: list[Any], ip: str, at: int) -> None:
        """Puts what is known into a row of an activity. What the event says itself counts and is never mixed.

        A place is one thing: the event's own coordinates, or a country, region or city other than ours, keep all of
        ours out; where its names agree with ours, ours complete them.
        """
        ours = self.answer(ip, at).origin
        if row[_ORIGIN] == _UNKNOWN:
            row[_ORIGIN] = (
                ours.asn, ours.network, ours.country, ours.region, ours.city, ours.lat, ours.lon, ours.radius_km,
            )  # fmt: skip
            return
        asn, network, country, region, city, lat, lon, radius = row[_ORIGIN]
        if asn is None:
            asn = ours.asn
        if network == "unknown":
            network = ours.network
        if lat is not None or lon is not None:
            radius = CITY_KM if radius is None else radius
        elif _agree(country, ours.country) and _agree(region, ours.region) and _agree(city, ours.city):
            country, region, city = country or ours.country, region or ours.region, city or ours.city
            lat, lon, radius = ours.lat, ours.lon, ours.radius_km
        row[_ORIGIN] = (asn, network, country, region, city, lat, lon, radius)

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


def _agree(said: str, ours: str) -> bool:
    return not said or said.casefold() == ours.casefold()
