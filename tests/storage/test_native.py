"""A block in ClickHouse's Native format is read by the server as it was meant."""

from __future__ import annotations

from uuid import UUID

from storage import native
from storage.client import Block, connect
from storage.settings import StoreSettings

#: Lengths on both sides of one, two and three bytes of LEB128, and of what is looked up and what is not.
LENGTHS = (0, 1, 127, 128, 4_095, 4_096, 16_383, 16_384)
IDS = [str(UUID(int=(n << 64) | 0x0123456789ABCDEF)) for n in range(len(LENGTHS))]


async def test_the_server_reads_texts_of_every_length_numbers_to_their_limits_and_ids(database: StoreSettings) -> None:
    migrator = await connect(database, "migrator")
    migrator.use(database.database)
    texts = [("ü" * length)[: length // 2] + "x" * (length % 2) for length in LENGTHS]
    signed, large = [-(2**63), -1, 0, 1, 2, 3, 4, 2**63 - 1], [0, 1, 2, 3, 4, 5, 6, 2**64 - 1]
    columns = {
        "id": native.uuids(IDS),
        "text": native.texts([text.encode() for text in texts]),
        "joined": native.Column("String", b"".join(native.text(text.encode()) for text in texts)),
        "signed": native.whole("Int64", signed),
        "large": native.whole("UInt64", large),
        "small": native.whole("UInt32", [*range(7), 2**32 - 1]),
    }
    await migrator.command(
        "CREATE OR REPLACE TABLE made (id UUID, text String, joined LowCardinality(String), signed Int64, "
        "large UInt64, small UInt32) ENGINE = Memory"
    )
    block = Block(tuple(columns), native.block(columns, len(IDS)), len(IDS))
    await migrator.insert_block("made", block, token="")
    rows = await migrator.query(
        "SELECT toString(id), text, joined, toString(signed), toString(large), small FROM made",
        row=tuple[str, str, str, str, str, int],
    )
    await migrator.close()
    small = [*range(7), 2**32 - 1]
    assert rows == list(zip(IDS, texts, texts, map(str, signed), map(str, large), small, strict=True))
