"""The compact file: what is packed comes out again, everywhere, and damage is named."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.enrich.compact import Compact, DataUnreadable
from tests.ingest.enrich.made import asn_file

_BASE = {4: 0x51020000, 6: 0x2A020C7F << 96}


@st.composite
def _systems(draw: st.DrawFn) -> dict[str, int]:
    """Prefixes that do not overlap, some shorter, some longer than the floor, near each other and at the ends."""
    systems: dict[str, int] = {}
    taken: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for version, bits, longest in ((4, 32, 30), (6, 128, 60)):
        for _ in range(draw(st.integers(0, 12))):
            length = draw(st.integers(14 if version == 4 else 28, longest))
            base = draw(st.sampled_from([_BASE[version], 0, (1 << bits) - 1]))
            near = base ^ (draw(st.integers(0, 0x3FFFF)) << (bits - (30 if version == 4 else 60)))
            net = ipaddress.ip_network((near >> (bits - length) << (bits - length), length))
            if not any(other.version == net.version and net.overlaps(other) for other in taken):
                taken.append(net)
                systems[str(net)] = draw(st.integers(1, 5))
    return systems


def _expected(systems: dict[str, int], at: int, version: int) -> int:
    """By counting: the value with most addresses in the /24 or /48, the lowest when equal."""
    bits, floor = (32, 24) if version == 4 else (128, 48)
    unit = ipaddress.ip_network((at >> (bits - floor) << (bits - floor), floor))
    weights: dict[int, int] = {}
    for cidr, value in systems.items():
        net = ipaddress.ip_network(cidr)
        if net.version == version and net.overlaps(unit):
            weights[value] = weights.get(value, 0) + min(net.num_addresses, unit.num_addresses)
    return min(weights, key=lambda value: (-weights[value], value)) if weights else 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(_systems(), st.data())
def test_every_address_has_the_value_of_most_of_its_block(
    tmp_path: Path, systems: dict[str, int], data: st.DataObject
) -> None:
    file = Compact(asn_file(tmp_path / "asn.bin", systems))
    for cidr in [*systems, "81.2.0.0/16", "2a02:c7f::/32", "::/0", "0.0.0.0/0"]:
        net = ipaddress.ip_network(cidr)
        first, last = int(net.network_address), int(net.broadcast_address)
        most = (1 << net.max_prefixlen) - 1
        for at in {first, last, max(0, first - 1), min(most, last + 1), data.draw(st.integers(first, last))}:
            found = file.v4(at) if net.version == 4 else file.v6(at)
            assert found == _expected(systems, at, net.version), (cidr, at)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    assert asn_file(tmp_path / "a").read_bytes() == asn_file(tmp_path / "b").read_bytes()


def test_a_file_that_is_missing_foreign_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match=r"none\.bin cannot be read"):
        Compact(tmp_path / "none.bin")
    foreign = tmp_path / "foreign.bin"
    foreign.write_bytes(b"<html>")
    with pytest.raises(DataUnreadable, match=r"foreign\.bin is no compact file"):
        Compact(foreign)
    cut = asn_file(tmp_path / "cut.bin")
    cut.write_bytes(cut.read_bytes()[:-4])
    with pytest.raises(DataUnreadable, match=r"cut\.bin is damaged \(v6\.values"):
        Compact(cut).v6(0x2A020C7F << 96)
