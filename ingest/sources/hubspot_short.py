"""The short way of HubSpot's sign-ins and of records in its audit log: two shapes that make up nearly all of a feed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, Final

import msgspec

from ingest.sources import short
from ingest.sources.base import Draft
from ingest.sources.short import OBJECT_ID, Text

_UNSET: Final = msgspec.UNSET
_AT: Final = "2026-11-24T09:00:00.000Z"
Read = Callable[[dict[str, Any], set[str]], Draft]
Id = int | str | None | msgspec.UnsetType


class _Login(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    loginAt: Text  # the vendor's names
    loginSucceeded: bool
    id: Text = _UNSET
    userId: Id = _UNSET
    email: Text = _UNSET
    ipAddress: Text = _UNSET
    location: Text = _UNSET
    userAgent: Text = _UNSET
    countryCode: Text = _UNSET
    regionCode: Text = _UNSET


class _User(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    userId: Id = _UNSET
    userEmail: Text = _UNSET


class _Audit(msgspec.Struct, forbid_unknown_fields=True):
    inside: ClassVar[str] = "actingUser"

    occurredAt: Text  # the vendor's names
    category: str
    actingUser: _User
    id: Text = _UNSET
    subCategory: Text = _UNSET
    action: Text = _UNSET
    targetObjectId: Text = _UNSET


class Short:
    """`read` is the long way, from the columns of a record."""

    def __init__(self, read: Read) -> None:
        self._login = lru_cache(maxsize=short.REMEMBERED)(
            lambda *values: short.template(read, dict(zip(_Login.__struct_fields__, (_AT, *values), strict=True)))
        )
        self._audit = lru_cache(maxsize=short.REMEMBERED)(
            lambda category, kind, action, user, email: short.template(
                read,
                {
                    "occurredAt": _AT,
                    "category": category,
                    "subCategory": kind,
                    "action": action,
                    "actingUser": {
                        name: value for name, value in (("userId", user), ("userEmail", email)) if value is not _UNSET
                    },
                    "id": "1",
                },
            )
        )

    def draft(self, raw: bytes) -> Draft | None:
        """The draft of a usual record, None for any other."""
        if b'"loginAt"' in raw:
            return self._signed_in(raw)
        return self._audited(raw) if b'"occurredAt"' in raw else None

    def _signed_in(self, raw: bytes) -> Draft | None:
        found = _logins(raw)
        if found is None or not short.plain(found.id) or not short.whole(found.userId):
            return None
        known = self._login(
            found.loginSucceeded, "1", found.userId, found.email, found.ipAddress, "", found.userAgent,
            found.countryCode, found.regionCode,
        )  # fmt: skip
        return short.draft(known, found.loginAt, f"login/{found.id}") if known else None

    def _audited(self, raw: bytes) -> Draft | None:
        """Critical actions go the long way: what their target is differs by kind."""
        found = _audits(raw)
        if found is None or found.category == "CRITICAL_ACTION" or not short.plain(found.id):
            return None
        user = found.actingUser
        if not short.plain(found.targetObjectId) or not short.whole(user.userId):
            return None
        known = self._audit(found.category, found.subCategory, found.action, user.userId, user.userEmail)
        made = short.draft(known, found.occurredAt, f"audit/{found.id}") if known else None
        if made is not None:
            made.row[OBJECT_ID] = found.targetObjectId
        return made


_logins, _audits = short.decoder(_Login), short.decoder(_Audit)
