"""Idempotency-Key: the same key with the same events gets the answer that was given, with others it is refused.

As "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header) says. Only an answer that says
what became of the events is kept: an error may be tried again under the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from api.problems import Problem
from storage.idempotency import Given


def digest(raws: Sequence[bytes], *, source: str, feed: str) -> str:
    """Of what was asked: the events' bytes, whatever encoding they travelled in, and how they are to be read."""
    whole = hashlib.sha256(msgspec.json.encode([source, feed, len(raws)]))
    for raw in raws:
        whole.update(len(raw).to_bytes(8, "big") + raw)
    return whole.hexdigest()


def kept(asked: str, answer: dict[str, Any]) -> Given:
    return Given(asked, msgspec.json.encode(answer).decode())


def again(found: Given, asked: str, name: str) -> Response:
    """The answer that was given. Problem 422 when other events came under the same key."""
    if found.digest != asked:
        raise Problem(
            422, "idempotency_key_reused", f"Idempotency-Key {name[:100]!r} was used for other events; use a new one"
        )
    return Response(found.answer, 200, {"Idempotent-Replayed": "true"}, "application/json")
