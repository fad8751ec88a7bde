"""The compact file: one value for every /24 of IPv4 and every /48 of IPv6, the whole internet in a few MB.

    VEDGEO1\\n, length of the header (u32), header (JSON), sections (zstd)

Ranges are stored in the order of their addresses, one value each; 0 is "nothing known". All integers are little-endian.

    v4.starts   a bit per /24: does a range begin here? (bit i of byte j is the /24 number 8 j + i)
    v4.values   u16 or u32 per range, 4096 of them in a frame; v4.values.ends (u32) says where each frame ends
    v6.keys     u32: the /32s in which a range begins, ascending
    v6.firsts   u32: the first range of each of them, and the number of ranges
    v6.high     u8: where in its /32 each range begins, the upper byte
    v6.low      u8: the lower byte
    v6.values   as v4.values, and v6.values.ends

`scripts/build_geo.py` writes them. A section is read and unpacked when it is first needed.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import accumulate
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final, Literal

import cramjam
import msgspec

from domain.errors import VedetteError

MAGIC: Final = b"VEDGEO1\n"
#: A page of v4.starts: 256 bits, the /24s of a /16.
_PAGE: Final = 32
#: Values in a block, and blocks of a family that are kept unpacked (8 or 16 kB each).
BLOCK: Final = 4096
KEPT: Final = 64
_UP_TO: Final = tuple((2 << bit) - 1 for bit in range(256))

Width = Literal["B", "h", "H", "I"]


class DataUnreadable(VedetteError):
    """A file of geographic data is missing or is not what it should be."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a compact file says of itself."""

    name: str  # as people know the data: "DB-IP City Lite"
    kind: Literal["place", "asn"]
    date: str  # of the data, YYYY-MM-DD
    source: str  # package and version it was made from
    integrity: str  # of that package
    licence: str
    attribution: str
    value: Width  # type of the values
    sections: dict[str, tuple[int, int, int]]  # name -> (place behind the header, length, length unpacked), bytes


class Compact:
    """A compact file. Raises DataUnreadable; answers for every number of an address."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                magic, size = file.read(len(MAGIC)), int.from_bytes(file.read(4), "little")
                header = file.read(size) if magic == MAGIC else b""
                self._packed = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ)) if header else memoryview(b"")
        except OSError as error:
            raise DataUnreadable(f"{path} cannot be read ({error.strerror}); install Vedette again") from error
        try:
            self.header = msgspec.json.decode(header, type=Header)
        except msgspec.DecodeError as error:
            raise DataUnreadable(f"{path} is no compact file of geographic data; install Vedette again") from error
        self._behind = len(MAGIC) + 4 + size

    def section(self, name: str) -> memoryview:
        """The unpacked bytes of a section."""
        at, size, unpacked = self.header.sections[name]
        return self.unpacked(name, at, size, unpacked)

    def unpacked(self, name: str, at: int, size: int, length: int) -> memoryview:
        """The `length` bytes that the `size` bytes at `at` behind the header unpack to."""
        whole = _room(length)
        at += self._behind
        try:
            got = cramjam.zstd.decompress_into(self._packed[at : at + size], whole)
        except (OSError, cramjam.DecompressionError) as error:
            raise DataUnreadable(f"{self.path} is damaged ({name}: {error}); install Vedette again") from error
        if got != length:
            raise DataUnreadable(f"{self.path} is damaged ({name}: {got} bytes of {length}); install Vedette again")
        return whole

    def numbers(self, name: str, width: Width) -> memoryview:
        """A section as integers."""
        return _cast(self.section(name), width)

    def v4(self, number: int) -> int:
        """The value of an IPv4 address."""
        starts, firsts, values = self._v4
        unit = number >> 8
        page = unit >> 8
        begun = int.from_bytes(starts[page * _PAGE : page * _PAGE + _PAGE], "little") & _UP_TO[unit & 255]
        return values(firsts[page] + begun.bit_count() - 1)

    def v6(self, number: int) -> int:
        """The value of an IPv6 address."""
        keys, firsts, lows, values = self._v6
        unit = number >> 80
        at = bisect_right(keys, unit >> 16) - 1
        if at < 0:
            return 0
        first, end = firsts[at], firsts[at + 1]
        if keys[at] == unit >> 16:
            end = bisect_right(lows, unit & 0xFFFF, first, end)
        return values(end - 1) if end else 0

    @cached_property
    def _v4(self) -> tuple[memoryview, array[int], Callable[[int], int]]:
        starts = self.section("v4.starts")
        pages = (int.from_bytes(starts[at : at + _PAGE], "little").bit_count() for at in range(0, len(starts), _PAGE))
        return starts, array("I", accumulate(pages, initial=0)), Values(self, "v4.values").at

    @cached_property
    def _v6(self) -> tuple[memoryview, memoryview, memoryview, Callable[[int], int]]:
        lower = self.section("v6.low")
        lows = _room(2 * len(lower))
        little = sys.byteorder == "little"
        lows[1 - little :: 2], lows[little::2] = lower, self.section("v6.high")
        keys, firsts = self.numbers("v6.keys", "I"), self.numbers("v6.firsts", "I")
        return keys, firsts, lows.cast("H"), Values(self, "v6.values").at


class Values:
    """The values of one family, unpacked a block at a time: all of them at once would take five times the memory."""

    def __init__(self, file: Compact, name: str) -> None:
        self._file, self._name, self._width = file, name, file.header.value
        self._at, _, self._length = file.header.sections[name]
        self._ends = file.numbers(f"{name}.ends", "I")
        self._block = lru_cache(maxsize=KEPT)(self._read)

    def at(self, index: int) -> int:
        return int(self._block(index // BLOCK)[index % BLOCK])

    def _read(self, block: int) -> memoryview:
        begin = self._ends[block - 1] if block else 0
        size = BLOCK * (4 if self._width == "I" else 2)
        length = min(size, self._length - block * size)
        found = self._file.unpacked(self._name, self._at + begin, self._ends[block] - begin, length)
        return _cast(found, self._width)


def _room(size: int) -> memoryview:
    """Empty memory. A large one goes back to the system when it is no longer used, which a freed bytearray may not."""
    return memoryview(mmap(-1, size)) if size > 1 << 16 else memoryview(bytearray(size))


def _cast(raw: memoryview, width: Width) -> memoryview:
    """Little-endian integers as those of this machine."""
    if sys.byteorder == "little" or width == "B":
        return raw.cast(width)
    size, turned = 4 if width == "I" else 2, _room(len(raw))
    for byte in range(size):
        turned[byte::size] = raw[size - 1 - byte :: size]
    return turned.cast(width)
