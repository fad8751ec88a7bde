"""Files of audit events for `vedette import`: JSON array, JSON lines or CSV, gzip or not, in bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

import msgspec

from domain.errors import VedetteError
from ingest.json_array import elements

#: Of one row, at most so many bytes are held; a longer one is cut here and refused as too large.
MOST_ROW: Final = 300_000
_CHUNK: Final = 1 << 18

_encode = msgspec.json.Encoder(order="sorted").encode

#: A row: the line it starts on, from 1, and its bytes: JSON where the file held a row, else what stood there.
Row = tuple[int, bytes]


class FileUnreadable(VedetteError):
    """The file cannot be opened, or its compression is broken part of the way through."""


def rows(path: Path, source: str) -> Iterator[Row]:
    """Every row of the file, the unreadable ones as they stand, so that each becomes an activity or a dead letter.

    Raises FileUnreadable; what came before has been given out by then.
    """
    try:
        with path.open("rb") as file:
            yield from _rows(_unpacked(file), path, source)
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(
            f"{path.name} cannot be read ({str(error) or type(error).__name__}); check the file, or copy it again"
        ) from error


def _unpacked(file: IO[bytes]) -> io.BufferedReader:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=file) if packed else file), _CHUNK)


def _rows(file: io.BufferedReader, path: Path, source: str) -> Iterator[Row]:
    if file.peek(3)[:3] == b"\xef\xbb\xbf":
        file.read(3)
    start = file.peek(_CHUNK).lstrip()[:1]
    if start == b"[":
        return elements(lambda: file.read(_CHUNK), most=MOST_ROW)
    if start in (b"{", b""):
        return _json_lines(file)
    if source == "generic":
        raise FileUnreadable(
            f"{path.name} is neither a JSON array nor JSON lines; CSV needs a source of its own, "
            "such as --source salesforce"
        )
    return _csv_rows(file)


def _lines(file: io.BufferedReader) -> Iterator[Row]:
    """Lines with their numbers; of a line beyond the limit its beginning, the rest is read and dropped."""
    number = 0
    while line := file.readline(MOST_ROW):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and rest:
            rest = file.readline(MOST_ROW)
        yield number, line


def _json_lines(file: io.BufferedReader) -> Iterator[Row]:
    for number, line in _lines(file):
        if row := line.strip():
            yield number, row


class _Tape:
    """Lines for the CSV reader, remembered until the row they make is complete; bytes that are no UTF-8 survive it."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._lines = _lines(file)
        self.held: list[bytes] = []
        self.first, self.size = 1, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        if not self.held:
            self.first = number
        if self.size <= MOST_ROW:
            self.held.append(line)
        self.size += len(line)
        return line.decode("utf-8", "surrogateescape")

    def take(self) -> Row:
        """The lines since the last call, as they stand."""
        row = (self.first, b"".join(self.held)[:MOST_ROW])
        self.held, self.size = [], 0
        return row


def _csv_rows(file: io.BufferedReader) -> Iterator[Row]:
    """One JSON object per row, keys sorted. A row that does not fit the header stays raw, which is no JSON."""
    csv.field_size_limit(MOST_ROW)
    tape = _Tape(file)
    reader = csv.reader(tape)
    header: list[str] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # an endless field or a NUL; the reader goes on with the next line
            yield tape.take()
            continue
        number, raw = tape.take()
        if not header:
            header = [name.strip() for name in cells]
        elif cells:
            yield number, _object(header, cells) or raw


def _object(header: list[str], cells: list[str]) -> bytes:
    """The row as JSON; b"" when it has other columns than the header, repeated ones, or bytes that are no UTF-8."""
    if len(cells) != len(header) or len(set(header)) != len(header):
        return b""
    try:
        return _encode(dict(zip(header, cells, strict=True)))
    except UnicodeEncodeError:
        return b""
