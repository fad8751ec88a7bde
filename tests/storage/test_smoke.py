"""x"""
from storage.client import Client
async def test_a(store: Client, reader: Client) -> None:
    assert await reader.query("SELECT 1", row=list[int]) == [[1]]
