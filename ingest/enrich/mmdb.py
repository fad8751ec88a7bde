"""The user's own .mmdb files: MaxMind's nested fields, and the flat ones of ip-location-db and IPinfo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ingest.enrich.compact import DataUnreadable
from ingest.enrich.origin import Place, usual_radius
from ingest.enrich.parse import Number

#: Kind of network -> the fields that say so, strongest first (MaxMind Anonymous IP; IPinfo privacy).
_SIGNS: Final = (
    ("tor", ("is_tor_exit_node", "tor")),
    ("vpn", ("is_anonymous_vpn", "vpn")),
    ("relay", ("relay",)),
    ("vpn", ("is_public_proxy", "is_residential_proxy", "proxy")),
    ("hosting", ("is_hosting_provider", "hosting")),
    ("vpn", ("is_anonymous",)),
)


class Mmdb:
    """One file, opened (memory-mapped) when first asked. Raises DataUnreadable."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _reader(self) -> Any:
        import maxminddb

        try:
            return maxminddb.open_database(self.path)
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise DataUnreadable(f"{self.path} is no readable .mmdb file ({error}); name another one") from error

    @cached_property
    def _about(self) -> Any:
        return self._reader.metadata()

    @property
    def date(self) -> str:
        return datetime.fromtimestamp(self._about.build_epoch, UTC).date().isoformat()

    @property
    def name(self) -> str:
        return str(self._about.database_type)

    @property
    def label(self) -> str:
        return f"{self.name} of {self.date}"

    def get(self, at: Number) -> Mapping[str, Any]:
        """The record of an address; empty when there is none, or the file has no addresses of its family."""
        if at.bits == 128 and self._about.ip_version == 4:
            return {}
        found = self._reader.get(at.text)
        return found if isinstance(found, dict) else {}


def place_of(found: Mapping[str, Any]) -> Place | None:
    """The place in a record of a city or country file; None without a country.

    Coordinates beside neither city nor region are the middle of the country, which is no place: they are left out.
    """
    country = _text(found, "country", "iso_code") or _text(found, "country_code") or _text(found, "country")
    if len(country) != 2 or not country.isalpha():
        return None
    divisions = found.get("subdivisions")
    division = divisions[0] if isinstance(divisions, list) and divisions and isinstance(divisions[0], dict) else {}
    region = _name(division) or next(filter(None, (_text(found, key) for key in ("state1", "region", "state"))), "")
    inner = found.get("city")
    city = _name(inner) if isinstance(inner, dict) else _text(found, "city")
    where = found.get("location")
    where = where if isinstance(where, dict) else found
    lat, lon = _number(where, 90, "latitude", "lat"), _number(where, 180, "longitude", "lon", "lng")
    if lat is None or lon is None or not (city or region):
        return Place(country.upper(), region, city)
    radius = _number(where, 20_038, "accuracy_radius", "radius")
    return Place(country.upper(), region, city, lat, lon, radius or usual_radius(city=city, region=region))


def asn_of(found: Mapping[str, Any]) -> int | None:
    """The number of the autonomous system in a record, however it is called: 13335, "13335" or "AS13335"."""
    for key in ("autonomous_system_number", "asn", "as_number"):
        value = str(found.get(key) or "").upper().removeprefix("AS")
        if value.isascii() and value.isdigit() and 0 < int(value) < 1 << 32:
            return int(value)
    return None


def network_of(found: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of network in a record of an anonymity file, and the field that says so; ("", "") when none does."""
    for kind, fields in _SIGNS:
        for field in fields:
            if found.get(field) in (True, 1, "true", "True", "1"):
                return kind, field
    return "", ""


def _name(found: Any) -> str:
    """The English name in a nested record, else any, else its ISO code."""
    names = found.get("names") if isinstance(found, dict) else None
    if isinstance(names, dict) and names:
        return str(names.get("en") or names[min(names)])
    return str(found.get("iso_code") or "") if isinstance(found, dict) else ""


def _text(found: Mapping[str, Any], *path: str) -> str:
    value: Any = found
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _number(found: Mapping[str, Any], most: float, *keys: str) -> float | None:
    """The first of the fields that holds a number from -most to most; some files write numbers as text."""
    for key in keys:
        try:
            value = float(found[key])
        except (KeyError, TypeError, ValueError):
            continue
        if -most <= value <= most:
            return value
    return None
