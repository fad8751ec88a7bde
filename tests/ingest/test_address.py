"""Addresses: one spelling, one subject."""

from __future__ import annotations

import pytest

from ingest.address import UNUSABLE, Address, address


@pytest.mark.parametrize(
    ("value", "ip", "subject", "net"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        (" 203.0.113.9 ", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.9:443", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::FFFF:CB00:7109", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::/64", "2001:db8::/48"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("[2001:db8::1]:8080", "2001:db8::1", "2001:db8::/64", "2001:db8::/48"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64", "fe80::/48"),
        ("10.10.10.10", "10.10.10.10", "10.10.10.10", "10.10.10.0/24"),
    ],
)
def test_read_in_its_shortest_spelling(value: str, ip: str, subject: str, net: str) -> None:
    assert address(value) == Address(ip, subject, net)


@pytest.mark.parametrize(
    "value",
    ["", "Salesforce.com IP", "0.0.0.0", "::", "1.2.3", "01.2.3.4", "1.2.3.4, 5.6.7.8", "::1::", "٣.1.1.1", "1" * 90],
)
def test_anything_else_is_unusable(value: str) -> None:
    assert address(value) == UNUSABLE
