"""DB-IP City Lite, 6.3 million IPv4 and 8.4 million IPv6 prefixes, to one compact file.

A place is a country, its first subdivision and a cell of a quarter of a degree, with the name of the city that has most
addresses in it.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import maxminddb
import msgspec
import numpy as np

from ingest.enrich.places import PER_DEGREE, Extent
from scripts.geo_pack import FINE, Ints, Prefixes, Ranges, reduce, sections, texts, write

#: (country, region, latitude and longitude in quarters of a degree)
Cell = tuple[str, str, int, int]
_DISTRICT = re.compile(r"\s*\([^()]*\)$")
_EARTH_KM = 6371.0
#: Half the diagonal of a cell, at the equator.
_CELL_KM = 20.0


@dataclass(frozen=True)
class Rows:
    """Both families: for each prefix the number of its row in `records` (cell, city as the source spells it)."""

    prefixes: dict[int, Prefixes]
    records: list[tuple[Cell, str]]
    date: str


def cell(found: dict[str, Any]) -> Cell:
    lat, lon = round(found["latitude"] * PER_DEGREE), round(found["longitude"] * PER_DEGREE)
    return found["country_code"], found["state1"], lat, lon


def read(folder: Path) -> Rows:
    """Every prefix of both files, values counted from 0."""
    ids: dict[tuple[Cell, str], int] = {}
    prefixes, built = {}, 0
    for version in (4, 6):
        starts: list[int] = []
        lengths: list[int] = []
        values: list[int] = []
        with maxminddb.open_database(folder / f"dbip-city-ipv{version}.mmdb") as source:
            built = max(built, source.metadata().build_epoch)
            for net, found in source:
                starts.append(int(net.network_address) >> (net.max_prefixlen - FINE[version]))
                lengths.append(net.prefixlen)
                values.append(ids.setdefault((cell(found), found["city"]), len(ids)))
        prefixes[version] = Prefixes(
            version,
            np.array(starts, dtype=np.uint64),
            np.array(lengths, dtype=np.int64),
            np.array(values, dtype=np.int64),
        )
    return Rows(prefixes, list(ids), datetime.fromtimestamp(built, UTC).date().isoformat())


def by_cell(rows: Rows) -> tuple[list[Cell], Ints]:
    """All cells in order, and for each row of `records` the number of its cell, counted from 1."""
    cells = sorted({known for known, _ in rows.records})
    numbers = {known: index for index, known in enumerate(cells, 1)}
    return cells, np.array([numbers[known] for known, _ in rows.records], dtype=np.int64)


def build(rows: Rows, target: Path, source: str, integrity: str) -> dict[str, Any]:
    """Writes the file; its figures."""
    cells, numbers = by_cell(rows)
    ranges = {version: _of_cells(given, numbers) for version, given in rows.prefixes.items()}
    used = np.unique(np.concatenate([each.values for each in ranges.values()]))
    used = used[used > 0]
    renumbered = np.zeros(len(cells) + 1, dtype=np.int64)
    renumbered[used] = np.arange(1, len(used) + 1)
    ranges = {version: Ranges(version, each.starts, renumbered[each.values]) for version, each in ranges.items()}
    names = _city_names(rows, numbers)
    kept = [(cells[number - 1], names.get(int(number), "")) for number in used]
    about = {
        "name": "DB-IP City Lite",
        "kind": "place",
        "date": rows.date,
        "source": source,
        "integrity": integrity,
        "licence": "CC-BY-4.0",
        "attribution": "IP Geolocation by DB-IP (https://db-ip.com)",
        "value": "H",
    }
    parts = {name: part for each in ranges.values() for name, part in sections(each, "H").items()}
    size = write(target, about, {**parts, **_tables(kept)})
    return {
        "bytes": size,
        "places": len(kept),
        "ranges_v4": len(ranges[4].starts),
        "ranges_v6": len(ranges[6].starts),
        "date": rows.date,
    }


def _of_cells(given: Prefixes, numbers: Ints) -> Ranges:
    return reduce(Prefixes(given.version, given.starts, given.lengths, numbers[given.values]))


def _city_names(rows: Rows, numbers: Ints) -> dict[int, str]:
    """Cell number -> the city with most addresses there, IPv4 before IPv6; districts ("London (Soho)") count as it."""
    weights: dict[int, dict[str, tuple[float, float]]] = defaultdict(dict)
    sizes = {
        version: np.bincount(given.values, 2.0 ** -given.lengths.astype(np.float64), len(rows.records))
        for version, given in rows.prefixes.items()
    }
    for row, (_, city) in enumerate(rows.records):
        known = weights[int(numbers[row])]
        name = _DISTRICT.sub("", city)
        four, six = known.get(name, (0.0, 0.0))
        known[name] = (four + float(sizes[4][row]), six + float(sizes[6][row]))
    return {
        number: min(known, key=lambda name: (*(-x for x in known[name]), name)) for number, known in weights.items()
    }


def _tables(kept: list[tuple[Cell, str]]) -> dict[str, bytes]:
    extents = _extents(kept)
    countries = {extent.code: index for index, extent in enumerate(extents)}
    regions = {name: index for index, name in enumerate(sorted({place[1] for place, _ in kept}))}
    cities = {name: index for index, name in enumerate(sorted({name for _, name in kept}))}
    columns = {
        "place.country": ("u1", [countries[place[0]] for place, _ in kept]),
        "place.region": ("<u2", [regions[place[1]] for place, _ in kept]),
        "place.city": ("<u2", [cities[name] for _, name in kept]),
        "place.lat": ("<i2", [place[2] for place, _ in kept]),
        "place.lon": ("<i2", [place[3] for place, _ in kept]),
    }
    return {
        **{name: np.array(column, dtype=kind).tobytes() for name, (kind, column) in columns.items()},
        **texts("regions", list(regions)),
        **texts("cities", list(cities)),
        "countries": msgspec.json.encode(extents),
    }


def _extents(kept: list[tuple[Cell, str]]) -> list[Extent]:
    points: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for (country, _, lat, lon), _ in kept:
        points[country].add((lat, lon))
    return [_circle(country, sorted(points[country])) for country in sorted(points)]


def _circle(country: str, cells: list[tuple[int, int]]) -> Extent:
    """A small circle around all cells: step towards the farthest, each step shorter (Badoiu and Clarkson 2003)."""
    lat, lon = (np.radians(np.array(axis) / PER_DEGREE) for axis in zip(*cells, strict=True))
    points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    middle = points[0]
    for step in range(1, 1000):
        farthest = points[np.argmin(points @ middle)]
        middle = middle + (farthest - middle) / (step + 1)
        middle = middle / np.linalg.norm(middle)
    lat_of = round(math.degrees(math.asin(float(middle[2]))), 2)
    lon_of = round(math.degrees(math.atan2(float(middle[1]), float(middle[0]))), 2)
    radius = _EARTH_KM * math.acos(max(-1.0, min(1.0, float((points @ middle).min()))))
    return Extent(country, lat_of, lon_of, float(math.ceil((radius + _CELL_KM) / 10) * 10))
