"""Subjects: whose behaviour is judged. `scope|tenant|token`, the token an HMAC, so that no key carries a name."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from domain.actions import AUTHENTICATION, LOGIN_FAILED, TENANT_WIDE
from domain.activity import Activity

ACTOR: Final = "actor"
LOGIN: Final = "login"
SOURCE: Final = "source"
CLIENT: Final = "client"
TENANT: Final = "tenant"
SCOPES: Final = (ACTOR, LOGIN, SOURCE, CLIENT, TENANT)

#: Which actions each scope's detectors see. What nobody judges is stored and not sent.
Routing = Mapping[str, frozenset[str]]


def canonical(value: str) -> str:
    """The form of a value that two spellings of one person share."""
    return unicodedata.normalize("NFKC", value).casefold()


class Tokeniser:
    """Turns values into tokens under one tenant's key; remembers the last 50 000 it made."""

    def __init__(self, key: bytes) -> None:
        self._token = lru_cache(maxsize=50_000)(lambda value: self._make(key, value))

    @staticmethod
    def _make(key: bytes, value: str) -> str:
        return hmac.digest(key, canonical(value).encode("utf-8", "surrogatepass"), "sha256")[:16].hex()

    def __call__(self, value: str) -> str:
        """32 hexadecimal digits, "" for ""."""
        return self._token(value) if value else ""


def subjects(activity: Activity, routing: Routing) -> list[str]:
    """The subjects that judge this activity; [] when no detector sees it."""
    action, tenant = activity.action, activity.tenant
    found = []
    if action in routing.get(ACTOR, ()) and action != LOGIN_FAILED and activity.actor_token:
        found.append(f"{ACTOR}|{tenant}|{activity.actor_token}")
    if action in routing.get(LOGIN, ()) and action in AUTHENTICATION:
        found.append(f"{LOGIN}|{tenant}|{activity.login_token or activity.actor_token}")
    if action in routing.get(SOURCE, ()) and action in AUTHENTICATION and activity.ip_token:
        found.append(f"{SOURCE}|{tenant}|{activity.ip_token}")
    if action in routing.get(CLIENT, ()) and activity.app_token:
        found.append(f"{CLIENT}|{tenant}|{activity.app_token}")
    if action in routing.get(TENANT, ()) and action in TENANT_WIDE:
        found.append(f"{TENANT}|{tenant}|{tenant_token(tenant)}")
    return found


@lru_cache(maxsize=4096)
def tenant_token(tenant: str) -> str:
    return hashlib.sha256(tenant.encode()).hexdigest()[:32]


def scope_of(subject: str) -> str:
    return subject.partition("|")[0]


def tenant_of(subject: str) -> str:
    return subject.split("|", 2)[1]


def token_of(subject: str) -> str:
    return subject.rpartition("|")[2]


@lru_cache(maxsize=200_000)
def bucket(subject: str) -> int:
    """32 bits of the token; `bucket % partitions` is the partition that judges the subject."""
    return int(subject[-32:-24], 16)
