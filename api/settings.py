"""How the API role listens and what it accepts."""

from __future__ import annotations

import msgspec


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`port` 0 is a free one; `answer_timeout` in seconds; "" for `key_pepper_file` is DATA/secrets/pepper."""

    host: str = "127.0.0.1"
    port: int = 8080
    answer_timeout: float = 10.0
    max_body_bytes: int = 10_000_000
    key_pepper_file: str = ""
