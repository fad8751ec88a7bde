"""Ids of activities: derived from what happened, so that every delivery of one event has one place in the store."""

from __future__ import annotations

import hashlib
from typing import Final

_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def activity_id(*parts: str) -> str:
    """A UUID of version 8 over `parts`, none of which may hold a NUL.

    The parts are tenant, source, native id (or place in Kafka), occurred_at, action and the tokens of actor, login,
    address and app: tokens and not values, so that an id tells nobody who it was.
    """
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16, person=b"vedette activity").hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:]}"


def record_digest(raw: bytes) -> str:
    """16 hexadecimal digits over the raw record."""
    return hashlib.blake2b(raw, digest_size=8).hexdigest()
