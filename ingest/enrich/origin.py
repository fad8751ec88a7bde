"""What is known of an address, and of the data that said so."""

from __future__ import annotations

from typing import Final

import msgspec

#: How far the true place may lie from the one given, km: half of two sources' cities lie 15 km apart, three quarters
#: within 160 km (DB-IP Lite against GeoLite2, 40 000 addresses; see the README beside this file).
CITY_KM: Final = 150.0
REGION_KM: Final = 300.0
#: Of a country whose extent is not known.
COUNTRY_KM: Final = 1000.0


class Place(msgspec.Struct, frozen=True, gc=False):
    """A circle on the earth, and what is there.

    Without a city it is no point: the circle is that of the region, or of the whole country. `lat`, `lon` (degrees) and
    `radius_km` are known together or not at all.
    """

    country: str  # ISO 3166 alpha-2, never ""
    region: str = ""
    city: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None


class Origin(msgspec.Struct, frozen=True, gc=False):
    """What ingest stores of an address; unknown is "" or None, and `network` "unknown"."""

    country: str = ""
    region: str = ""
    city: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None
    asn: int | None = None
    network: str = "unknown"


class Answer(msgspec.Struct, frozen=True):
    """An origin with its reasons, each a few words: `DB-IP City Lite of 2026-06-05`. "" where nothing was known."""

    origin: Origin
    place_from: str = ""
    asn_from: str = ""
    network_from: str = ""


NOWHERE: Final = Answer(Origin())


def usual_radius(*, city: str, region: str) -> float:
    """The radius of a place whose source gives none."""
    if city:
        return CITY_KM
    return REGION_KM if region else COUNTRY_KM
