"""Settings of enrichment: files of one's own, and what one knows of one's own addresses."""

from __future__ import annotations

import ipaddress

import msgspec

from domain.actions import NETWORKS
from domain.errors import SettingsInvalid


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What holds for a range of addresses, over all data: a place, a kind of network, or both.

    Naming any part of the place replaces the whole of it.
    """

    label: str = ""  # shown by `vedette geo lookup`: "London office"
    country: str = ""  # ISO 3166 alpha-2
    region: str = ""
    city: str = ""
    lat: float | None = None  # degrees
    lon: float | None = None
    radius_km: float | None = None  # default: 150 with a city, 300 with a region, else the country's
    network: str = ""  # corporate, vpn, home, ...

    @property
    def placed(self) -> bool:
        return bool(self.country or self.region or self.city or self.lat is not None)


class EnrichSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths of .mmdb files (one, or several that are asked in turn), read before the bundled data; and overrides.

    A file that changes is taken up while ingest runs; what was stored before keeps what the old one said.
    """

    city_mmdb: str | tuple[str, ...] = ()
    asn_mmdb: str | tuple[str, ...] = ()
    anonymous_mmdb: str | tuple[str, ...] = ()
    overrides: dict[str, Override] = {}  # by CIDR: "203.0.113.0/24"; the longest prefix counts

    def __post_init__(self) -> None:
        for cidr, override in self.overrides.items():
            where = f"ingest: enrich: overrides: {cidr!r}"
            try:
                ipaddress.ip_network(cidr)
            except ValueError as error:
                raise SettingsInvalid(f"{where} is no range ({error}); use one such as '203.0.113.0/24'") from error
            _check(override, where)


def paths(setting: str | tuple[str, ...]) -> tuple[str, ...]:
    """The files that a setting names."""
    if isinstance(setting, str):
        return (setting,) if setting else ()
    return setting


def _check(override: Override, where: str) -> None:
    if not override.placed and not override.network:
        raise SettingsInvalid(f"{where} says nothing; give it a country, a city or a network")
    if override.network and override.network not in NETWORKS:
        raise SettingsInvalid(f"{where}: network {override.network!r} is not one of {', '.join(NETWORKS)}")
    if override.country and not (
        len(override.country) == 2 and override.country.isalpha() and override.country.isupper()
    ):
        raise SettingsInvalid(f"{where}: country {override.country!r} is no ISO code; use two capitals, such as 'GB'")
    if override.placed and not override.country:
        raise SettingsInvalid(f"{where} names a place without its country; add it, such as country = 'GB'")
    if (override.lat is None) != (override.lon is None):
        raise SettingsInvalid(f"{where}: lat and lon belong together; give both or neither")
    if override.lat is not None and not (-90 <= override.lat <= 90 and -180 <= (override.lon or 0.0) <= 180):
        raise SettingsInvalid(f"{where}: lat {override.lat}, lon {override.lon} is no point; use degrees")
    if override.radius_km is not None and not 0 < override.radius_km <= 20_038:
        raise SettingsInvalid(f"{where}: radius_km is {override.radius_km}; use more than 0 and at most 20038")
