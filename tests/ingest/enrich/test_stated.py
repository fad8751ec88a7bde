"""Facts about one's own egress: from an event to the network of later events, of that tenant alone, for their time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from domain import clock
from domain.activity import Activity
from domain.subject import Tokeniser
from ingest.enrich.enricher import Enricher
from ingest.enrich.refresh import keep_up
from ingest.enrich.settings import EnrichSettings, Override
from ingest.enrich.stated import Fact, egress
from ingest.enrich.versions import NOTICE, Versions
from ingest.normalise import Normaliser
from ingest.settings import IngestSettings
from tests.ingest.made import activity, event, record, refused

#: 2026-11-24T09:00:00Z.
NOW = 1_795_510_800_000
HOUR = 3_600_000
IP = "81.2.69.142"


def stated(about: str = "network:81.2.69.0/24", *, fact: str = "egress_range", **more: Any) -> Activity:
    return activity(
        event(action="context.stated", fact=fact, about=about, **{"object_type": None, "object_id": None, **more})
    )


def test_what_was_said_last_of_a_range_counts_and_other_facts_say_nothing() -> None:
    said = [
        stated(id="1", occurred_at="2026-11-01T00:00:00Z", **{"from": "2026-11-02", "until": "2026-11-30"}),
        stated(id="2", occurred_at="2026-11-20T00:00:00Z", until="2026-11-21T00:00:00Z"),
        stated(id="3", about="network:2001:db8::/32"),
        stated(id="4", about="actor:u7", fact="leaver"),
        stated(id="5", about="network:10.0.0.0/8", fact="holiday"),
        stated(id="6", tenant="globex"),
    ]
    day = clock.millis(clock.moment(NOW).replace(hour=0))
    expected = {
        "acme": (
            Fact("2001:db8::/32", NOW - 60_000),
            Fact("81.2.69.0/24", day - 4 * 24 * HOUR, day - 3 * 24 * HOUR),
        ),
        "globex": (Fact("81.2.69.0/24", NOW - 60_000),),
    }
    assert egress(said) == egress(reversed(said)) == expected


def test_a_range_that_is_none_is_a_dead_letter_with_the_remedy() -> None:
    code, reason = refused(
        event(action="context.stated", fact="egress_range", about="network:81.2.69.1/24", object_type=None)
    )
    assert (code, "send one such as network:203.0.113.0/24" in reason) == ("unknown_value", True)


def test_a_fact_holds_for_its_tenant_and_its_time_and_never_for_what_was_stored_before(tmp_path: Path) -> None:
    enricher = Enricher(Versions(tmp_path / "geo"))
    enricher.take_up(EnrichSettings(), at=NOW)
    before = {at: enricher.origin(IP, at, "acme") for at in (0, NOW, NOW + NOTICE + HOUR - 1)}
    facts = {"acme": (Fact("81.2.69.0/24", NOW - 24 * HOUR, NOW + 5 * HOUR), Fact("81.2.69.128/25", NOW + 3 * HOUR))}
    assert enricher.take_up(EnrichSettings(), at=NOW + HOUR, stated=facts)
    assert not enricher.take_up(EnrichSettings(), at=NOW + HOUR, stated=facts)
    assert not enricher.take_up(EnrichSettings(), at=NOW + HOUR)  # nobody was asked: they stay
    again = Enricher(Versions(tmp_path / "geo"))
    assert again.read()
    starts = NOW + HOUR + NOTICE
    for each in (enricher, again):
        assert {at: each.origin(IP, at, "acme") for at in before} == before
        networks = {at: each.origin(IP, at, "acme").network for at in (starts - 1, starts, starts + 4 * HOUR)}
        assert [network == "corporate" for network in networks.values()] == [False, True, True]
        assert each.answer(IP, starts, "acme").network_from == "stated: 81.2.69.0/24"
        assert each.answer(IP, NOW + 4 * HOUR, "acme").network_from == "stated: 81.2.69.128/25"
        assert each.origin("81.2.69.1", NOW + 5 * HOUR - 1, "acme").network == "corporate"
        assert each.origin("81.2.69.1", NOW + 5 * HOUR, "acme").network != "corporate"
        assert each.origin(IP, starts, "globex") == each.origin(IP, starts) == before[NOW]
    assert enricher.take_up(EnrichSettings(), at=NOW + 6 * HOUR, stated={})
    assert enricher.origin(IP, NOW + 8 * HOUR, "acme").network != "corporate"
    assert enricher.origin(IP, starts, "acme").network == "corporate"


def test_what_is_remembered_of_a_span_survives_what_is_taken_up_later(tmp_path: Path) -> None:
    enricher = Enricher(Versions(tmp_path / "geo"))
    enricher.take_up(EnrichSettings(), at=NOW, stated={"acme": (Fact("81.2.69.0/24", NOW + HOUR),)})
    first, second = enricher.lookup(NOW), enricher.lookup(NOW + HOUR)
    assert first is not second
    enricher.take_up(EnrichSettings(overrides={"198.51.100.0/24": Override(network="vpn")}), at=NOW + 2 * HOUR)
    assert enricher.lookup(NOW) is first
    assert enricher.origin(IP, NOW + HOUR, "acme").network == "corporate"


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_the_fact_reaches_the_stored_activity_of_its_tenant(tmp_path: Path, tenant: str) -> None:
    enricher = Enricher(Versions(tmp_path / "geo"))
    enricher.take_up(EnrichSettings(), at=NOW, stated={"acme": (Fact("81.2.69.0/24", 0),)})
    reader = Normaliser(IngestSettings(), lambda name: Tokeniser(b"k" * 32, name), origins=enricher.lookup)
    for more in ({}, {"unknown_field": 1}):  # the short way and the long way
        sent = event(tenant=tenant, action="auth.login.succeeded", origin={"ip": IP}, object_type=None, **more)
        outcome = reader.normalise(record(sent))
        assert isinstance(outcome, list)
        assert (outcome[0].network == "corporate") is (tenant == "acme")
        assert outcome[0].country == "GB"


async def test_ingest_takes_up_what_is_stated_while_it_runs(tmp_path: Path) -> None:
    said = list[Activity]()

    async def facts() -> list[Activity]:
        return said

    enricher, later = Enricher(Versions(tmp_path / "geo")), clock.now() + NOTICE + HOUR
    enricher.take_up(EnrichSettings(), at=clock.now())
    task = asyncio.create_task(keep_up(enricher, EnrichSettings(), facts=facts, every=0.01))
    try:
        said.append(stated(occurred_at=clock.rfc3339(NOW)))
        async with asyncio.timeout(20):
            while enricher.origin(IP, max(later, NOW + HOUR), "acme").network != "corporate":  # noqa: ASYNC110 it has nobody to tell
                await asyncio.sleep(0.01)  # what is taken up sets no event; there is a deadline
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
