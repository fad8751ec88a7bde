"""Facts are read from the stored activities, of all tenants."""

from __future__ import annotations

from domain.activity import Activity
from storage.client import Client
from storage.events import EventStore
from storage.facts import FactStore
from tests.ingest.made import activity, event


async def test_what_is_stated_is_found_and_nothing_else(store: Client) -> None:
    plain = activity(event())
    said: list[Activity] = [
        activity(
            event(id=tenant, tenant=tenant, action="context.stated", fact="egress_range", about="network:10.0.0.0/8")
        )
        for tenant in ("acme", "globex")
    ]
    await EventStore(store).insert([plain, *said], [b"{}"] * 3, token="facts")
    found = sorted(await FactStore(store).stated(), key=lambda each: each.tenant)
    assert [(each.tenant, each.fact, each.about) for each in found] == [
        ("acme", "egress_range", "network:10.0.0.0/8"), ("globex", "egress_range", "network:10.0.0.0/8"),
    ]  # fmt: skip
    assert found == said
