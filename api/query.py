"""Query parameters that several resources share: times, pages, and the refusal of names that there are not."""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request

from api.problems import invalid_field, not_found
from domain import clock

_BACK: Final = re.compile(r"-(\d{1,6})([smhdw])")
_UNITS: Final = {
    "s": clock.SECOND, "m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY, "w": 7 * clock.DAY,
}  # fmt: skip

Since = Annotated[str | None, Query(description="From this time on: RFC 3339, or back from now such as -24h")]
Until = Annotated[str | None, Query(description="Before this time: RFC 3339, or back from now such as -1h")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Rows per page")]
Cursor = Annotated[str | None, Query(description="`next` of the page before; everything else must be the same")]
Values = Annotated[list[str], Query(description="May be repeated: any of the values")]


def moment(name: str, text: str | None, *, now: int) -> int | None:
    """Milliseconds of an RFC 3339 time or of one back from `now`; Problem 422 when it is neither."""
    if text is None:
        return None
    if back := _BACK.fullmatch(text):
        return now - int(back[1]) * _UNITS[back[2]]
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a + that was not escaped arrives as a space
        return clock.millis(at)
    except ValueError:
        detail = f"{name} {text[:40]!r} is no time; send one such as 2026-11-24T09:00:00Z or -24h"
        raise invalid_field(name, detail) from None


def uuid(what: str, text: str) -> str:
    """The canonical text of an id; one that is no id does not exist."""
    try:
        return str(UUID(text))
    except ValueError:
        raise not_found(what, text) from None


def one_of(name: str, values: list[str], valid: tuple[str, ...]) -> list[str]:
    """The values, or Problem 422 that lists the valid ones."""
    for value in values:
        if value not in valid:
            near = difflib.get_close_matches(value, valid, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            detail = f"{name}: no such value {value[:40]!r}; {hint}there are {', '.join(valid)}"
            raise invalid_field(name, detail)
    return values


async def only_known(request: Request) -> None:
    """Refuse a query parameter that the operation does not have: a misspelt filter must not mean no filter."""
    operation = str(getattr(request.scope["route"], "operation_id", None))
    known: list[str] = request.app.state.parameters[operation]
    for name in request.query_params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            has = f"it has {', '.join(known)}" if known else "it has none"
            detail = f"no such parameter {name[:40]!r}; {hint}{has}"
            raise invalid_field(name[:40], detail, code="no_such_parameter")
