"""ClickHouse's Native format: a block of rows by column, which the server reads with the least work.

Written here and not by the driver, which looks at each value: most texts of an event stand in many others too, and are
encoded once. The tests read the blocks back from a server.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Column(NamedTuple):
    """Values as they are written, and ClickHouse's name for what they are; the table may have another."""

    kind: str
    written: bytes


def block(columns: Mapping[str, Column], rows: int) -> bytes:
    """One block of so many rows."""
    parts = [_length(len(columns)), _length(rows)]
    for name, column in columns.items():
        parts += text(name.encode()), text(column.kind.encode()), column.written
    return b"".join(parts)


def text(value: bytes) -> bytes:
    """A value of a String: columns of those are joined from them."""
    return _length(len(value)) + value


def texts(values: Sequence[bytes]) -> Column:
    lengths = map(len, values)
    pieces = [b""] * (2 * len(values))
    pieces[::2] = [_LENGTHS[size] if size < _USUAL else _length(size) for size in lengths]
    pieces[1::2] = values
    return Column("String", b"".join(pieces))


def whole(kind: str, values: Sequence[int]) -> Column:
    """Whole numbers of a type of WHOLE."""
    return Column(kind, array(WHOLE[kind], values).tobytes())


def uuids(ids: Sequence[str]) -> Column:
    """UUIDs as people write them; each half goes with its lowest byte first."""
    said = bytes.fromhex("".join(ids).replace("-", ""))
    written = bytearray(len(said))
    for byte in range(8):
        written[byte::16], written[byte + 8 :: 16] = said[7 - byte :: 16], said[15 - byte :: 16]
    return Column("UUID", bytes(written))


#: ClickHouse's name -> Python's for an array of it, on a machine whose lowest byte comes first.
WHOLE: Final = {"Int64": "q", "UInt64": "Q", "UInt32": "I"}


def _length(number: int) -> bytes:
    """LEB128."""
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes((*digits, number))


_USUAL: Final = 4_096
_LENGTHS: Final = tuple(map(_length, range(_USUAL)))
