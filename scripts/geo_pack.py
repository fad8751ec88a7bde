"""Reduces prefixes to /24s and /48s and writes the compact file that `ingest/enrich/compact.py` reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cramjam
import msgspec
import numpy as np
import numpy.typing as npt

from ingest.enrich.compact import BLOCK, MAGIC, Header

Ints = npt.NDArray[np.int64]
#: The width of the addresses that are told apart: all 32 bits of IPv4, the upper 64 of IPv6.
FINE = {4: 32, 6: 64}
#: The length of the prefix that gets one value.
FLOOR = {4: 24, 6: 48}


@dataclass(frozen=True)
class Prefixes:
    """Prefixes with a value each (1 or more), in any order, none inside another. `starts`: the upper FINE bits."""

    version: int
    starts: npt.NDArray[np.uint64]
    lengths: Ints
    values: Ints


@dataclass(frozen=True)
class Ranges:
    """Where each value begins, as the number of a /24 or /48; value 0 where nothing is known. The first begins at 0."""

    version: int
    starts: Ints
    values: Ints


def reduce(given: Prefixes) -> Ranges:
    """One value per /24 or /48: where several share one, the one with most of its addresses, the lowest when equal."""
    floor, shift = FLOOR[given.version], FINE[given.version] - FLOOR[given.version]
    units = (given.starts >> np.uint64(shift)).astype(np.int64)
    whole = given.lengths <= floor
    units_within, values_within = _largest(
        units[~whole], given.values[~whole], 0.5 ** (given.lengths[~whole] - floor).astype(np.float64)
    )
    starts = np.r_[units[whole], units_within]
    ends = np.r_[units[whole] + (1 << (floor - given.lengths[whole])), units_within + 1]
    values = np.r_[given.values[whole], values_within]
    order = np.argsort(starts, kind="stable")
    starts, ends, values = starts[order], ends[order], values[order]
    if (starts[1:] < ends[:-1]).any():
        raise ValueError("prefixes overlap; a source of geographic data gives each address one value")
    return _ranges(given.version, starts, ends, values)


def _largest(units: Ints, values: Ints, weights: npt.NDArray[np.float64]) -> tuple[Ints, Ints]:
    """For each unit, the value of most weight."""
    if not len(units):
        return units, values
    order = np.lexsort((values, units))
    units, values, weights = units[order], values[order], weights[order]
    firsts = np.flatnonzero(np.r_[True, (units[1:] != units[:-1]) | (values[1:] != values[:-1])])
    units, values, weights = units[firsts], values[firsts], np.add.reduceat(weights, firsts)
    order = np.lexsort((values, -weights, units))
    units, values = units[order], values[order]
    best = np.r_[True, units[1:] != units[:-1]]
    return units[best], values[best]


def _ranges(version: int, starts: Ints, ends: Ints, values: Ints) -> Ranges:
    """With the gaps as ranges of value 0, and neighbours of one value as one range."""
    after = np.flatnonzero(np.r_[starts[1:] > ends[:-1], [ends[-1] < 1 << FLOOR[version]]] if len(starts) else [])
    begins = np.r_[starts, ends[after]]
    filled = np.r_[values, np.zeros(len(after), dtype=np.int64)]
    if not len(begins) or begins.min() > 0:
        begins, filled = np.r_[begins, 0], np.r_[filled, 0]
    order = np.argsort(begins, kind="stable")
    begins, filled = begins[order].astype(np.int64), filled[order].astype(np.int64)
    new = np.r_[True, filled[1:] != filled[:-1]]
    return Ranges(version, begins[new], filled[new])


def sections(ranges: Ranges, width: str) -> dict[str, bytes]:
    """The sections of one family; `width` is the type of the values, u16 ("H") or u32 ("I")."""
    values = ranges.values.astype({"H": "<u2", "I": "<u4"}[width])
    if (values != ranges.values).any():
        raise ValueError(f"a value does not fit {width}")
    if ranges.version == 4:
        bits = np.zeros(1 << FLOOR[4], dtype=np.uint8)
        bits[ranges.starts] = 1
        return {"v4.starts": np.packbits(bits, bitorder="little").tobytes(), "v4.values": values.tobytes()}
    keys, firsts = np.unique(ranges.starts >> 16, return_index=True)
    return {
        "v6.keys": keys.astype("<u4").tobytes(),
        "v6.firsts": np.r_[firsts, len(ranges.starts)].astype("<u4").tobytes(),
        "v6.high": (ranges.starts >> 8 & 0xFF).astype(np.uint8).tobytes(),
        "v6.low": (ranges.starts & 0xFF).astype(np.uint8).tobytes(),
        "v6.values": values.tobytes(),
    }


def texts(name: str, values: list[str]) -> dict[str, bytes]:
    """The two sections of a list of texts."""
    encoded = [value.encode() for value in values]
    ends = np.cumsum([len(value) for value in encoded])
    return {name: b"".join(encoded), f"{name}.ends": ends.astype("<u4").tobytes()}


def write(path: Path, about: Mapping[str, Any], parts: Mapping[str, bytes]) -> int:
    """Writes the file, its size in bytes; the same input gives the same bytes. `about`: the Header but its sections."""
    packed, places, at = [], {}, 0
    for name, part in _with_ends(parts, 4 if about["value"] == "I" else 2):
        frames = b"".join(part)
        whole = frames if name.endswith(".values") else _pack(frames)
        places[name] = (at, len(whole), len(parts[name]) if name in parts else len(frames))
        at += len(whole)
        packed.append(whole)
    header = msgspec.json.encode(Header(**about, sections=places))
    path.write_bytes(MAGIC + len(header).to_bytes(4, "little") + header + b"".join(packed))
    return path.stat().st_size


def _with_ends(parts: Mapping[str, bytes], width: int) -> Iterator[tuple[str, list[bytes]]]:
    """Each part by name; values as the frames of their blocks, followed by where each frame ends."""
    for name, part in parts.items():
        if not name.endswith(".values"):
            yield name, [part]
            continue
        frames = [_pack(part[at : at + BLOCK * width]) for at in range(0, len(part), BLOCK * width)]
        yield name, frames
        yield f"{name}.ends", [np.cumsum([len(frame) for frame in frames]).astype("<u4").tobytes()]


def _pack(part: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(part, 22))
