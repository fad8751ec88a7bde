"""IP addresses as they come: cleaned, and what of them makes a subject."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final, NamedTuple


class Address(NamedTuple):
    """An address in its shortest spelling, with what of it makes subjects; all "" when it cannot be used."""

    ip: str
    subject: str  # the IPv4 address itself, the /64 of an IPv6 address
    net: str  # the /24 of an IPv4 address, the /48 of an IPv6 address


UNUSABLE: Final = Address("", "", "")


def address(value: str) -> Address:
    """Reads an address with or without a port or zone; an IPv4 address inside IPv6 counts as IPv4."""
    return _read(value) if len(value) <= 80 else UNUSABLE


@lru_cache(maxsize=100_000)
def _read(value: str) -> Address:
    bare = value.strip().partition("%")[0]
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return UNUSABLE
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_unspecified:
        return UNUSABLE
    if isinstance(found, ipaddress.IPv4Address):
        return Address(str(found), str(found), _network(found, 24))
    return Address(str(found), _network(found, 64), _network(found, 48))


def _network(found: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    return str(ipaddress.ip_network(f"{found}/{bits}", strict=False))
