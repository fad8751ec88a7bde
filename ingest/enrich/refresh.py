"""Keeps an enricher up with files that change and with what other processes took up."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from domain import clock
from domain.errors import VedetteError
from ingest.enrich.enricher import Enricher
from ingest.enrich.settings import EnrichSettings

log = logging.getLogger("vedette.ingest.enrich")

#: Seconds; well within `versions.NOTICE`, so that a change is known everywhere before it holds.
EVERY: Final = 20.0


async def keep_up(enricher: Enricher, settings: EnrichSettings, *, every: float = EVERY) -> None:
    """Until cancelled. A file that cannot be used is logged, and what was in effect stays."""
    while True:
        await asyncio.sleep(every)
        try:
            if await asyncio.to_thread(enricher.take_up, settings, at=clock.now()):
                log.info("new data about addresses is taken up")
        except VedetteError as error:
            log.warning("data about addresses stays as it was: %s", error)
