"""Signatures of the Standard Webhooks specification, version 1: HMAC-SHA256 over id, attempt time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
#: How far a receiver lets the attempt's time be from its own clock, seconds.
TOLERANCE = 300
_KEY_BYTES = range(24, 65)


def new_secret() -> str:
    """A fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def parse_secrets(text: str) -> tuple[bytes, ...]:
    """The keys of a secret file, one secret a line. ValueError (without the secret) when one is unusable."""
    keys = tuple(_key(line.strip()) for line in text.splitlines() if line.strip())
    if not keys:
        raise ValueError("the file is empty; it takes one whsec_ secret a line")
    return keys


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret starts with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"what follows {PREFIX} is base64") from error
    if len(key) not in _KEY_BYTES:
        raise ValueError(f"a secret has 24 to 64 bytes, this one {len(key)}")
    return key


def sign(body: bytes, *, webhook_id: str, at: int, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of one attempt at `at` (ms): one signature per key, so that a receiver may hold either."""
    seconds = str(at // 1000)
    signatures = [_signature(body, webhook_id, seconds, key) for key in keys]
    return {"webhook-id": webhook_id, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def verify(body: bytes, headers: Mapping[str, str], *, at: int, keys: Sequence[bytes]) -> bool:
    """What a receiver does at `at` (ms): one signature fits one key, and the attempt is at most five minutes off."""
    given, seconds = headers.get("webhook-signature", ""), headers.get("webhook-timestamp", "")
    if not (seconds.isascii() and seconds.isdigit()) or abs(at // 1000 - int(seconds)) > TOLERANCE:
        return False
    expected = [_signature(body, headers.get("webhook-id", ""), seconds, key).encode() for key in keys]
    pairs = [(one.encode(), other) for one in given.split(" ") for other in expected]
    return any([hmac.compare_digest(one, other) for one, other in pairs])  # noqa: C419 - every pair, in equal time


def _signature(body: bytes, webhook_id: str, seconds: str, key: bytes) -> str:
    signed = f"{webhook_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
