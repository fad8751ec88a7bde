"""Twenty: the query `eventLogs` of its metadata API ("APIs", and the module "Event Logs" of its server).

`POST /metadata` with `Authorization: Bearer`; `input` has `table`, `first` (at most 10 000) and `filters.dateRange`,
whose ends both count; the answer is newest first. Its own cursor steps over rows of the same millisecond at the border
of two pages, so a page here begins again at the time of the oldest row of the one before. Needs a server with
ClickHouse, an Enterprise key, and an API key whose role may see security settings. Limit: 100 requests a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from domain import clock
from ingest.collect.feeds import Feed, Page, Unreadable
from ingest.collect.web import Auth, Refused, Web

_FIRST, _MOST = 1_000, 10_000
_TABLES: Final = (("workspace-events", "WORKSPACE_EVENT"), ("object-events", "OBJECT_EVENT"))
_QUERY: Final = (
    "query Events($input: EventLogQueryInput!) { eventLogs(input: $input) { records "
    "{ event timestamp userId properties recordId objectMetadataId isCustom } pageInfo { hasNextPage } } }"
)


class _Info(msgspec.Struct):
    hasNextPage: bool  # the vendor's name


class _Logs(msgspec.Struct):
    records: list[msgspec.Raw]
    pageInfo: _Info  # the vendor's name


class _Data(msgspec.Struct):
    eventLogs: _Logs  # the vendor's name


class _Fault(msgspec.Struct):
    message: str = ""


class _Answer(msgspec.Struct):
    data: _Data | None = None
    errors: list[_Fault] = []


class _Row(msgspec.Struct):
    timestamp: datetime


class Table:
    """The rows of one table. They have no id of their own: two of the same content are one."""

    #: Rows pass through a queue before they are stored.
    overlap = 5 * clock.MINUTE

    def __init__(self, web: Web, name: str, table: str) -> None:
        self.name, self._web, self._table = name, web, table

    async def page(self, since: int, until: int, token: str) -> Page:
        end = int(token) if token else until
        logs = await self._ask(since, end, _FIRST)
        if logs.pageInfo.hasNextPage and _oldest(logs.records) >= end:
            logs = await self._ask(since, end, _MOST)
        if not logs.pageInfo.hasNextPage or not logs.records:
            return Page([bytes(each) for each in logs.records], "")
        oldest = _oldest(logs.records)
        if oldest >= end:
            raise Unreadable(
                f"Twenty has more than {_MOST} {self.name} in the millisecond {end}: nothing can page there"
            )
        return Page([bytes(each) for each in logs.records], str(oldest))

    async def _ask(self, since: int, end: int, first: int) -> _Logs:
        span = {"start": clock.rfc3339(since), "end": clock.rfc3339(end)}
        given: dict[str, Any] = {"table": self._table, "first": first, "filters": {"dateRange": span}}
        body = {"query": _QUERY, "variables": {"input": given}}
        answer = await self._web.json("metadata", _Answer, body=body)
        if answer.errors or answer.data is None:
            said = "; ".join(fault.message[:200] for fault in answer.errors) or "nothing"
            raise Refused(200, f"Twenty refuses {self.name}: {said}")
        return answer.data.eventLogs


def _oldest(records: Sequence[msgspec.Raw]) -> int:
    try:
        return min(clock.millis(msgspec.json.decode(each, type=_Row).timestamp) for each in records)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"Twenty has a row without a readable timestamp: {error}") from error


class Twenty:
    """An API key of a role that may see security settings."""

    url = "https://api.twenty.com"
    secrets = ("api_key",)

    def web(self, url: str, secrets: Callable[[], Mapping[str, str]]) -> Web:
        auth = Auth(secrets, lambda found: {"Authorization": f"Bearer {found['api_key']}"})
        return Web(url, auth, pause=0.6)

    def feeds(self, web: Web) -> Sequence[Feed]:
        return tuple(Table(web, name, table) for name, table in _TABLES)
