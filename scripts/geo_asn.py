"""The numbers of autonomous systems: two CSV files to one compact file."""

from __future__ import annotations

import csv
import ipaddress
from pathlib import Path
from typing import Any

import numpy as np

from scripts.geo_pack import FINE, Prefixes, reduce, sections, write

#: The data is of the day in the version of its package: 2.3.2026061719 is 2026-06-17.
_DAY = slice(-10, -2)
#: Numbers at and above this one are private or reserved (RFC 6996, RFC 7300).
PRIVATE = 4_200_000_000


def read(folder: Path, version: int) -> Prefixes:
    starts: list[int] = []
    lengths: list[int] = []
    values: list[int] = []
    beyond = 0
    with (folder / f"asn-ipv{version}.csv").open(encoding="utf-8", newline="") as file:
        for first, last, system, _ in csv.reader(file):
            begin, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
            begin = type(end)(max(int(begin), beyond))  # where rows overlap the earlier one counts
            beyond = max(beyond, int(end) + 1)
            if int(system) >= PRIVATE or int(begin) > int(end):
                continue
            for net in ipaddress.summarize_address_range(begin, end):
                starts.append(int(net.network_address) >> (net.max_prefixlen - FINE[version]))
                lengths.append(net.prefixlen)
                values.append(int(system))
    return Prefixes(
        version,
        np.array(starts, dtype=np.uint64),
        np.array(lengths, dtype=np.int64),
        np.array(values, dtype=np.int64),
    )


def build(folder: Path, target: Path, source: str, integrity: str) -> dict[str, Any]:
    """Writes the file; its figures."""
    ranges = [reduce(read(folder, version)) for version in (4, 6)]
    day = source[_DAY]
    about = {
        "name": "RouteViews and DB-IP ASN Lite",
        "kind": "asn",
        "date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        "source": source,
        "integrity": integrity,
        "licence": "CC-BY-4.0",
        "attribution": "IP to AS Number database by Route Views (routeviews.org); IP Geolocation by DB-IP (https://db-ip.com)",
        "value": "I",
    }
    size = write(target, about, {name: part for each in ranges for name, part in sections(each, "I").items()})
    return {"bytes": size, "ranges_v4": len(ranges[0].starts), "ranges_v6": len(ranges[1].starts)}
