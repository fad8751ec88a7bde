"""Dead letters: a refused record with its bytes, its place, a code and a sentence, as one row of the table."""

from __future__ import annotations

import base64
import hashlib
from typing import Final
from uuid import uuid5

import msgspec

from domain.alert import NAMESPACE
from ingest.record import Headers, Record

#: Bytes that are kept; of a larger record only length and digest.
MOST_KEPT: Final = 64 * 1024


class DeadLetter(msgspec.Struct, frozen=True, array_like=True):
    """One row, in the order of COLUMNS. `received_at` in ms; `raw` is base64; `headers` see `pack_headers`."""

    dead_letter_id: str
    tenant: str
    source: str
    feed: str
    epoch: int
    lane: str
    offset: int
    index: int
    received_at: int
    code: str
    reason: str
    detector: str
    raw: str
    raw_bytes: int
    raw_sha256: str
    headers: str


#: Columns of an insert into `dead_letters`, one per field.
COLUMNS: Final = tuple("received_at_ms" if f == "received_at" else f for f in DeadLetter.__struct_fields__)


def dead_letter(
    record: Record,
    *,
    code: str,
    reason: str,
    tenant: str,
    source: str,
    feed: str,
    kept: bytes | None = None,
    detector: str = "",
    index: int = 0,
) -> DeadLetter:
    """The row for `record`. `kept` is what may be stored of it (all, when None); length and digest are of the whole."""
    raw = record.value if kept is None else kept
    place = f"{record.epoch}|{record.lane}|{record.offset}|{index}|{detector}"
    return DeadLetter(
        dead_letter_id=str(uuid5(NAMESPACE, f"dead|{place}")),
        tenant=tenant,
        source=source,
        feed=feed,
        epoch=record.epoch,
        lane=record.lane,
        offset=record.offset,
        index=index,
        received_at=record.received_at,
        code=code,
        reason=reason,
        detector=detector,
        raw=base64.b64encode(raw).decode() if len(raw) <= MOST_KEPT else "",
        raw_bytes=len(record.value),
        raw_sha256=hashlib.sha256(record.value).hexdigest(),
        headers=pack_headers(record.headers),
    )


def pack_headers(headers: Headers) -> str:
    """Kafka headers as a JSON list of [name, value]; bytes one to one as Latin-1 characters.

    Kafka also knows headers without a value, whatever their type here says; they count as empty.
    """
    return msgspec.json.encode([(name, (value or b"").decode("latin-1")) for name, value in headers]).decode()


def unpack_headers(packed: str) -> Headers:
    """What `pack_headers` packed."""
    pairs = msgspec.json.decode(packed or "[]", type=list[tuple[str, str]])
    return tuple((name, value.encode("latin-1")) for name, value in pairs)
