"""Tenant keys: under which personal values become tokens. One file of 32 random bytes per tenant, never replaced."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from domain.errors import VedetteError
from domain.subject import Tokeniser

TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class TenantKeys:
    """Keys in `directory`, made at a tenant's first use; safe when two processes make one at once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._tokenisers: dict[str, Tokeniser] = {}

    def tokeniser(self, tenant: str) -> Tokeniser:
        known = self._tokenisers.get(tenant)
        if known is None:
            known = self._tokenisers[tenant] = Tokeniser(self.key(tenant), tenant)
        return known

    def key(self, tenant: str) -> bytes:
        """The tenant's 32 bytes."""
        if not TENANT.fullmatch(tenant):
            raise VedetteError(f"tenant {tenant!r} is no tenant name; use a-z, 0-9, _ and -, at most 63 characters")
        path = self._directory / f"{tenant}.key"
        if not path.exists():
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self._directory / f".{tenant}.{os.getpid()}.{secrets.token_hex(4)}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # fails when another process was first: then its key counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_bytes()
        if len(key) != 32:
            raise VedetteError(
                f"{path.name} in {self._directory} has {len(key)} bytes, not 32; restore it from a backup"
            )
        return key
