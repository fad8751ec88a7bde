"""Small data for the tests of enrichment: a compact file of four places, and a world that asks it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ingest.enrich.lookup import Lookup, Sources
from ingest.enrich.mmdb import Mmdb
from ingest.enrich.networks import Ranges, Systems, ranges_file
from ingest.enrich.places import CompactNetworks, CompactPlaces
from ingest.enrich.settings import Override
from ingest.enrich.versions import BUNDLED
from scripts import geo_pack, geo_places
from scripts.geo_pack import FINE, Prefixes

#: The rows of the small file; the addresses are in no list of networks.
CITIES = {
    "81.2.69.0/24": ("GB", "England", "London (Soho)", 51.51, -0.13),
    "81.2.70.0/23": ("GB", "England", "Leeds", 53.8, -1.55),
    "102.89.0.0/16": ("NG", "Lagos", "Lagos", 6.45, 3.39),
    "102.90.0.0/16": ("NG", "", "", 9.06, 7.49),
    "2a02:c7f::/32": ("GB", "England", "London", 51.5, -0.1),
}
SYSTEMS = {"81.2.0.0/16": 20712, "102.89.0.0/16": 29465, "2a02:c7f::/32": 20712, "14.1.64.0/19": 14593}


def prefixes(values: Mapping[str, int], version: int) -> Prefixes:
    """CIDR -> value, of one family."""
    nets = [net for net in map(ipaddress.ip_network, values) if net.version == version]
    return Prefixes(
        version,
        np.array([int(net.network_address) >> (net.max_prefixlen - FINE[version]) for net in nets], dtype=np.uint64),
        np.array([net.prefixlen for net in nets], dtype=np.int64),
        np.array([values[str(net)] for net in nets], dtype=np.int64),
    )


def places_file(path: Path, cities: Mapping[str, tuple[str, str, str, float, float]] = CITIES) -> Path:
    ids: dict[tuple[geo_places.Cell, str], int] = {}
    values = {}
    for cidr, (country, region, city, lat, lon) in cities.items():
        found = {"country_code": country, "state1": region, "latitude": lat, "longitude": lon}
        values[cidr] = ids.setdefault((geo_places.cell(found), city), len(ids))
    rows = geo_places.Rows({version: prefixes(values, version) for version in (4, 6)}, list(ids), "2026-06-05")
    geo_places.build(rows, path, "test 1", "sha512-")
    return path


def asn_file(path: Path, systems: Mapping[str, int] = SYSTEMS) -> Path:
    about = {
        "name": "Test ASN", "kind": "asn", "date": "2026-06-17", "source": "test 1", "integrity": "sha512-",
        "licence": "CC-BY-4.0", "attribution": "us", "value": "I",
    }  # fmt: skip
    parts = {
        name: part
        for version in (4, 6)
        for name, part in geo_pack.sections(geo_pack.reduce(prefixes(systems, version)), "I").items()
    }
    geo_pack.write(path, about, parts)
    return path


def lookup(
    folder: Path,
    *,
    overrides: Mapping[str, Override] | None = None,
    city: tuple[Path, ...] = (),
    asn: tuple[Path, ...] = (),
    anonymous: tuple[Path, ...] = (),
) -> Lookup:
    """Over the small files, the real ranges and the real list of systems."""
    sources = Sources(
        places=CompactPlaces(places_file(folder / "places.bin")),
        systems_of=CompactNetworks(asn_file(folder / "asn.bin")),
        ranges=Ranges(ranges_file()),
        systems=Systems(BUNDLED / "systems.json"),
        city=[Mmdb(path) for path in city],
        asn=[Mmdb(path) for path in asn],
        anonymous=[Mmdb(path) for path in anonymous],
    )
    return Lookup(sources, dict(overrides or {}))
