"""Who asks: the key says tenant and role, the policy says what the role may do."""

from __future__ import annotations

import hmac
import ipaddress
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Final

import msgspec
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import keys, policy
from api.problems import Problem
from domain import clock
from storage.api_keys import ApiKey, ApiKeyStore

#: Wrong keys from one address within a minute, after which it is refused unheard.
FAILURES: Final = 10
#: How long a verified key is believed without asking the store again, ms: a revocation takes effect this late.
BELIEVED: Final = 5 * clock.SECOND
_ADDRESSES, _KEYS = 10_000, 1_000

bearer = HTTPBearer(
    auto_error=False, bearerFormat="vdt_<id>_<secret>", description="An API key, made by `vedette token`"
)


class Caller(msgspec.Struct, frozen=True):
    """The key behind a request. The tenant comes from nowhere else."""

    key_id: str
    tenant: str
    role: str
    name: str


class Failures:
    """Wrong keys per address in the last minute; bounded in addresses."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[int]] = OrderedDict()

    def add(self, address: str, *, at: int) -> None:
        times = self._times.setdefault(address, deque(maxlen=FAILURES))
        times.append(at)
        self._times.move_to_end(address)
        if len(self._times) > _ADDRESSES:
            self._times.popitem(last=False)

    def wait(self, address: str, *, at: int) -> int:
        """Milliseconds until the address is heard again; 0 when it is heard now."""
        times = self._times.get(address, ())
        recent = [time for time in times if time > at - clock.MINUTE]
        return recent[0] + clock.MINUTE - at if len(recent) >= FAILURES else 0


class Gate:
    """Verifies keys. An address that guessed wrong too often is refused, but for keys verified a moment ago."""

    def __init__(self, store: ApiKeyStore, pepper: bytes) -> None:
        self._store, self._pepper = store, pepper
        self._failures = Failures()
        self._verified: OrderedDict[str, tuple[int, Caller]] = OrderedDict()

    async def enter(self, key: str, address: str, *, at: int) -> Caller:
        """The caller behind `key`; raises Problem 401 or 429. `at` in ms."""
        digest = keys.digest(self._pepper, key)
        since, caller = self._verified.get(digest, (0, None))
        if caller is not None and 0 <= at - since < BELIEVED:
            return caller
        if wait := self._failures.wait(address, at=at):
            raise Problem(
                429,
                "too_many_wrong_keys",
                f"{FAILURES} wrong keys came from this address within a minute; try again in {wait // 1000 + 1} s",
                headers={"Retry-After": str(wait // 1000 + 1)},
            )
        found = await self._store.get(keys.id_of(key)) if keys.id_of(key) else None
        if not self._fits(found, digest):
            self._verified.pop(digest, None)
            self._failures.add(address, at=at)
            raise _unauthorised("the API key is not valid; ask an admin for a new one (`vedette token create`)")
        assert found is not None
        caller = Caller(found.key_id, found.tenant, found.role, found.name)
        self._verified[digest] = (at, caller)
        if len(self._verified) > _KEYS:
            self._verified.popitem(last=False)
        return caller

    async def stands(self, caller: Caller) -> bool:
        """Whether the key behind a request that goes on for long is still good; StoreUnavailable when nobody knows."""
        found = await self._store.get(caller.key_id)
        return found is not None and not found.revoked and (found.tenant, found.role) == (caller.tenant, caller.role)

    @staticmethod
    def _fits(found: ApiKey | None, digest: str) -> bool:
        """Compares in constant time, also when there is no such key."""
        same = hmac.compare_digest(found.digest if found else "0" * 64, digest)
        return same and found is not None and not found.revoked


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": 'Bearer realm="vedette"'})


def still(request: Request, caller: Caller) -> Callable[[], Awaitable[bool]]:
    """Whether the caller may go on listening, asked again and again by a stream."""
    gate: Gate = request.app.state.gate
    return partial(gate.stands, caller)


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None
) -> Caller:
    """The dependency of every operation below /api/v1: who asks, once the policy has allowed it."""
    if credentials is None:
        raise _unauthorised("no API key; send it as `Authorization: Bearer vdt_…`")
    address = request.client.host if request.client else ""
    gate: Gate = request.app.state.gate
    found = await gate.enter(credentials.credentials, address, at=clock.now())
    operation = str(getattr(request.scope["route"], "operation_id", None))
    if not policy.allowed(found.role, operation):
        roles = [role for role in policy.ROLES if policy.allowed(role, operation)]
        raise Problem(403, "forbidden", f"the role {found.role} may not do this; {' or '.join(roles)} may", roles=roles)
    return found


Who = Annotated[Caller, Depends(caller)]


async def watcher(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None
) -> Caller | None:
    """Who reads the numbers: a key, or None for a caller on this machine where `api.metrics_open` allows that.

    Behind a proxy on this machine every caller is on this machine, which is why the setting is off.
    """
    address = request.client.host if request.client else ""
    if credentials is None and request.app.state.services.settings.metrics_open and _here(address):
        return None
    return await caller(request, credentials)


Watcher = Annotated[Caller | None, Depends(watcher)]


def _here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
