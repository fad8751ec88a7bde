"""The places of a compact file: value n is place n - 1 of its tables."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from ingest.enrich.compact import Compact
from ingest.enrich.origin import Place, usual_radius
from ingest.enrich.parse import Number

#: Coordinates are stored in quarters of a degree, which moves a place by at most 20 km.
PER_DEGREE = 4


class Names:
    """Many texts in one piece of bytes: sections NAME (UTF-8, end to end) and NAME.ends (u32)."""

    def __init__(self, file: Compact, name: str) -> None:
        self._text, self._ends = file.section(name), file.numbers(f"{name}.ends", "I")

    def __getitem__(self, index: int) -> str:
        begin = self._ends[index - 1] if index else 0
        return str(self._text[begin : self._ends[index]], "utf-8")


class Extent(msgspec.Struct, frozen=True, array_like=True):
    """A country: the middle of a circle that holds every place the data has of it."""

    code: str
    lat: float
    lon: float
    radius_km: float


class _Tables(msgspec.Struct, frozen=True):
    country: memoryview
    region: memoryview
    city: memoryview
    lat: memoryview
    lon: memoryview
    regions: Names
    cities: Names
    countries: list[Extent]


class CompactPlaces:
    """Places out of a compact file of kind "place"; each within 150 km, by the cell of a quarter of a degree."""

    def __init__(self, path: Path) -> None:
        self.file = Compact(path)
        header = self.file.header
        self.label = f"{header.name} of {header.date}"
        self._made = lru_cache(maxsize=1024)(self._make)  # one object for all addresses of a place

    def place(self, number: Number) -> Place | None:
        found = self.file.v4(number.value) if number.bits == 32 else self.file.v6(number.value)
        return self._made(found - 1) if found else None

    def _make(self, index: int) -> Place:
        tables = self._tables
        country = tables.countries[tables.country[index]]
        region, city = tables.regions[tables.region[index]], tables.cities[tables.city[index]]
        if not region and not city:
            return Place(country.code, lat=country.lat, lon=country.lon, radius_km=country.radius_km)
        return Place(
            country.code,
            region,
            city,
            tables.lat[index] / PER_DEGREE,
            tables.lon[index] / PER_DEGREE,
            usual_radius(city=city, region=region),
        )

    def extent(self, country: str) -> Extent | None:
        """The circle around a country, by its ISO code."""
        return self._extents.get(country)

    @cached_property
    def _extents(self) -> dict[str, Extent]:
        return {extent.code: extent for extent in self._tables.countries}

    @cached_property
    def _tables(self) -> _Tables:
        file = self.file
        return _Tables(
            country=file.numbers("place.country", "B"),
            region=file.numbers("place.region", "H"),
            city=file.numbers("place.city", "H"),
            lat=file.numbers("place.lat", "h"),
            lon=file.numbers("place.lon", "h"),
            regions=Names(file, "regions"),
            cities=Names(file, "cities"),
            countries=msgspec.json.decode(bytes(file.section("countries")), type=list[Extent]),
        )


class CompactNetworks:
    """Numbers of autonomous systems out of a compact file of kind "asn"."""

    def __init__(self, path: Path) -> None:
        self.file = Compact(path)
        header = self.file.header
        self.label = f"{header.name} of {header.date}"

    def asn(self, number: Number) -> int | None:
        return (self.file.v4(number.value) if number.bits == 32 else self.file.v6(number.value)) or None
