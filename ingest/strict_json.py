"""JSON read so that no two readers understand it differently: one bounded object, no repeated key, no odd number."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

import msgspec

from ingest.refusal import Refused, shown

#: Bounds of one record.
MOST_BYTES: Final = 256_000
MOST_DEPTH: Final = 32
MOST_KEYS: Final = 512
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_MARKS: Final = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")

_decode = msgspec.json.Decoder().decode


def parse(raw: bytes) -> dict[str, Any]:
    """The object that `raw` is. Raises Refused, with a code of its own for each reason."""
    if len(raw) > MOST_BYTES:
        raise Refused(
            "too_large", f"the record has {len(raw)} bytes, more than {MOST_BYTES}; send smaller events, one per record"
        )
    try:
        value = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        _diagnose(raw, error)
    if type(value) is not dict:
        raise Refused(
            "not_an_object", f'the record is {_kind(value)}; send one JSON object per record, such as {{"id": …}}'
        )
    # Only an escape can write a NUL or half a surrogate pair, so texts are looked into only when there is one.
    keys = _measure(value, 1, b"\\" in raw)
    if keys > MOST_KEYS:
        raise _too_many(keys)
    if keys_in(raw) != keys:  # a repeated key would be surplus
        json.loads(raw, object_pairs_hook=_refuse_repeats)
    return value


def keys_in(raw: bytes) -> int:
    """At least as many as there are keys: without white space a record holds one `":` for each, and some in texts."""
    return raw.translate(None, b" \t\r\n").count(b'":')


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise Refused("repeated_key", f"the key {shown(repeated)} stands twice in one object; send it once")
    return found


def _measure(value: Any, depth: int, careful: bool) -> int:
    """How many keys there are; raises Refused for what lies too deep or has no exact meaning."""
    if depth > MOST_DEPTH:
        raise _too_deep()
    keys = 0
    values = value
    if type(value) is dict:
        keys, values = len(value), value.values()
        if careful:
            for key in value:
                _check_text(key)
    for item in values:
        kind = type(item)
        if kind is str:
            if careful:
                _check_text(item)
        elif kind is int:
            if not _LOWEST <= item <= _HIGHEST:
                raise _too_big(str(item) if item.bit_length() < 200 else "an integer")
        elif kind is dict or kind is list:
            keys += _measure(item, depth + 1, careful)
    return keys


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Refused("nul_character", "a text holds the character U+0000; send it without")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _surrogate() from None


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", type(None): "null", bool: "true or false"}
    return names.get(type(value), "a number")


def _diagnose(raw: bytes, error: Exception) -> NoReturn:
    """Why the fast reader refused `raw`, told by the slow one."""
    if not raw.strip():
        raise Refused("empty", "the record is empty; send one JSON object per record")
    if raw.startswith(_MARKS):
        raise Refused("byte_order_mark", "the record starts with a byte order mark; send UTF-8 without it")
    try:
        text = raw.decode()
    except UnicodeDecodeError as invalid:
        raise Refused(
            "not_utf8", f"byte {invalid.start} of the record is not UTF-8; send the JSON text in UTF-8"
        ) from None
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_float, parse_int=_int)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as invalid:
        raise Refused(
            "not_json",
            f"the record is not JSON at line {invalid.lineno}, column {invalid.colno} ({invalid.msg}); "
            "send one JSON object",
        ) from None
    if isinstance(value, dict | list):
        _measure(value, 1, True)
    elif isinstance(value, str):
        _check_text(value)
    raise Refused("not_json", f"the record is not JSON ({str(error)[:100]}); send one JSON object")


def _refuse_constant(name: str) -> NoReturn:
    raise Refused("not_a_number", f"{name} is no JSON number; leave the field out when the value is unknown")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Refused("number_out_of_range", f"the number {text[:20]} is beyond a double; send a number below 1e308")
    return number


def _int(text: str) -> int:
    if len(text) > 20:
        raise _too_big(text[:20] + "…")
    return int(text)


def _too_big(text: str) -> Refused:
    return Refused("integer_too_large", f"the integer {text} does not fit into 64 bits; send it as a text")


def _too_deep() -> Refused:
    return Refused("too_deep", f"the record is nested deeper than {MOST_DEPTH} levels; send a flatter object")


def _too_many(keys: int) -> Refused:
    return Refused("too_many_keys", f"the record has {keys} keys, more than {MOST_KEYS}; send fewer fields")


def _surrogate() -> Refused:
    return Refused("lone_surrogate", "a text holds half of a surrogate pair; send whole Unicode characters")
