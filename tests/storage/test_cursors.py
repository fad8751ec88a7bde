"""Cursors of collectors and files of watched folders, as the store keeps them."""

from __future__ import annotations

from storage.client import Client
from storage.cursors import Cursor, CursorStore


async def test_a_feed_has_the_newest_of_its_cursors_and_no_other_feed_s(store: Client) -> None:
    cursors = CursorStore(store)
    assert await cursors.get("acme", "hubspot", "login") is None
    await cursors.put("acme", "hubspot", "login", Cursor(10, 20, "page|2", 1))
    await cursors.put("acme", "hubspot", "login", Cursor(20, 20, "", 2))
    await cursors.put("acme", "hubspot", "security", Cursor(5, 6, "x", 1))
    await cursors.put("globex", "hubspot", "login", Cursor(7, 7, "", 9))
    assert await cursors.get("acme", "hubspot", "login") == Cursor(20, 20, "", 2)
    assert await cursors.get("acme", "hubspot", "security") == Cursor(5, 6, "x", 1)


async def test_a_file_is_known_by_its_content_within_a_tenant_and_source(store: Client) -> None:
    cursors = CursorStore(store)
    digest = "ab" * 32
    await cursors.put_imported("acme", "salesforce", digest, "0AT1.csv", rows=3, rejected=1)
    await cursors.put_imported("acme", "salesforce", digest, "0AT1 (copy).csv", rows=3, rejected=1)
    assert await cursors.imported("acme", "salesforce") == {digest}
    assert await cursors.imported("acme", "hubspot") == set()
    assert await cursors.imported("globex", "salesforce") == set()
