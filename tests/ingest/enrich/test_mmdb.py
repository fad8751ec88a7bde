"""The user's own files, in the schema of MaxMind and in the flat ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.enrich.compact import DataUnreadable
from ingest.enrich.mmdb import Mmdb, asn_of, network_of, place_of
from ingest.enrich.origin import Place
from ingest.enrich.parse import Number, number
from tests.ingest.enrich.mmdb_file import write

NESTED = {
    "city": {"names": {"de": "Lagos (Stadt)", "en": "Lagos"}},
    "country": {"iso_code": "NG", "names": {"en": "Nigeria"}},
    "subdivisions": [{"iso_code": "LA", "names": {"en": "Lagos State"}}, {"iso_code": "X"}],
    "location": {"latitude": 6.4541, "longitude": 3.3947, "accuracy_radius": 20},
}
FLAT = {"country_code": "NG", "state1": "Lagos State", "city": "Lagos", "latitude": 6.4541, "longitude": 3.3947}


def at(ip: str) -> Number:
    found = number(ip)
    assert found is not None
    return found


def test_both_schemas_are_read_out_of_files_of_both_versions(tmp_path: Path) -> None:
    six = Mmdb(write(tmp_path / "six.mmdb", {"102.89.0.0/16": NESTED, "2c0f::/16": FLAT}, kind="GeoLite2-City"))
    four = Mmdb(write(tmp_path / "four.mmdb", {"102.89.0.0/16": FLAT}, version=4))
    lagos = Place("NG", "Lagos State", "Lagos", 6.4541, 3.3947, 20.0)
    assert place_of(six.get(at("102.89.23.4"))) == lagos
    assert place_of(six.get(at("2c0f::1"))) == Place("NG", "Lagos State", "Lagos", 6.4541, 3.3947, 150.0)
    assert place_of(four.get(at("102.89.23.4"))) == Place("NG", "Lagos State", "Lagos", 6.4541, 3.3947, 150.0)
    assert (four.get(at("2c0f::1")), four.get(at("102.90.0.1"))) == ({}, {})
    assert (six.label, six.date) == ("GeoLite2-City of 2026-06-05", "2026-06-05")


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country": "gb", "region": "England", "city": "London", "lat": "51.5", "lng": "-0.1"},
         Place("GB", "England", "London", 51.5, -0.1, 150.0)),
        ({"country": {"iso_code": "US"}, "location": {"latitude": 37.8, "longitude": -97.8, "accuracy_radius": 1000}},
         Place("US")),
        ({"country_code": "US", "state1": "", "city": "", "latitude": 37.751, "longitude": -97.822}, Place("US")),
        ({"country_code": "US", "state1": "Ohio", "city": "", "latitude": 40.0, "longitude": -83.0},
         Place("US", "Ohio", "", 40.0, -83.0, 300.0)),
        ({"country_code": "US", "city": "Akron", "latitude": 95.0, "longitude": -83.0}, Place("US", "", "Akron")),
        ({"country_code": "US", "city": "Akron", "latitude": "nan", "longitude": "x"}, Place("US", "", "Akron")),
        ({"registered_country": {"iso_code": "US"}}, None),
        ({"country_code": "Nigeria"}, None),
        ({"city": ["x"], "country": 7, "subdivisions": "y", "location": 3}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_place_is_only_what_the_record_can_tell(record: dict[str, Any], place: Place | None) -> None:
    assert place_of(record) == place


def test_systems_and_anonymity_by_their_many_names() -> None:
    assert [asn_of(each) for each in (
        {"autonomous_system_number": 13335, "autonomous_system_organization": "x"},
        {"asn": "AS13335"}, {"as_number": "13335"}, {"asn": "AS-X"}, {"asn": 0}, {"asn": 1 << 40}, {},
    )] == [13335, 13335, 13335, None, None, None, None]  # fmt: skip
    assert network_of({"is_anonymous": True, "is_anonymous_vpn": True}) == ("vpn", "is_anonymous_vpn")
    assert network_of({"is_anonymous": True, "is_tor_exit_node": True}) == ("tor", "is_tor_exit_node")
    assert network_of({"is_anonymous": True, "is_hosting_provider": True}) == ("hosting", "is_hosting_provider")
    assert network_of({"is_anonymous": True}) == ("vpn", "is_anonymous")
    assert network_of({"relay": "true", "hosting": "false", "vpn": False}) == ("relay", "relay")
    assert network_of({"vpn": ""}) == ("", "")


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "city.mmdb"
    path.write_bytes(b"no such thing")
    with pytest.raises(DataUnreadable, match=r"city\.mmdb is no readable \.mmdb file"):
        Mmdb(path).get(at("102.89.23.4"))
