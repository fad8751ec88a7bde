"""Where the API listens and what it accepts."""

from __future__ import annotations

import msgspec

from domain.errors import SettingsInvalid


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key_pepper_file` "" is `secrets/api_pepper` in the data directory, made at the first start."""

    host: str = "127.0.0.1"
    port: int = 8080
    answer_timeout: float = 10.0  # seconds that POST /events waits until what was sent is stored
    max_body_bytes: int = 10_000_000  # of a request, also after it was inflated
    key_events_per_second: int = 5_000  # that one key may send to each api process; 0 for no limit
    most_waiting: int = 100_000  # events that wait to be stored at once; beyond it nothing is taken, 503
    key_pepper_file: str = ""
    metrics_open: bool = False  # /metrics without a key, for all tenants together, to callers on this machine
    most_requests: int = 64  # served at once; each may hold a whole body
    most_streams: int = 100  # open at once

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise SettingsInvalid(f"api: port is {self.port}; use 1 to 65535, or 0 for any free port")
        if self.answer_timeout <= 0:
            raise SettingsInvalid(f"api: answer_timeout is {self.answer_timeout} s; use more than 0")
        if self.max_body_bytes < 1_000:
            raise SettingsInvalid(f"api: max_body_bytes is {self.max_body_bytes}; use 1000 or more")
        if self.key_events_per_second < 0:
            raise SettingsInvalid(
                f"api: key_events_per_second is {self.key_events_per_second}; use 1 or more, or 0 for no limit"
            )
        for name in ("most_requests", "most_streams", "most_waiting"):
            if getattr(self, name) < 1:
                raise SettingsInvalid(f"api: {name} is {getattr(self, name)}; use 1 or more")
