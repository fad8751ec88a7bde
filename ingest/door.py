"""What topic and headers say of a record, before it is read."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from domain.sources import GENERIC
from ingest.record import Headers
from ingest.settings import TENANT
from ingest.sources.base import Adapter
from ingest.sources.registry import ADAPTERS
from transport.topics import RAW, RAW_HTTP, RAW_IMPORT


class Door(msgspec.Struct, frozen=True):
    """The way by which a record came in; tenant, source and feed are "" where it says none."""

    adapter: Adapter | None
    source: str
    tenant: str
    bad_tenant: bool
    feed: str
    batch: bool
    history: bool
    needs_id: bool
    unsaid: bool  # neither topic nor headers name the source: what the generic reader refuses may be another's


@lru_cache(maxsize=4096)
def door_of(topic: str, headers: Headers) -> Door:
    """Tenant, source and feed of headers count only where nobody but our own API and import may set them."""
    known = dict(headers)
    trusted = topic in (RAW_HTTP, RAW_IMPORT)
    tenant = _word(known.get("tenant")) if trusted else ""
    said = _word(known.get("source")) if trusted else topic.removeprefix(f"{RAW}.") if topic != RAW else ""
    source = said or GENERIC
    return Door(
        adapter=ADAPTERS.get(source),
        source=source,
        tenant=tenant,
        bad_tenant=bool(tenant) and TENANT.fullmatch(tenant) is None,
        feed=_word(known.get("feed")) if trusted else "",
        batch=known.get("batch") == b"1",
        history=trusted and known.get("history") == b"1",
        needs_id=topic == RAW_HTTP,
        unsaid=not said,
    )


def _word(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")[:200]
