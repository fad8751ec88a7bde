"""IP addresses as they come: cleaned, and what of them makes a subject."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final, NamedTuple


class Address(NamedTuple):
    """`ip` in its shortest spelling; `subject` is the IPv4 address itself or the /64 of an IPv6 one; "" both: unusable."""

    ip: str
    subject: str


UNUSABLE: Final = Address("", "")


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
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return UNUSABLE if found.is_unspecified else _six(found)
        found = found.ipv4_mapped
    return UNUSABLE if found.is_unspecified else Address(str(found), str(found))


def _six(found: ipaddress.IPv6Address) -> Address:
    return Address(str(found), str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64))))
