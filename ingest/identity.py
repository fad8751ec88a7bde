"""Ids of activities: derived from what happened, so that every delivery of one event has one place in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

# Copying a hash that has been set up takes half as long as setting one up.
_IDS: Final = hashlib.blake2b(digest_size=16, person=b"vedette activity")
_RECORDS: Final = hashlib.blake2b(digest_size=8)
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_VARIANTS: Final = bytes.maketrans(b"0123456789abcdef", b"89ab" * 4)
_FEW: Final = 10
#: Where the digits of a UUID stand in it.
_DIGITS: Final = (*range(8), *range(9, 13), *range(14, 18), *range(19, 23), *range(24, 36))


def activity_id(what: str) -> str:
    """A UUID of version 8 over `what`: its parts, none of which may hold a NUL, with a NUL between each two.

    The parts are tenant, source, native id (or place in Kafka), occurred_at, action and the tokens of actor, login,
    address and app: tokens and not values, so that an id tells nobody who it was.
    """
    whole = _IDS.copy()
    whole.update(what.encode())
    digest = whole.hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:]}"


def activity_ids(whats: Sequence[str]) -> list[str]:
    """The same of many, which are written in columns, one digit of each at a time; a few are quicker one by one."""
    if len(whats) < _FEW:
        return list(map(activity_id, whats))
    digests, copy = list[bytes](), _IDS.copy
    for what in whats:
        whole = copy()
        whole.update(what.encode())
        digests.append(whole.digest())
    digits, written = b"".join(digests).hex().encode(), bytearray(b"-") * (36 * len(whats))
    for digit, place in enumerate(_DIGITS):
        written[place::36] = digits[digit::32]
    written[14::36] = b"8" * len(whats)
    written[19::36] = digits[16::32].translate(_VARIANTS)
    text = written.decode()
    return [text[start : start + 36] for start in range(0, len(text), 36)]


def record_digest(raw: bytes) -> str:
    """16 hexadecimal digits over the raw record."""
    whole = _RECORDS.copy()
    whole.update(raw)
    return whole.hexdigest()


def record_digests(raws: Iterable[bytes]) -> list[str]:
    """The same of many."""
    digests, copy = list[str](), _RECORDS.copy
    for raw in raws:
        whole = copy()
        whole.update(raw)
        digests.append(whole.hexdigest())
    return digests
