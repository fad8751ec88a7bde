"""Request bodies: read with a limit, inflated with the same limit, cut into the raw bytes of each event."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec
from fastapi import Request

from api.problems import Problem

#: Events of one request.
MOST_EVENTS: Final = 10_000
_JSON: Final = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")
_LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


async def events(request: Request, *, most: int) -> list[bytes]:
    """The raw bytes of each sent event. Problem 400, 413 or 415; `most` bounds the body as sent and as inflated."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in _JSON + _LINES:
        raise Problem(
            415, "media_type", f"{kind[:100]} is not read here; send application/json or application/x-ndjson"
        )
    body = await _read(request, most)
    found = _lines(body) if kind in _LINES else _items(body)
    if not found:
        raise Problem(400, "empty", "the request holds no event; send an object, an array or one object per line")
    if len(found) > MOST_EVENTS:
        raise Problem(413, "too_many", f"the request holds {len(found)} events; send at most {MOST_EVENTS} at a time")
    return found


async def _read(request: Request, most: int) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise Problem(415, "content_encoding", f"content-encoding {encoding[:40]} is not read here; send gzip or none")
    inflate = zlib.decompressobj(wbits=31) if encoding != "identity" else None
    body = bytearray()
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise _too_large(most)
        if inflate is None:
            body += chunk
            continue
        try:
            body += inflate.decompress(chunk, most + 1 - len(body))
        except zlib.error as error:
            raise Problem(
                400, "gzip_invalid", f"the body is no gzip ({error}); send it whole, or without encoding"
            ) from error
        if len(body) > most or inflate.unconsumed_tail:
            raise _too_large(most)
    if inflate is not None and not inflate.eof:
        raise Problem(400, "gzip_invalid", "the gzip body ends before its end; send it whole")
    if inflate is not None and inflate.unused_data:
        raise Problem(400, "gzip_invalid", "the gzip body holds more than one member; send one")
    return bytes(body)


def _too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"the body is larger than {most} bytes, as sent or inflated; send it in parts")


def _lines(body: bytes) -> list[bytes]:
    return [line for line in map(bytes.strip, body.split(b"\n")) if line]


def _items(body: bytes) -> list[bytes]:
    """The elements of an array, each as it was written; else the whole body."""
    text = body.strip()
    if not text.startswith(b"["):
        return [text] if text else []
    try:
        return [bytes(item) for item in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(400, "json_invalid", f"the body is no JSON array: {error}") from error
