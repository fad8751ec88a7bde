"""Ingest takes up changed files while it runs."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from domain import clock
from ingest.enrich.enricher import Enricher
from ingest.enrich.refresh import keep_up
from ingest.enrich.settings import EnrichSettings
from ingest.enrich.versions import NOTICE, Versions
from tests.ingest.enrich.mmdb_file import write


async def test_a_changed_file_is_taken_up_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def city(name: str) -> None:
        write(draft, {"81.2.69.0/24": {"country_code": "GB", "city": name, "latitude": 51.0, "longitude": 0.5}})
        draft.replace(path)

    async def until(city_then: str, *, words: str = "") -> None:
        async with asyncio.timeout(20):
            while enricher.origin("81.2.69.1", later).city != city_then or words not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # what a changed file does sets no event; there is a deadline

    path, draft, later = tmp_path / "city.mmdb", tmp_path / "new.mmdb", clock.now() + NOTICE + clock.HOUR
    city("Deal")
    caplog.set_level(logging.INFO, "vedette.ingest.enrich")
    settings, enricher = EnrichSettings(city_mmdb=str(path)), Enricher(Versions(tmp_path / "geo"))
    enricher.take_up(settings, at=clock.now())
    task = asyncio.create_task(keep_up(enricher, settings, every=0.01))
    try:
        city("Hythe")
        await until("Hythe", words="new data about addresses is taken up")
        path.write_bytes(b"broken")
        await until("Hythe", words="data about addresses stays as it was")
        city("Rye")
        await until("Rye")
        assert enricher.origin("81.2.69.1", 0).city == "Deal"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
