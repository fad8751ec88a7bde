"""Keeps an enricher up with files that change and with what other processes took up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from domain import clock
from domain.activity import Activity
from domain.errors import VedetteError
from ingest.enrich.enricher import Enricher
from ingest.enrich.settings import EnrichSettings
from ingest.enrich.stated import egress

log = logging.getLogger("vedette.ingest.enrich")

#: Seconds; well within `versions.NOTICE`, so that a change is known everywhere before it holds.
EVERY: Final = 20.0


#: What tenants stated; raises StoreUnavailable when nobody can be asked.
Facts = Callable[[], Awaitable[Sequence[Activity]]]


async def keep_up(
    enricher: Enricher, settings: EnrichSettings, *, facts: Facts | None = None, every: float = EVERY
) -> None:
    """Until cancelled. A file or a store that cannot be used is logged, and what was in effect stays."""
    while True:
        await asyncio.sleep(every)
        try:
            stated = egress(await facts()) if facts is not None else None
            if await asyncio.to_thread(enricher.take_up, settings, at=clock.now(), stated=stated):
                log.info("new data about addresses is taken up")
        except VedetteError as error:
            log.warning("data about addresses stays as it was: %s", error)
