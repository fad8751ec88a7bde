"""Where a webhook may go: https to public addresses only, each looked up once and then connected to as checked."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from domain.errors import Unavailable, VedetteError

Address = IPv4Address | IPv6Address
#: Looks a host up once: every address it has.
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

PORTS = (443, 8443)

_BLOCKED_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_BLOCKED_6 = tuple(
    IPv6Network(block)
    for block in (
        "::/96",  # unspecified, loopback, IPv4-compatible
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # local NAT64
        "100::/64",  # discard
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)


class Refused(VedetteError):
    """The address is none a webhook may go to; trying again does not help until the setting changes."""


class Unresolved(Unavailable):
    """The receiver's name could not be looked up."""


@dataclass(frozen=True)
class Target:
    """A checked receiver: connect to `addresses` and no others, under the name `host`."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


def is_public(address: Address) -> bool:
    """Whether the address is in none of the blocks. An IPv4 address in IPv6 clothes is judged as what it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _BLOCKED_4)
    return not any(address in block for block in _BLOCKED_6)


async def lookup(host: str, port: int) -> list[str]:
    """The system's answer for `host`, odd spellings of addresses included. Unresolved when there is none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unresolved(f"{host}: the name cannot be looked up ({error.strerror or error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def check(url: str, *, allow_private: bool = False, lookup: Lookup = lookup) -> Target:
    """Look the receiver up, once, and refuse it unless every address is public. Refused or Unresolved.

    With `allow_private` http, any port and any address are taken.
    """
    host, port = _parse(url, allow_private=allow_private)
    addresses = tuple(await lookup(host, port))
    if not addresses:
        raise Unresolved(f"{host}: the name has no address")
    if not allow_private:
        for text in addresses:
            if not is_public(ipaddress.ip_address(text.partition("%")[0])):
                raise Refused(f"{host} is {text}, which is not a public address; allow_private = true permits it")
    return Target(url, host, port, addresses)


def _parse(url: str, *, allow_private: bool) -> tuple[str, int]:
    """Host and port of a URL. The text of an error never repeats what stands before an @."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"the url cannot be read: {error}") from error
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise Refused("a url with a name or password in it (user@host) is not taken")
    if not parts.hostname or any(c <= " " or c == "\\" for c in url):
        raise Refused("the url names no host; it looks like https://host/path")
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise Refused(f"{parts.hostname}: only https is taken, not {parts.scheme or 'nothing'}")
    port = port if port is not None else (443 if parts.scheme == "https" else 80)
    if not allow_private and port not in PORTS:
        raise Refused(f"{parts.hostname}: port {port} is not taken, only 443 and 8443")
    return parts.hostname, port


class Pinned(AbstractResolver):
    """Answers every question of a connection with the addresses that were checked: a name that changes is not asked."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        found: list[ResolveResult] = []
        for address in self._target.addresses:
            of = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in (socket.AF_UNSPEC, of):
                found.append(
                    ResolveResult(
                        hostname=host, host=address, port=port, family=of, proto=0, flags=socket.AI_NUMERICHOST
                    )
                )
        return found

    async def close(self) -> None:
        """Nothing is held."""
