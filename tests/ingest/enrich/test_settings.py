"""Settings of enrichment: what is wrong is said in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.errors import SettingsInvalid
from ingest.enrich.settings import EnrichSettings, Override, paths
from vedette.settings import load

FILE = """
[ingest.enrich]
city_mmdb = "~/GeoLite2-City.mmdb"
asn_mmdb = ["/data/asn-4.mmdb", "/data/asn-6.mmdb"]

[ingest.enrich.overrides."203.0.113.0/24"]
label = "London office"
country = "GB"
city = "London"
lat = 51.5
lon = -0.1
network = "corporate"
"""


def test_a_file_and_the_environment_fill_them(tmp_path: Path) -> None:
    file = tmp_path / "vedette.toml"
    file.write_text(FILE)
    found = load(file, {"VEDETTE_INGEST__ENRICH__ANONYMOUS_MMDB": "/data/anonymous.mmdb"}).ingest.enrich
    office = Override(label="London office", country="GB", city="London", lat=51.5, lon=-0.1, network="corporate")
    assert found == EnrichSettings(
        city_mmdb="~/GeoLite2-City.mmdb",
        asn_mmdb=("/data/asn-4.mmdb", "/data/asn-6.mmdb"),
        anonymous_mmdb="/data/anonymous.mmdb",
        overrides={"203.0.113.0/24": office},
    )
    assert [paths(each) for each in (found.city_mmdb, found.asn_mmdb, "")] == [
        ("~/GeoLite2-City.mmdb",), ("/data/asn-4.mmdb", "/data/asn-6.mmdb"), (),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cidr", "override", "sentence"),
    [
        ("203.0.113.9/24", {"network": "vpn"}, "is no range"),
        ("office", {"network": "vpn"}, "is no range"),
        ("203.0.113.0/24", {}, "says nothing; give it a country, a city or a network"),
        ("203.0.113.0/24", {"label": "x"}, "says nothing"),
        ("203.0.113.0/24", {"network": "office"}, "network 'office' is not one of home, mobile, corporate"),
        ("203.0.113.0/24", {"country": "UK."}, "country 'UK.' is no ISO code; use two capitals, such as 'GB'"),
        ("203.0.113.0/24", {"city": "London"}, "names a place without its country; add it, such as country = 'GB'"),
        ("203.0.113.0/24", {"country": "GB", "lat": 51.5}, "lat and lon belong together; give both or neither"),
        ("203.0.113.0/24", {"country": "GB", "lat": 91.0, "lon": 0.0}, "is no point; use degrees"),
        ("203.0.113.0/24", {"country": "GB", "radius_km": 0.0}, "radius_km is 0.0; use more than 0"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(cidr: str, override: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        EnrichSettings(overrides={cidr: Override(**override)})
    assert str(refused.value).startswith(f"ingest: enrich: overrides: {cidr!r}")
    assert sentence in str(refused.value)
