"""Writes a tiny .mmdb file (MaxMind DB 2.0, records of 24 bits), enough for what our reader must understand."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Of every file: 2026-06-05.
BUILT = 1_780_666_922
#: Numbers about the file that have another kind than 32 bits.
_ABOUT = {
    "binary_format_major_version": 5,
    "binary_format_minor_version": 5,
    "build_epoch": 9,
    "ip_version": 5,
    "record_size": 5,
}


def write(path: Path, rows: Mapping[str, Mapping[str, Any]], *, version: int = 6, kind: str = "Test-City") -> Path:
    """`rows`: CIDR -> record. In a file of version 6, IPv4 stands in ::/96, as MaxMind has it."""
    data, at = b"", {}
    for cidr, record in rows.items():
        at[cidr] = len(data)
        data += encode(record)
    tree: list[list[int]] = [[-1, -1]]  # a child is a node, -1 for nothing, or -2 - place of the record
    for cidr, place in at.items():
        _plant(tree, _bits(cidr, version), -2 - place)
    size = len(tree)
    nodes = b"".join(
        (size if child == -1 else child if child >= 0 else size + 16 + (-2 - child)).to_bytes(3, "big")
        for pair in tree
        for child in pair
    )
    about = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": BUILT,
        "database_type": kind, "description": {"en": kind}, "ip_version": version, "languages": ["en"],
        "node_count": size, "record_size": 24,
    }  # fmt: skip
    path.write_bytes(nodes + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(about))
    return path


def _bits(cidr: str, version: int) -> str:
    net = ipaddress.ip_network(cidr)
    bits = f"{int(net.network_address):0{net.max_prefixlen}b}"[: net.prefixlen]
    return "0" * 96 + bits if version == 6 and net.version == 4 else bits


def _plant(tree: list[list[int]], bits: str, leaf: int) -> None:
    node = 0
    for bit in bits[:-1]:
        if tree[node][int(bit)] < 0:
            tree.append([-1, -1])
            tree[node][int(bit)] = len(tree) - 1
        node = tree[node][int(bit)]
    tree[node][int(bits[-1])] = leaf


def encode(value: Any, kind: int = 6) -> bytes:
    """One value of the data section; a whole number as this kind: 5, 6 or 9 for 16, 32 or 64 bits."""
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _control(kind, len(raw)) + raw
    if isinstance(value, Mapping):
        return _control(7, len(value)) + b"".join(
            encode(key) + encode(item, _ABOUT.get(key, 6)) for key, item in value.items()
        )
    return _control(11, len(value)) + b"".join(map(encode, value))


def _control(kind: int, size: int) -> bytes:
    """The byte, or bytes, that say what follows; kinds above 7 need a second one."""
    length, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | length]) + more if kind <= 7 else bytes([length, kind - 7]) + more
