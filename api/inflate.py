"""Inflating request bodies: never more than asked for, whatever a small body claims to hold."""

from __future__ import annotations

import zlib
from typing import Final

import cramjam

from api.problems import Problem

#: What Content-Encoding may say.
ENCODINGS: Final = ("identity", "gzip", "x-gzip", "zstd")
#: The window that RFC 9659 allows for zstd over HTTP; a larger one only takes memory.
_MOST_WINDOW: Final = 8_388_608
_MAGIC: Final = b"\x28\xb5\x2f\xfd"


def inflated(body: bytes, encoding: str, *, most: int) -> bytes:
    """The body without its encoding. Problem 400 when it is broken, 413 when it holds more than `most` bytes."""
    if encoding == "identity":
        return body
    return _zstd(body, most) if encoding == "zstd" else _gzip(body, most)


def too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"the body is larger than {most} bytes, as sent or inflated; send it in parts")


def _gzip(body: bytes, most: int) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        whole = inflate.decompress(body, most + 1)
    except zlib.error as error:
        raise _broken("gzip", f"is no gzip ({error}); send it whole, or without encoding") from error
    if len(whole) > most or inflate.unconsumed_tail:
        raise too_large(most)
    if not inflate.eof:
        raise _broken("gzip", "ends before its end; send it whole")
    if inflate.unused_data:
        raise _broken("gzip", "holds more than one member; send one")
    return whole


def _zstd(body: bytes, most: int) -> bytes:
    window, length = _frame(body)
    if window > max(_MOST_WINDOW, most):
        raise _broken("zstd", f"wants a window of {window} bytes; compress it with one of at most {_MOST_WINDOW}")
    if length != len(body):
        raise _broken("zstd", "holds more than one frame; send one")
    whole = bytearray(most)
    try:
        return bytes(memoryview(whole)[: cramjam.zstd.decompress_into(body, whole)])
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise too_large(most) from error
        raise _broken("zstd", f"cannot be inflated ({error}); send it whole, or without encoding") from error


def _frame(body: bytes) -> tuple[int, int]:
    """Window and length in bytes of the frame at the beginning; RFC 8878, section 3.1.1."""
    if body[:4] != _MAGIC or len(body) < 6:
        raise _broken("zstd", "is no zstd; send it whole, or without encoding")
    descriptor, at = body[4], 5
    single = descriptor & 0x20
    sizes = ((1 if single else 0), 2, 4, 8)[descriptor >> 6]
    exponent, mantissa = divmod(body[5], 8)
    window = 0 if single else (1 << (10 + exponent)) * (8 + mantissa) // 8
    at += (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3] + sizes
    if single:
        window = int.from_bytes(body[at - sizes : at], "little") + (256 if sizes == 2 else 0)
    while True:
        header = int.from_bytes(body[at : at + 3], "little")
        kind, size = header >> 1 & 3, header >> 3
        at += 3 + (1 if kind == 1 else size)
        if kind == 3 or at > len(body):
            raise _broken("zstd", "ends before its end, or is damaged; send it whole")
        if header & 1:
            return window, at + (4 if descriptor & 4 else 0)


def _broken(encoding: str, detail: str) -> Problem:
    return Problem(400, f"{encoding}_invalid", f"the {encoding} body {detail}")
