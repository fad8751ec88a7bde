"""API keys: `vdt_<id>_<secret>`. The store has a digest under a pepper that lives in a file of its own."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from api.policy import ROLES
from domain.errors import VedetteError
from storage.api_keys import ApiKey, ApiKeyStore
from storage.client import Client
from storage.keys import TENANT

_PREFIX: Final = "vdt"


def pepper(file: Path) -> bytes:
    """The pepper in `file`, made at first use (0600). Losing it makes every key worthless."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_hex(32))
            made.flush()
            os.fsync(made.fileno())
        try:
            os.link(draft, file)  # fails when another process was first: then its pepper counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = file.read_bytes().strip()
    if len(found) < 32:
        raise VedetteError(
            f"the pepper in {file.name} has {len(found)} bytes; restore it, or write at least 32 random ones"
        )
    return found


def digest(pepper: bytes, key: str) -> str:
    return hmac.digest(pepper, key.encode("utf-8", "surrogateescape"), "sha256").hex()


def id_of(key: str) -> str:
    """The public part of a key; "" when it does not look like one."""
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    return key_id if prefix == _PREFIX and secret and key_id.isalnum() and len(key) < 200 else ""


async def create(client: Client, pepper: bytes, *, tenant: str, role: str, name: str) -> str:
    """A new key, stored; the returned text is the only copy there is. `client` is the writer's."""
    if role not in ROLES:
        raise VedetteError(f"no such role {role!r}; there are {', '.join(ROLES)}")
    if not TENANT.fullmatch(tenant):
        raise VedetteError(f"tenant {tenant!r} is no tenant name; use a-z, 0-9, _ and -, at most 63 characters")
    key_id = secrets.token_hex(6)
    key = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    await ApiKeyStore(client).put(ApiKey(key_id, digest(pepper, key), tenant, role, name))
    return key
