"""From an address to its origin, by one version of the data, and from its origin into an activity's row."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from ingest.enrich.mmdb import Mmdb, asn_of, network_of, place_of
from ingest.enrich.networks import Ranges, Systems
from ingest.enrich.origin import CITY_KM, COUNTRY_KM, NOWHERE, Answer, Origin, Place, usual_radius
from ingest.enrich.parse import Number, number, special
from ingest.enrich.places import CompactNetworks, CompactPlaces
from ingest.enrich.settings import Override
from ingest.enrich.stated import NOTHING, Stated
from ingest.sources.base import BLANK, at

#: From asn to radius_km the fields of an activity stand side by side.
_ORIGIN: Final = slice(at("asn"), at("radius_km") + 1)
replace = msgspec.structs.replace
_UNKNOWN: Final = list(BLANK[_ORIGIN])
#: Addresses whose answer each version remembers; about 500 bytes each.
REMEMBERED: Final = 4_096


@dataclass(frozen=True)
class Sources:
    """What one version of the data consists of; the user's own files are asked first, in turn."""

    places: CompactPlaces
    systems_of: CompactNetworks
    ranges: Ranges
    systems: Systems
    city: Sequence[Mmdb] = ()
    asn: Sequence[Mmdb] = ()
    anonymous: Sequence[Mmdb] = ()


class Lookup:
    """Answers from `sources`, `overrides` and what tenants stated: always the same for the same address and tenant."""

    def __init__(self, sources: Sources, overrides: dict[str, Override], stated: Stated = NOTHING) -> None:
        self._sources = sources
        self._stated = {
            tenant: tuple((ipaddress.ip_network(fact.cidr), fact.cidr) for fact in facts)
            for tenant, facts in stated.items()
        }
        self._egress = lru_cache(maxsize=REMEMBERED)(self._inside_egress)
        ranges = [(ipaddress.ip_network(cidr), cidr, override) for cidr, override in overrides.items()]
        self._overrides = sorted(ranges, key=lambda known: -known[0].prefixlen)
        self.ask = lru_cache(maxsize=REMEMBERED)(self._ask)

    def answer(self, ip: str, tenant: str) -> Answer:
        """As `ask`, with what the tenant stated over everything."""
        answer = self.ask(ip)
        cidr = self._egress(tenant, ip) if tenant in self._stated else ""
        if not cidr:
            return answer
        return replace(answer, origin=replace(answer.origin, network="corporate"), network_from=f"stated: {cidr}")

    def fill(self, row: list[Any], ip: str, tenant: str = "") -> None:
        """Puts what is known into a row of an activity. What the event says itself counts and is never mixed.

        A place is one thing: the event's own coordinates, or a country, region or city other than ours, keep all of
        ours out; where its names agree with ours, ours complete them.
        """
        ours = self.ask(ip).origin
        if tenant in self._stated and self._egress(tenant, ip):
            ours = replace(ours, network="corporate")
        if row[_ORIGIN] == _UNKNOWN:
            row[_ORIGIN] = (
                ours.asn, ours.network, ours.country, ours.region, ours.city, ours.lat, ours.lon, ours.radius_km,
            )  # fmt: skip
            return
        asn, network, country, region, city, lat, lon, radius = row[_ORIGIN]
        if asn is None:
            asn = ours.asn
        if network == "unknown":
            network = ours.network
        if lat is not None or lon is not None:
            radius = CITY_KM if radius is None else radius
        elif _agree(country, ours.country) and _agree(region, ours.region) and _agree(city, ours.city):
            country, region, city = country or ours.country, region or ours.region, city or ours.city
            lat, lon, radius = ours.lat, ours.lon, ours.radius_km
        row[_ORIGIN] = (asn, network, country, region, city, lat, lon, radius)

    def _ask(self, ip: str) -> Answer:
        """Everything about an address; nothing about a text that is none. Raises DataUnreadable for a damaged file."""
        at = number(ip)
        if at is None:
            return NOWHERE
        kind = special(at)
        answer = self._found(at) if kind is None else _inside(kind)
        cidr, override = self._override(at)
        return answer if override is None else self._overridden(answer, cidr, override)

    def _inside_egress(self, tenant: str, ip: str) -> str:
        """The narrowest stated range that holds the address, "" when none does."""
        at = number(ip)
        if at is None:
            return ""
        inside = [(net.prefixlen, cidr) for net, cidr in self._stated[tenant] if _holds(net, at)]
        return max(inside)[1] if inside else ""

    def _found(self, at: Number) -> Answer:
        place, place_from = self._place(at)
        asn, asn_from = self._asn(at)
        network, network_from = self._network(at, asn)
        return Answer(_origin(place, asn, network or "unknown"), place_from, asn_from, network_from)

    def _place(self, at: Number) -> tuple[Place | None, str]:
        for file in self._sources.city:
            if (place := place_of(file.get(at))) is not None:
                return self._widened(place), file.label
        place = self._sources.places.place(at)
        return place, self._sources.places.label if place else ""

    def _widened(self, place: Place) -> Place:
        """A place that is only a country becomes the circle around it, never its middle."""
        if place.city or place.region or place.lat is not None:
            return place
        extent = self._sources.places.extent(place.country)
        if extent is None:
            return place
        return Place(place.country, lat=extent.lat, lon=extent.lon, radius_km=max(extent.radius_km, COUNTRY_KM))

    def _asn(self, at: Number) -> tuple[int | None, str]:
        for file in self._sources.asn:
            if (asn := asn_of(file.get(at))) is not None:
                return asn, file.label
        asn = self._sources.systems_of.asn(at)
        return asn, self._sources.systems_of.label if asn else ""

    def _network(self, at: Number, asn: int | None) -> tuple[str, str]:
        for file in self._sources.anonymous:
            kind, field = network_of(file.get(at))
            if kind:
                return kind, f"{field}, {file.label}"
        kind, why = self._sources.ranges.kind(at)
        return (kind, why) if kind else self._sources.systems.kind(asn)

    def _override(self, at: Number) -> tuple[str, Override | None]:
        for net, cidr, override in self._overrides:
            if _holds(net, at):
                return cidr, override
        return "", None

    def _overridden(self, answer: Answer, cidr: str, override: Override) -> Answer:
        why = f"override {cidr}" + (f" ({override.label})" if override.label else "")
        origin = answer.origin
        place = Place(origin.country, origin.region, origin.city, origin.lat, origin.lon, origin.radius_km)
        if override.placed:
            place = self._widened(_placed(override))
        return Answer(
            _origin(place, origin.asn, override.network or origin.network),
            why if override.placed else answer.place_from,
            answer.asn_from,
            why if override.network else answer.network_from,
        )


def _holds(net: ipaddress.IPv4Network | ipaddress.IPv6Network, at: Number) -> bool:
    drop = at.bits - net.prefixlen
    return net.max_prefixlen == at.bits and at.value >> drop == int(net.network_address) >> drop


def _inside(kind: str) -> Answer:
    return Answer(Origin(network=kind), network_from="" if kind == "unknown" else "a private range")


def _origin(place: Place | None, asn: int | None, network: str) -> Origin:
    if place is None:
        return Origin(asn=asn, network=network)
    return Origin(
        place.country, place.region, place.city, place.lat, place.lon, place.radius_km, asn=asn, network=network
    )


def _placed(override: Override) -> Place:
    radius = override.radius_km or usual_radius(city=override.city, region=override.region)
    known = override.lat is not None
    return Place(
        override.country, override.region, override.city, override.lat, override.lon, radius if known else None
    )


def _agree(said: str, ours: str) -> bool:
    return not said or said.casefold() == ours.casefold()
