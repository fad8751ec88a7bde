"""Request bodies: read with a limit, inflated with the same limit, cut into the raw bytes of each event."""

from __future__ import annotations

from typing import Final

import msgspec
from fastapi import Request

from api.inflate import ENCODINGS, inflated, too_large
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
    if encoding not in ENCODINGS:
        detail = f"content-encoding {encoding[:40]} is not read here; send gzip, zstd or none"
        raise Problem(415, "content_encoding", detail, headers={"Accept-Encoding": "gzip, zstd"})
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise too_large(most)
    return inflated(bytes(body), encoding, most=most)


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
