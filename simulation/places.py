"""Where people of the company are: offices, homes, hotels, clouds, and the public addresses of each.

The ranges are real ones of well-known providers, at the places that DB-IP City Lite of June 2026 (CC BY 4.0,
https://db-ip.com) gives them, so that a lookup of an address finds what the events say. Nobody real is meant by any.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain.clock import MINUTE, millis


class Place(NamedTuple):
    """A city; degrees."""

    city: str
    country: str  # ISO 3166 alpha-2
    lat: float
    lon: float


class Network(NamedTuple):
    """A range of addresses: the first three numbers of a /24, or an IPv6 /48."""

    prefix: str
    asn: int
    kind: str  # domain.actions.NETWORKS
    place: Place
    provider: str


class Spot(NamedTuple):
    """One address."""

    ip: str
    network: Network


class Office(NamedTuple):
    """Everybody in it leaves through one address."""

    city: str
    zone: str  # IANA
    egress: Spot
    homes: tuple[Network, ...]
    outside: Network  # where a phone is: a mobile network, or a home's where the city has none


LONDON = Place("London", "GB", 51.507, -0.128)
BERLIN = Place("Berlin", "DE", 52.52, 13.405)
NEW_YORK = Place("New York", "US", 40.713, -74.006)
LISBON = Place("Lisbon", "PT", 38.731, -9.146)
MADRID = Place("Madrid", "ES", 40.417, -3.703)
MILAN = Place("Milan", "IT", 45.465, 9.184)
PARIS = Place("Paris", "FR", 48.857, 2.351)
VIENNA = Place("Vienna", "AT", 48.208, 16.371)
BRUSSELS = Place("Brussels", "BE", 50.859, 4.359)
DUBLIN = Place("Dublin", "IE", 53.35, -6.26)
AMSTERDAM = Place("Amsterdam", "NL", 52.368, 4.904)
HELSINKI = Place("Helsinki", "FI", 60.17, 24.938)
LAGOS = Place("Lagos", "NG", 6.524, 3.379)
ATLANTA = Place("Atlanta", "US", 33.75, -84.388)
POZUELO = Place("Pozuelo de Alarcon", "ES", 40.402, -3.778)


def spot(network: Network, number: int) -> Spot:
    """The address of a network that has this number; two numbers may share one in a /24."""
    if ":" in network.prefix:
        return Spot(f"{network.prefix}::{number + 16:x}", network)
    return Spot(f"{network.prefix}.{number % 240 + 10}", network)


def origin(where: Spot, *, agent: str, device: str = "") -> dict[str, Any]:
    """What a CRM knows of where something came from."""
    known: dict[str, Any] = {"ip": where.ip, "user_agent": agent}
    if device:
        known["device_id"] = device
    return known


def located(where: Spot, *, agent: str, device: str = "") -> dict[str, Any]:
    """The same with what an identity provider adds to a sign-in: network and place."""
    network, place = where.network, where.network.place
    return {
        **origin(where, agent=agent, device=device),
        "asn": network.asn,
        "network": network.kind,
        "country": place.country,
        "city": place.city,
        "lat": place.lat,
        "lon": place.lon,
    }


OFFICES = (
    Office(
        "London",
        "Europe/London",
        Spot("80.169.40.20", Network("80.169.40", 8220, "corporate", LONDON, "Colt")),
        (
            Network("86.128.0", 2856, "home", LONDON, "BT"),
            Network("86.132.203", 2856, "home", LONDON, "BT"),
            Network("151.224.0", 5607, "home", LONDON, "Sky"),
            Network("194.33.165", 5089, "home", LONDON, "Virgin Media"),
        ),
        Network("86.134.100", 2856, "home", LONDON, "BT"),
    ),
    Office(
        "Berlin",
        "Europe/Berlin",
        Spot("217.110.12.20", Network("217.110.12", 8220, "corporate", BERLIN, "Colt")),
        (
            Network("31.59.224", 3320, "home", BERLIN, "Deutsche Telekom"),
            Network("31.59.226", 3320, "home", BERLIN, "Deutsche Telekom"),
            Network("91.65.19", 3209, "home", BERLIN, "Vodafone"),
            Network("87.122.88", 8881, "home", BERLIN, "1&1"),
        ),
        Network("77.11.142", 6805, "mobile", BERLIN, "O2"),
    ),
    Office(
        "New York",
        "America/New_York",
        Spot("70.17.13.20", Network("70.17.13", 701, "corporate", NEW_YORK, "Verizon")),
        (
            Network("74.71.38", 12271, "home", NEW_YORK, "Charter"),
            Network("108.170.113", 6128, "home", NEW_YORK, "Optimum"),
            Network("108.170.115", 6128, "home", NEW_YORK, "Optimum"),
        ),
        Network("208.54.88", 21928, "mobile", NEW_YORK, "T-Mobile"),
    ),
)
#: Where sales people on the road sleep and sign in.
HOTELS = (
    Network("213.13.8", 3243, "home", LISBON, "MEO"),
    Network("194.224.170", 3352, "home", MADRID, "Telefonica"),
    Network("81.119.130", 3269, "home", MILAN, "Telecom Italia"),
    Network("194.2.44", 3215, "home", PARIS, "Orange"),
    Network("193.154.160", 8447, "home", VIENNA, "A1"),
    Network("37.184.24", 5432, "home", BRUSSELS, "Proximus"),
)
#: The exits of one VPN provider that its user is given in turn.
VPN = tuple(
    Spot(f"185.65.134.{host}", Network("185.65.134", 39351, "vpn", AMSTERDAM, "Mullvad")) for host in (76, 82, 83, 86)
)
OPTIMUM_V4 = Network("108.170.113", 6128, "home", NEW_YORK, "Optimum")
#: The same provider's IPv6, which the geography puts 1,200 km away.
OPTIMUM_V6 = Network("2600:4800:d772", 6128, "home", ATLANTA, "Optimum")
IN_FLIGHT = Network("213.185.98", 22351, "satellite", POZUELO, "Intelsat")
WAREHOUSE = Network("63.32.0", 16509, "hosting", DUBLIN, "AWS")
MAILING = Network("20.166.96", 8075, "hosting", DUBLIN, "Azure")
BILLING = Network("20.160.0", 8075, "hosting", AMSTERDAM, "Azure")
GUESSER = Network("37.27.0", 24940, "hosting", HELSINKI, "Hetzner")
TOR = Network("185.220.101", 60729, "tor", BERLIN, "Tor")
FAR_AWAY = Network("41.206.1", 29465, "mobile", LAGOS, "MTN")
THIEF = Network("209.38.36", 14061, "hosting", AMSTERDAM, "DigitalOcean")


@lru_cache(maxsize=4096)
def local(zone: str, day: int, minute: int) -> int:
    """Milliseconds of a local time: `day` is a proleptic ordinal, `minute` counts from midnight by noon's offset."""
    noon = datetime.fromordinal(day).replace(tzinfo=ZoneInfo(zone), hour=12)
    return millis(noon) + (minute - 720) * MINUTE
