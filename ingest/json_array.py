"""The elements of a JSON array that does not fit into memory, each as the bytes that stand in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

#: Whole strings, and what structures an array; everything else belongs to numbers, words and white space.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},\n]|"', re.DOTALL)


def elements(read: Callable[[], bytes], *, most: int) -> Iterator[tuple[int, bytes]]:
    """(line it starts on, its bytes) of every element; `read` gives the next chunk, b"" at the end.

    What is broken comes out as it stands: an element beyond `most` bytes is cut, and what follows the end of the array,
    or an array that never ends, is one more element. Nothing here judges whether an element is JSON.
    """
    scan = _Scan(most)
    while chunk := read():
        yield from scan.feed(chunk)
    yield from scan.end()


class _Scan:
    """Walks over tokens; holds the bytes of one element, at most `most` and two chunks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._text = b""  # from the start of the element that is being read
        self._at = 0  # in it, where scanning goes on
        self._kept: bytes | None = None  # the beginning of an element too large to hold
        self._depth = 0
        self._line = self._first = 1

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        self._text += chunk
        start = 0
        for token in _TOKEN.finditer(self._text, self._at):
            found = token[0]
            if found == b'"':  # a string that goes on in the next chunk
                self._at = token.start()
                break
            self._at = token.end()
            self._line += found.count(b"\n")
            ends = self._depth == 1 and found in (b",", b"]", b"}")
            self._depth = max(0, self._depth + (found in (b"[", b"{")) - (found in (b"]", b"}")))
            if ends:
                yield from self._element(self._text[start : token.start()])
            if ends or (self._depth == 1 and found in (b"[", b"{")):
                start, self._first = token.end(), self._line
        else:
            self._at = len(self._text)
        self._text, self._at = self._text[start:], self._at - start
        if len(self._text) > self._most:
            self._shorten()

    def end(self) -> Iterator[tuple[int, bytes]]:
        yield from self._element(self._text)

    def _element(self, text: bytes) -> Iterator[tuple[int, bytes]]:
        whole = text if self._kept is None else self._kept
        self._kept = None
        element = whole.lstrip()
        if element:
            yield self._first + whole[: len(whole) - len(element)].count(b"\n"), element.rstrip()[: self._most]

    def _shorten(self) -> None:
        """Drop what has been scanned of an endless element; of a string it ends in, keep what its end depends on."""
        if self._kept is None:
            self._kept = self._text[: self._most + 1]
        rest = self._text[self._at :]
        if len(rest) > self._most:
            backslashes = len(rest) - len(rest.rstrip(b"\\"))
            rest = b'"' + b"\\" * (backslashes % 2)
        self._text, self._at = rest, 0
