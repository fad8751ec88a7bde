"""Subjects: whose behaviour is judged. `scope|tenant|token`, the token an HMAC, so that no key carries a name."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Protocol

from domain.actions import ACTIONS, AUTHENTICATION, LOGIN_FAILED, TENANT_WIDE

ACTOR: Final = "actor"
LOGIN: Final = "login"
SOURCE: Final = "source"
CLIENT: Final = "client"
TENANT: Final = "tenant"
SCOPES: Final = (ACTOR, LOGIN, SOURCE, CLIENT, TENANT)

#: The actions that can be judged at each scope: a failed login has no actor.
_JUDGED: Final = {
    ACTOR: frozenset(ACTIONS) - {LOGIN_FAILED},
    LOGIN: AUTHENTICATION,
    SOURCE: AUTHENTICATION,
    CLIENT: frozenset(ACTIONS),
    TENANT: TENANT_WIDE,
}
#: Which actions each scope's detectors see. What nobody judges is stored and not sent.
Routing = Mapping[str, frozenset[str]]


class Routed(Protocol):
    """An activity, or what it has in common with others."""

    @property
    def action(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def actor_token(self) -> str: ...
    @property
    def login_token(self) -> str: ...
    @property
    def ip_token(self) -> str: ...
    @property
    def app_token(self) -> str: ...


def canonical(value: str) -> str:
    """The form of a value that two spellings of one person share."""
    return unicodedata.normalize("NFKC", value).casefold()


class Tokeniser:
    """Turns values into tokens under the key of `tenant` ("" where it is nobody's); remembers the last 50 000."""

    def __init__(self, key: bytes, tenant: str = "") -> None:
        self.tenant = tenant
        self._token = lru_cache(maxsize=50_000)(lambda value: self._make(key, value))

    @staticmethod
    def _make(key: bytes, value: str) -> str:
        return hmac.digest(key, canonical(value).encode("utf-8", "surrogatepass"), "sha256")[:16].hex()

    def __call__(self, value: str) -> str:
        """32 hexadecimal digits, "" for ""."""
        return self._token(value) if value else ""


def router(routing: Routing) -> Callable[[Routed], list[str]]:
    """What gives the subjects that judge an activity, [] when no detector sees it."""
    scopes = {
        action: tuple(scope for scope in SCOPES if action in routing.get(scope, ()) and action in _JUDGED[scope])
        for action in ACTIONS
    }

    def route(activity: Routed) -> list[str]:
        found = []
        tenant = activity.tenant
        for scope in scopes.get(activity.action, ()):
            if scope is ACTOR:
                token = activity.actor_token
            elif scope is LOGIN:
                token = activity.login_token or activity.actor_token
            elif scope is SOURCE:
                token = activity.ip_token
            elif scope is CLIENT:
                token = activity.app_token
            else:
                token = tenant_token(tenant)
            if token or scope is LOGIN:
                found.append(f"{scope}|{tenant}|{token}")
        return found

    return route


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
