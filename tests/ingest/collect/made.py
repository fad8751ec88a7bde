"""Collectors as tests need them: with cursors in memory and deliveries that are only counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ingest.collect.feeds import Feed
from ingest.collect.registry import COLLECTORS
from ingest.collect.rounds import Collecting, Recent, Told
from ingest.collect.web import Web
from storage.cursors import Cursor
from tests.ingest.collect.vendors import NOON, TOKEN, Vendor

SECRETS = {"token": TOKEN, "api_key": TOKEN, "client_id": "3MVG9", "client_secret": "s3cret"}


class Killed(BaseException):
    """The process ends here: nothing after it runs."""


class Log:
    """Cursors and what was delivered, which outlive a collector. `dies` counts down the steps until it is killed."""

    def __init__(self) -> None:
        self.cursors: dict[tuple[str, str, str], Cursor] = {}
        self.records: list[bytes] = []
        self.dies = 10**9

    def step(self) -> None:
        self.dies -= 1
        if self.dies == 0:
            raise Killed

    async def get(self, tenant: str, collector: str, feed: str) -> Cursor | None:
        return self.cursors.get((tenant, collector, feed))

    async def put(self, tenant: str, collector: str, feed: str, cursor: Cursor) -> None:
        self.step()
        old = self.cursors.get((tenant, collector, feed))
        assert old is None or cursor.revision > old.revision
        self.cursors[tenant, collector, feed] = cursor

    async def deliver(self, records: Sequence[bytes]) -> None:
        self.step()
        self.records += records
        self.step()

    def collecting(self, name: str, *, since: int = NOON - 7 * 86_400_000, recent: Recent | None = None) -> Collecting:
        return Collecting(
            tenant="acme", name=name, since=since, cursors=self, deliver=self.deliver, recent=recent or Recent()
        )


@asynccontextmanager
async def opened(
    name: str, vendor: Vendor, waits: list[float] | None = None
) -> AsyncIterator[tuple[Web, Sequence[Feed]]]:
    """The vendor's server and our feeds over it; pauses are noted in `waits` and not waited."""
    noted = waits if waits is not None else []

    async def sleep(seconds: float) -> None:
        noted.append(seconds)

    source = COLLECTORS[name]
    async with vendor.running() as url:
        web = source.web(url, lambda: SECRETS)
        web._sleep, web._pause = sleep, 0.0  # the tests' own clock
        async with web.open():
            yield web, source.feeds(web)


async def collect(name: str, vendor: Vendor, log: Log, *, at: int = NOON, recent: Recent | None = None) -> list[Told]:
    async with opened(name, vendor) as (_, feeds):
        return await log.collecting(name, recent=recent).round(feeds, at=at)
