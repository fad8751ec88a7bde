"""Asks the reader of the product what the source says, everywhere the source changes and at addresses by chance."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path
from typing import Any

import maxminddb
import numpy as np

from ingest.enrich.compact import Compact
from ingest.enrich.parse import Number
from ingest.enrich.places import PER_DEGREE, CompactPlaces
from scripts import geo_asn, geo_places
from scripts.geo_pack import FINE, FLOOR, Prefixes, reduce

#: Addresses drawn by chance per family.
DRAWN = 200_000


def agreement(rows: geo_places.Rows, cities: Path, systems: Path, data: Path) -> dict[str, Any]:
    """Counts of what was compared; ends with an AssertionError at the first address that differs."""
    cells, numbers = geo_places.by_cell(rows)
    places = CompactPlaces(data / "dbip-lite.bin")
    asns = Compact(data / "asn.bin")
    counts: dict[str, Any] = {}
    for version, given in rows.prefixes.items():
        ranges = reduce(Prefixes(version, given.starts, given.lengths, numbers[given.values]))
        for unit, value in zip(ranges.starts.tolist(), ranges.values.tolist(), strict=True):
            _same(places, _first(version, unit), cells[value - 1] if value else None)
        counts[f"places_v{version}"] = len(ranges.starts)
        counts[f"places_v{version}_drawn"] = _drawn(places, cities / f"dbip-city-ipv{version}.mmdb", version)
        systems_of = reduce(geo_asn.read(systems, version))
        ask = asns.v4 if version == 4 else asns.v6
        for unit, value in zip(systems_of.starts.tolist(), systems_of.values.tolist(), strict=True):
            assert ask(_first(version, unit).value) == value, (version, unit)
        counts[f"asn_v{version}"] = len(systems_of.starts)
    return counts


def _first(version: int, unit: int) -> Number:
    bits = 32 if version == 4 else 128
    return Number(unit << (bits - FLOOR[version]), bits, "")


def _same(places: CompactPlaces, at: Number, cell: geo_places.Cell | None) -> None:
    found = places.place(at)
    if cell is None:
        assert found is None, at
        return
    assert found is not None, at
    assert (found.country, found.region) == cell[:2], at
    if found.region or found.city:
        assert (found.lat, found.lon) == (cell[2] / PER_DEGREE, cell[3] / PER_DEGREE), at


def _drawn(places: CompactPlaces, path: Path, version: int) -> dict[str, int]:
    """Addresses inside prefixes that are no longer than the floor, where the file must say what the source says."""
    draw, compared, skipped = random.Random(7), 0, 0  # noqa: S311 (a sample, not a secret)
    with maxminddb.open_database(path) as source:
        nets = np.array(
            [int(net.network_address) >> (net.max_prefixlen - FINE[version]) for net, _ in source], np.uint64
        )
        for _ in range(DRAWN):
            start = int(nets[draw.randrange(len(nets))])
            bits = 32 if version == 4 else 128
            value = (start << (bits - FINE[version])) | draw.getrandbits(bits - FLOOR[version])
            made = ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)
            found, length = source.get_with_prefix_len(made)
            if length > FLOOR[version]:
                skipped += 1
                continue
            _same(places, Number(value, bits, str(made)), geo_places.cell(found) if found else None)  # type: ignore[arg-type]  # its records are objects
            compared += 1
    return {"compared": compared, "below_the_floor": skipped}
