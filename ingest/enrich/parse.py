"""An address as a number, and what is known of it without any data."""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Number(NamedTuple):
    """An address: its number among those of 32 or 128 bits, and its shortest spelling."""

    value: int
    bits: int
    text: str


def number(ip: str) -> Number | None:
    """Reads an address; None for any text that is none. One that only wraps an IPv4 address counts as that.

    Wrapped are ::ffff:0:0/96, 6to4, Teredo (the client's) and the well-known prefix of NAT64.
    """
    try:
        found = ipaddress.ip_address(ip)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        found = _wrapped(found) or found
    return Number(int(found), found.max_prefixlen, str(found))


def _wrapped(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    teredo = found.teredo
    return found.ipv4_mapped or found.sixtofour or (teredo[1] if teredo else None)


def special(at: Number) -> str | None:
    """The network kind of an address that no data can place, None for one out in the internet.

    Private ranges (RFC 1918, unique local) are the company's own network; loopback, link-local, shared (RFC 6598),
    documentation, multicast and reserved ones are unknown.
    """
    if at.bits == 32:
        four = ipaddress.IPv4Address(at.value)
        if four.is_global and not four.is_multicast:
            return None
        return "corporate" if any(four in own for own in _OWN_4) else "unknown"
    six = ipaddress.IPv6Address(at.value)
    if six.is_global and not six.is_multicast:
        return None
    return "corporate" if six in _OWN_6 else "unknown"


_OWN_4: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_OWN_6: Final = ipaddress.IPv6Network("fc00::/7")
