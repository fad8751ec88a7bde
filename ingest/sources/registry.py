"""The adapters by the name of their source, found by the one list in `domain.sources`; and whose a record is."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from domain.sources import GENERIC, SOURCES
from ingest.refusal import Refused
from ingest.sources.base import Adapter
from ingest.sources.cloud_events import data_of
from ingest.strict_json import parse


def _load(name: str) -> Adapter:
    adapter: Adapter = import_module(f"ingest.sources.{name}").ADAPTER
    return adapter


ADAPTERS: Final[dict[str, Adapter]] = {name: _load(name) for name in SOURCES}
#: What a record holds when a field that is never stored may be in it; an escaped name counts as one.
NEVER_STORED: Final = {
    name: (b"\\u", *(f'"{field}"'.encode() for field in adapter.never_stored)) for name, adapter in ADAPTERS.items()
}


def detect(raw: bytes, others: Iterable[Adapter] = ()) -> Adapter | None:
    """The adapter that knows the record by the names of its fields; None for none, for the generic event, and for bytes
    that are no record. Of several the first: `others` (a company's own mappings), then the order of the list.
    """
    try:
        event: dict[str, Any] = data_of(parse(raw))
    except Refused:
        return None
    for adapter in (*others, *ADAPTERS.values()):
        if adapter.knows(event):
            return None if adapter.source == GENERIC else adapter
    return None
