"""Files of audit events for `vedette import`: JSON array, JSON lines or CSV, gzip or not, in bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import msgspec

from domain.errors import VedetteError
from ingest.json_array import elements

#: Of one row, at most so many bytes are held; a longer one is cut here and refused as too large.
MOST_ROW: Final = 300_000
#: Bytes of a file that may hold one record or page over many lines.
MOST_PAGE: Final = 16_000_000
_CHUNK: Final = 1 << 18

_encode = msgspec.json.Encoder(order="sorted").encode
#: Where the records stand in a page, and what may stand around them: Salesforce, HubSpot, EspoCRM, Microsoft Graph.
_LISTS: Final = frozenset({"records", "results", "list", "value"})
_AROUND: Final = frozenset(
    {"totalSize", "done", "nextRecordsUrl", "paging", "total", "@odata.context", "@odata.nextLink"}
)
_PAGES: Final = tuple(f'"{name}"'.encode() for name in sorted(_LISTS))

#: A row: the line it starts on, from 1, and its bytes: JSON where the file held a row, else what stood there.
Row = tuple[int, bytes]


_Bytes: TypeAlias = "io.BufferedReader[Any]"


class FileUnreadable(VedetteError):
    """The file cannot be opened, or its compression is broken part of the way through."""


def rows(path: Path, source: str) -> Iterator[Row]:
    """Every row of the file, the unreadable ones as they stand, so that each becomes an activity or a dead letter.

    Raises FileUnreadable; what came before has been given out by then.
    """
    try:
        with path.open("rb") as file:
            if file.peek(2)[:2] == b"\x1f\x8b":
                with (
                    gzip.GzipFile(fileobj=file) as packed,
                    io.BufferedReader(cast(io.RawIOBase, packed), _CHUNK) as text,
                ):
                    yield from _rows(text, path, source)
            else:
                yield from _rows(file, path, source)
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(
            f"{path.name} cannot be read ({str(error) or type(error).__name__}); check the file, or copy it again"
        ) from error


def _rows(file: _Bytes, path: Path, source: str) -> Iterator[Row]:
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
    return _csv_rows(file, path)


def _lines(file: _Bytes) -> Iterator[Row]:
    """Lines with their numbers; of a line beyond the limit its beginning, the rest is read and dropped."""
    number = 0
    while line := file.readline(MOST_ROW):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and rest:
            rest = file.readline(MOST_ROW)
        yield number, line


def _json_lines(file: _Bytes) -> Iterator[Row]:
    """One record or page on each line; or one for the whole file, over many lines, as people print it."""
    first = file.readline(MOST_ROW)
    number = 1
    while first and not first.strip():
        first, number = file.readline(MOST_ROW), number + 1
    if not _is_json(first):
        whole = first + file.read(MOST_PAGE)
        if not file.peek(1) and _is_json(whole):
            for each in _unfolded(whole.strip()):
                yield number, each
            return
        first = whole
    rest = io.BufferedReader(cast(io.RawIOBase, _Both(first, file)), _CHUNK)
    for line_number, line in _lines(rest):
        if row := line.strip():
            for each in _unfolded(row):
                yield number - 1 + line_number, each


class _Both(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, read: bytes, rest: _Bytes) -> None:
        self._read, self._rest = io.BytesIO(read), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._read.readinto(buffer) or self._rest.readinto(buffer)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return False
    return True


def _unfolded(row: bytes) -> list[bytes]:
    """The records of a page as an API answers it, {"records": [...], "done": true}; any other row as it stands."""
    if not any(sign in row for sign in _PAGES):
        return [row]
    try:
        page = msgspec.json.decode(row)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return [row]
    if isinstance(page, dict) and (found := _LISTS.intersection(page)) and page.keys() <= found | _AROUND:
        (name, *more) = found
        if not more and isinstance(page[name], list) and all(isinstance(each, dict) for each in page[name]):
            return [_encode(each) for each in page[name]]
    return [row]


class _Tape:
    """Lines for the CSV reader, remembered until the row they make is complete; bytes that are no UTF-8 survive it."""

    def __init__(self, file: _Bytes) -> None:
        self._lines = _lines(file)
        self._again: deque[Row] = deque()
        self._held: list[Row] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        row = self._again.popleft() if self._again else next(self._lines)
        self._held.append(row)
        self._size += len(row[1])
        if self._size > MOST_ROW * 2 or len(row[1]) >= MOST_ROW:
            raise csv.Error("a row without end")
        return row[1].decode("utf-8", "surrogateescape")

    def take(self) -> int:
        """The row is complete: the line it began on."""
        first = self._held[0][0]
        self._held, self._size = [], 0
        return first

    def give_up(self) -> Row:
        """The lines make no row: the first as it stands, the others are read again as rows of their own."""
        first, *rest = self._held
        self._again.extendleft(reversed(rest))
        self._held, self._size = [], 0
        return first


def _csv_rows(file: _Bytes, path: Path) -> Iterator[Row]:
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
        except csv.Error:  # an endless cell or line, or a NUL; the reader goes on with the next line
            yield tape.give_up()
            continue
        if not header:
            header = [name.strip() for name in cells]
            if len(header) == 1:
                raise FileUnreadable(
                    f"{path.name} is neither JSON nor CSV with a header of several columns; "
                    "bring in JSON lines, a JSON array or CSV"
                )
            tape.take()
        elif not cells:
            tape.take()
        elif row := _object(header, cells):
            yield tape.take(), row
        else:
            yield tape.give_up()


def _object(header: list[str], cells: list[str]) -> bytes:
    """The row as JSON; b"" when it has other columns than the header, repeated ones, or bytes that are no UTF-8."""
    if len(cells) != len(header) or len(set(header)) != len(header):
        return b""
    try:
        return _encode(dict(zip(header, cells, strict=True)))
    except UnicodeEncodeError:
        return b""
