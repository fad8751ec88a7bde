"""What enrichment puts into an activity, and what the event says itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.activity import Activity
from domain.clock import DAY
from ingest.enrich.enricher import Enricher
from ingest.enrich.settings import EnrichSettings, Override
from ingest.enrich.versions import Versions
from ingest.normalise import Normaliser
from ingest.settings import IngestSettings
from tests.ingest.made import RECEIVED, TOKENS, record

OFFICE = Override(country="GB", region="England", city="London", lat=51.5, lon=-0.25, network="corporate")
OURS = {
    "country": "GB", "region": "England", "city": "London", "lat": 51.5, "lon": -0.25, "radius_km": 150.0,
}  # fmt: skip
UNKNOWN = {"country": "", "region": "", "city": "", "lat": None, "lon": None, "radius_km": None}


@pytest.fixture(scope="module")
def enricher(tmp_path_factory: pytest.TempPathFactory) -> Enricher:
    made = Enricher(Versions(tmp_path_factory.mktemp("data") / "geo"))
    made.take_up(EnrichSettings(overrides={"81.2.69.0/24": OFFICE}), at=RECEIVED)
    return made


def activity(enricher: Enricher, origin: dict[str, Any], **more: Any) -> Activity:
    said = {
        "id": "1", "tenant": "acme", "occurred_at": "2026-11-24T08:59:00Z", "action": "auth.login.succeeded",
        "actor": {"id": "u1"}, "origin": origin, **more,
    }  # fmt: skip
    settings = IngestSettings(default_tenant="acme")
    outcome = Normaliser(settings, lambda _: TOKENS, origins=enricher.lookup).normalise(record(said))
    assert isinstance(outcome, list), outcome
    return outcome[0]


def place(found: Activity) -> dict[str, Any]:
    return {name: getattr(found, name) for name in OURS}


def test_an_event_that_says_only_its_address_gets_place_system_and_network(enricher: Enricher) -> None:
    for basis in ({}, {"ip_basis": "vendor"}):  # a vendor's log names the client's address as well as anybody's
        found = activity(enricher, {"ip": "81.2.69.142", **basis})
        assert (place(found), found.asn, found.network) == (OURS, 20712, "corporate")


def test_an_event_without_a_usable_address_gets_nothing(enricher: Enricher) -> None:
    for origin in ({}, {"ip": "somewhere"}, {"ip": "203.0.113.9"}):
        found = activity(enricher, origin)
        assert (place(found), found.asn, found.network) == (UNKNOWN, None, "unknown"), origin


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ({"country": "GB"}, OURS),
        ({"city": "LONDON"}, {**OURS, "city": "LONDON"}),
        ({"country": "NG"}, {**UNKNOWN, "country": "NG"}),
        ({"country": "GB", "city": "Leeds"}, {**UNKNOWN, "country": "GB", "city": "Leeds"}),
        (
            {"country": "NG", "lat": 9.1, "lon": 7.5},
            {**UNKNOWN, "country": "NG", "lat": 9.1, "lon": 7.5, "radius_km": 150.0},
        ),
        ({"lat": 9.1, "lon": 7.5, "radius_km": 5}, {**UNKNOWN, "lat": 9.1, "lon": 7.5, "radius_km": 5.0}),
    ],
)
def test_what_the_event_says_of_its_place_is_never_mixed_with_another(
    enricher: Enricher, said: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert place(activity(enricher, {"ip": "81.2.69.142", **said})) == stored


def test_the_events_own_system_and_network_count(enricher: Enricher) -> None:
    found = activity(enricher, {"ip": "81.2.69.142", "asn": 64496, "network": "vpn"})
    assert (found.asn, found.network, place(found)) == (64496, "vpn", OURS)


def test_the_same_record_gives_the_same_activity_whenever_it_is_read(enricher: Enricher, tmp_path: Path) -> None:
    other = Enricher(Versions(tmp_path / "geo"))
    other.take_up(EnrichSettings(overrides={"81.2.69.0/24": OFFICE}), at=RECEIVED + 10**9)
    assert activity(enricher, {"ip": "81.2.69.142"}) == activity(other, {"ip": "81.2.69.142"})


def test_what_is_remembered_of_an_address_belongs_to_one_version_of_the_data(tmp_path: Path) -> None:
    made = Enricher(Versions(tmp_path / "geo"))
    made.take_up(EnrichSettings(overrides={"81.2.69.0/24": OFFICE}), at=RECEIVED - 10 * DAY)
    made.take_up(EnrichSettings(), at=RECEIVED - DAY)
    reader = Normaliser(IngestSettings(default_tenant="acme"), lambda _: TOKENS, origins=made.lookup)
    said = {"id": "1", "action": "auth.login.succeeded", "actor": {"id": "u1"}, "origin": {"ip": "81.2.69.142"}}
    networks = []
    for at in ("2026-11-20T08:59:00.000Z", "2026-11-24T08:59:00.000Z") * 2:
        outcome = reader.normalise(record({**said, "occurred_at": at}))
        assert isinstance(outcome, list), outcome
        networks.append(outcome[0].network)
    assert networks[:2] == networks[2:]
    assert networks[0] == "corporate" != networks[1]
