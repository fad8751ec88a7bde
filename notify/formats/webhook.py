"""The body of a signed webhook: {"type": "incident.opened", "timestamp": …, "data": {…}}, below 20 kB."""

from __future__ import annotations

import msgspec

from domain.clock import rfc3339
from notify.page import Page

#: Receivers are told to expect no more; every text of a page is cut long before.
AT_MOST = 20_000

_encode = msgspec.json.Encoder().encode


class Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: Page


def body(page: Page, *, kind: str, at: int) -> bytes:
    """The bytes that are stored, signed and sent, unchanged at every attempt. `at` (ms) is when it was decided."""
    encoded = _encode(Body(f"incident.{kind}", rfc3339(at), page))
    if len(encoded) <= AT_MOST:
        return encoded
    bare = msgspec.structs.replace(page, baseline={}, evidence=msgspec.structs.replace(page.evidence, lines=()))
    return _encode(Body(f"incident.{kind}", rfc3339(at), bare))
