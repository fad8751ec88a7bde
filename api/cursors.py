"""Cursors: where a page ended, signed, and good only for the tenant and the question they were made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from api.problems import Problem

_MAC = 16


class Cursors:
    """Makes and reads cursors under a key derived from the pepper."""

    def __init__(self, pepper: bytes) -> None:
        self._key = hmac.digest(pepper, b"vedette cursor", "sha256")

    def make(self, key: Sequence[object], *, tenant: str, question: object) -> str:
        """A text for `key`; `question` is everything that the next page must ask again."""
        body = msgspec.msgpack.encode(list(key))
        return base64.urlsafe_b64encode(self._mac(body, tenant, question) + body).rstrip(b"=").decode()

    def read(self, cursor: str, *, tenant: str, question: object) -> list[Any]:
        """The key that `cursor` was made for; Problem 400 when it was made for anything else, or by somebody else."""
        try:
            packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            packed = b""
        mac, body = packed[:_MAC], packed[_MAC:]
        if not hmac.compare_digest(mac, self._mac(body, tenant, question)):
            raise Problem(
                400,
                "cursor_invalid",
                "the cursor does not belong to this question; use it with the same filters and sort, or leave it out",
            )
        key: list[Any] = msgspec.msgpack.decode(body)
        return key

    def _mac(self, body: bytes, tenant: str, question: object) -> bytes:
        asked = hashlib.sha256(msgspec.json.Encoder(order="sorted").encode([tenant, question])).digest()
        return hmac.digest(self._key, asked + body, "sha256")[:_MAC]
