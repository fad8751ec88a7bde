"""What topic and headers say of a record, before it is read."""

from __future__ import annotations

import msgspec

from ingest.sources.base import Adapter


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
