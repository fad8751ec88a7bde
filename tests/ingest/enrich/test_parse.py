"""Addresses as numbers, and those that no data can place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.enrich.parse import number, special


@pytest.mark.parametrize(
    "wrapped",
    [
        "81.2.69.142",
        "::ffff:81.2.69.142",
        "2002:5102:458e::1",
        "64:ff9b::81.2.69.142",
        "2001:0:4136:e378:8000:63bf:aefd:ba71",
    ],
)
def test_an_ipv4_address_inside_ipv6_counts_as_ipv4(wrapped: str) -> None:
    assert number(wrapped) == (0x5102458E, 32, "81.2.69.142")


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("10.1.2.3", "corporate"),
        ("172.31.255.254", "corporate"),
        ("192.168.1.1", "corporate"),
        ("fd00::1", "corporate"),
        ("127.0.0.1", "unknown"),
        ("169.254.1.1", "unknown"),
        ("100.64.0.1", "unknown"),
        ("203.0.113.9", "unknown"),
        ("224.0.0.1", "unknown"),
        ("::1", "unknown"),
        ("fe80::1", "unknown"),
        ("2001:db8::1", "unknown"),
        ("ff0e::1", "unknown"),
        ("81.2.69.142", None),
        ("172.32.0.1", None),
        ("2a02:c7f::1", None),
    ],
)
def test_addresses_that_no_data_can_place(ip: str, kind: str | None) -> None:
    at = number(ip)
    assert at is not None
    assert special(at) == kind


@given(st.text() | st.ip_addresses().map(str) | st.from_regex(r"[0-9a-f:.%/\[\]]{0,40}", fullmatch=True))
def test_no_text_raises(text: str) -> None:
    at = number(text)
    assert at is None or special(at) in (None, "corporate", "unknown")
