"""The embedded parts, as far as the supervisor knows them."""

from __future__ import annotations

import subprocess
from typing import Protocol

from storage.settings import StoreSettings


class Broker(Protocol):
    """The embedded broker, as far as the supervisor knows it."""

    process: subprocess.Popen[bytes] | None
    broker_id: str

    @property
    def bootstrap(self) -> str: ...
    def start(self) -> None: ...
    def memory(self) -> int: ...
    def stop(self, *, seconds: float) -> None: ...


class Store(Protocol):
    """The embedded store, as far as the supervisor knows it."""

    process: subprocess.Popen[bytes] | None

    def start(self) -> StoreSettings: ...
