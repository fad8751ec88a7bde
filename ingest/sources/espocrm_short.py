"""The short way of EspoCRM's action history: reading and writing records, nearly all that its API has to tell."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any, Final

import msgspec

from ingest.sources import short
from ingest.sources.base import Draft
from ingest.sources.short import OBJECT_ID, Text

_UNSET: Final = msgspec.UNSET
_AT: Final = "2026-11-24 09:00:00"
Read = Callable[[dict[str, Any], set[str]], Draft]


class _History(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An ActionHistoryRecord as the API lists it; `data` goes the long way."""

    targetType: str  # the vendor's names
    action: str
    createdAt: str
    targetId: str
    id: str
    number: int | msgspec.UnsetType | None = _UNSET
    targetName: Text = _UNSET
    userId: Text = _UNSET
    userName: Text = _UNSET
    userType: Text = _UNSET
    portalId: Text = _UNSET
    portalName: Text = _UNSET
    ipAddress: Text = _UNSET
    authTokenId: Text = _UNSET
    authTokenName: Text = _UNSET
    authLogRecordId: Text = _UNSET
    authLogRecordName: Text = _UNSET


class Short:
    """`read` is the long way, from the columns of a record; `special` are types of targets that mean something else."""

    def __init__(self, read: Read, special: Container[str]) -> None:
        self._special = special
        self._known = lru_cache(maxsize=short.REMEMBERED)(
            lambda kind, action, user, user_type, ip, session: short.template(
                read,
                {
                    "targetType": kind, "action": action, "createdAt": _AT, "id": "1", "userId": user,
                    "userType": user_type, "ipAddress": ip, "authTokenId": session,
                },
            )
        )  # fmt: skip

    def draft(self, raw: bytes) -> Draft | None:
        """The draft of a usual record, None for any other."""
        if b'"targetType"' not in raw or (found := _histories(raw)) is None or found.targetType in self._special:
            return None
        if not (short.plain(found.id) and short.plain(found.targetId) and short.whole(found.number)):
            return None
        known = self._known(
            found.targetType, found.action, found.userId, found.userType, found.ipAddress, found.authTokenId
        )
        made = short.draft(known, found.createdAt, f"ActionHistoryRecord/{found.id}") if known else None
        if made is not None:
            made.row[OBJECT_ID] = found.targetId
        return made


_histories = short.decoder(_History)
