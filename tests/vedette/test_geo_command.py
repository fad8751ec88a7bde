"""`vedette geo lookup`: where an address is, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.enrich.enricher import Enricher
from ingest.enrich.settings import EnrichSettings
from ingest.enrich.versions import NOTICE, Versions
from tests.ingest.enrich.mmdb_file import write
from vedette.cli import main

NOW = 1_795_510_800_000  # 2026-11-24T09:00:00Z


def lookup(capsys: pytest.CaptureFixture[str], tmp_path: Path, *words: str) -> tuple[int, str, str]:
    code = main(["geo", "lookup", *words, "--data", str(tmp_path / "data")])
    out, err = capsys.readouterr()
    return code, out, err


def test_people_read_the_place_the_system_the_network_and_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = lookup(capsys, tmp_path, "8.8.8.8:443", "--at", "2026-11-24T09:00:00Z")
    assert (code, out.splitlines()) == (0, [
        "8.8.8.8 at 2026-11-24T09:00:00.000Z",
        "  place    Mountain View, California, US: within 150 km of 37.5, -122  DB-IP City Lite of 2026-06-05",
        "  asn      AS15169                                                     "
        "RouteViews and DB-IP ASN Lite of 2026-06-17",
        "  network  hosting                                                     "
        "Google (hosting), iporigin of 2026-10-05",
        "data in effect:",
        "  places    DB-IP City Lite of 2026-06-05 (IP Geolocation by DB-IP (https://db-ip.com))",
        "  asn       RouteViews and DB-IP ASN Lite of 2026-06-17 (IP to AS Number database by Route Views "
        "(routeviews.org); IP Geolocation by DB-IP (https://db-ip.com))",
        "  networks  iporigin of 2026-10-05",
        "  networks  satellites and gateways of 2026-06-17",
    ])  # fmt: skip


def test_a_program_reads_the_origin_as_it_is_stored_at_a_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def taken(city: str, at: int) -> None:
        write(
            path,
            {"81.2.69.0/24": {"country_code": "GB", "city": city, "latitude": 51.0, "longitude": 0.5}},
            kind="Mine",
        )
        Enricher(Versions(tmp_path / "data" / "geo")).take_up(EnrichSettings(city_mmdb=str(path)), at=at)

    path = tmp_path / "city.mmdb"
    taken("Deal", NOW)
    taken("Hythe", NOW)
    code, out, _ = lookup(capsys, tmp_path, "::ffff:81.2.69.142", "--at", "2026-11-24T09:00:00Z", "--json")
    found = json.loads(out)
    assert (code, found["ip"], found["origin"]) == (0, "81.2.69.142", {
        "country": "GB", "region": "", "city": "Deal", "lat": 51.0, "lon": 0.5, "radius_km": 150.0, "asn": 20712,
        "network": "unknown",
    })  # fmt: skip
    assert found["from"]["place"] == "Mine of 2026-06-05"
    assert found["data"][0] == {
        "kind": "places", "name": "Mine", "date": "2026-06-05", "effective_from": None, "attribution": "",
    }  # fmt: skip
    _, out, _ = lookup(capsys, tmp_path, "81.2.69.142", "--at", "2026-11-24T09:01:00Z", "--json")
    assert json.loads(out)["origin"]["city"] == "Hythe"
    assert json.loads(out)["data"][0]["effective_from"] == "2026-11-24T09:01:00.000Z"
    assert NOTICE == 60_000


def test_what_is_no_address_or_no_time_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lookup(capsys, tmp_path, "somewhere") == (
        1, "", "vedette geo: 'somewhere' is no address that can be looked up; use one such as 81.2.69.142\n",
    )  # fmt: skip
    code, _, err = lookup(capsys, tmp_path, "8.8.8.8", "--at", "2026-11-24T09:00:00")
    assert (code, err) == (
        1, "vedette geo: --at: 2026-11-24T09:00:00 has no UTC offset; use a time such as 2026-11-24T09:00:00Z\n",
    )  # fmt: skip
