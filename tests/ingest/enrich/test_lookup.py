"""From an address to its origin: bundled data, files of one's own, overrides, and nothing for what has no place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.enrich.lookup import Lookup
from ingest.enrich.origin import NOWHERE, Answer, Origin
from ingest.enrich.settings import Override
from tests.ingest.enrich.made import lookup
from tests.ingest.enrich.mmdb_file import write

LONDON = Origin("GB", "England", "London", 51.5, -0.25, 150.0, 20712)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Lookup:
    return lookup(tmp_path_factory.mktemp("geo"))


def test_an_address_has_a_place_a_system_and_the_data_that_said_so(asked: Lookup) -> None:
    assert asked.ask("81.2.69.142") == Answer(LONDON, "DB-IP City Lite of 2026-06-05", "Test ASN of 2026-06-17", "")
    assert asked.ask("2a02:c7f:1::5").origin == Origin("GB", "England", "London", 51.5, 0.0, 150.0, 20712)


def test_an_ipv4_address_inside_ipv6_is_where_the_ipv4_address_is(asked: Lookup) -> None:
    assert asked.ask("::ffff:81.2.69.142") == asked.ask("81.2.69.142")


def test_only_a_country_is_a_circle_around_all_of_it_and_no_point(asked: Lookup) -> None:
    origin = asked.ask("102.90.1.1").origin
    assert (origin.country, origin.region, origin.city) == ("NG", "", "")
    assert origin.radius_km is not None
    assert origin.radius_km > 200  # Lagos and Abuja are inside


@pytest.mark.parametrize("ip", ["203.0.113.9", "127.0.0.1", "fe80::1", "2001:db8::1"])
def test_addresses_that_are_nowhere(asked: Lookup, ip: str) -> None:
    assert asked.ask(ip) == NOWHERE


def test_a_private_address_is_in_the_companys_own_network(asked: Lookup) -> None:
    assert asked.ask("10.10.10.10") == Answer(Origin(network="corporate"), network_from="a private range")


@pytest.mark.parametrize(
    ("ip", "network", "why"),
    [
        ("185.220.101.1", "tor", "Tor (tor), iporigin of 2026-10-05"),
        ("8.8.8.8", "hosting", "Google (hosting), iporigin of 2026-10-05"),
        ("2a02:26f7::1", "relay", "Akamai (cdn), iporigin of 2026-10-05"),
        ("14.1.64.9", "satellite", "SpaceX Starlink (AS14593)"),
        ("81.2.69.142", "unknown", ""),
    ],
)
def test_the_kind_of_network_is_told_with_its_reason(asked: Lookup, ip: str, network: str, why: str) -> None:
    answer = asked.ask(ip)
    assert (answer.origin.network, answer.network_from) == (network, why)


def test_files_of_ones_own_are_asked_first_and_the_bundled_data_fills_what_they_do_not_have(tmp_path: Path) -> None:
    flat = {"country_code": "FR", "state1": "", "city": "Paris", "latitude": 48.85, "longitude": 2.35}
    mine = lookup(
        tmp_path,
        city=(
            write(tmp_path / "c.mmdb", {"81.2.69.0/25": flat, "102.89.0.0/17": {"country_code": "GB"}}, kind="City"),
        ),
        asn=(write(tmp_path / "a.mmdb", {"81.2.69.0/24": {"autonomous_system_number": 64496}}, kind="ASN"),),
        anonymous=(write(tmp_path / "n.mmdb", {"81.2.69.0/24": {"is_anonymous_vpn": True}}, kind="Anon"),),
    )
    assert mine.ask("81.2.69.1") == Answer(
        Origin("FR", "", "Paris", 48.85, 2.35, 150.0, 64496, "vpn"),
        "City of 2026-06-05",
        "ASN of 2026-06-05",
        "is_anonymous_vpn, Anon of 2026-06-05",
    )
    assert mine.ask("81.2.69.142").origin == Origin("GB", "England", "London", 51.5, -0.25, 150.0, 64496, "vpn")
    country = mine.ask("102.89.0.1").origin
    assert (country.country, country.city) == ("GB", "")
    assert country.radius_km == 1000.0  # at least; the circle of the bundled data is smaller here


def test_the_longest_override_counts_and_replaces_what_it_names(tmp_path: Path) -> None:
    mine = lookup(
        tmp_path,
        overrides={
            "81.2.0.0/16": Override(network="home"),
            "81.2.69.0/24": Override(
                label="Lagos office", country="NG", city="Lagos", lat=6.5, lon=3.4, network="corporate"
            ),
            "10.0.0.0/8": Override(label="head office", country="GB", network="corporate"),
            "2a02:c7f:1::/48": Override(country="GB", region="Wales"),
        },
    )
    office = "override 81.2.69.0/24 (Lagos office)"
    assert mine.ask("81.2.69.142") == Answer(
        Origin("NG", "", "Lagos", 6.5, 3.4, 150.0, 20712, "corporate"), office, "Test ASN of 2026-06-17", office
    )
    assert mine.ask("81.2.70.1").origin == Origin("GB", "England", "Leeds", 53.75, -1.5, 150.0, 20712, "home")
    assert mine.ask("2a02:c7f:1::1").origin == Origin("GB", "Wales", asn=20712)
    inside = mine.ask("10.1.1.1")
    assert (inside.origin.country, inside.origin.network, inside.place_from) == (
        "GB", "corporate", "override 10.0.0.0/8 (head office)",
    )  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ip=st.text() | st.ip_addresses().map(str) | st.from_regex(r"[0-9a-f:.%]{0,40}", fullmatch=True))
def test_no_text_raises_and_each_answer_is_whole(asked: Lookup, ip: str) -> None:
    origin = asked.ask(ip).origin
    known = (origin.lat is not None, origin.lon is not None, origin.radius_km is not None)
    assert known in ((True, True, True), (False, False, False))
    assert origin.country or known == (False, False, False)
