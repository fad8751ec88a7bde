"""EspoCRM: AuthLogRecord and ActionHistoryRecord, as "API :: CRUD Operations" and "API search parameters" list them.

`GET api/v1/{entity}` with `X-Api-Key`, `maxSize` (200 unless the server allows more), `offset`, `orderBy`, `order` and
`where` items; the answer is `{"list": […], "total": …}`, here without the total (`X-No-Total`). Offsets over a table
from which old rows are cleaned would skip rows, so a page begins at the time of the last one, whose rows come twice.
EspoCRM documents no limit on requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from domain import clock
from ingest.collect.feeds import Feed, Page, Unreadable
from ingest.collect.web import Auth, Web

_SIZE: Final = 200
_ENTITIES: Final = ("AuthLogRecord", "ActionHistoryRecord")


class _Row(msgspec.Struct):
    createdAt: str  # the vendor's name


class _List(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="list")


class Entity:
    """The rows of one entity by createdAt, in seconds, UTC."""

    #: Rows get their time before they are committed, by the clock of the server.
    overlap = 5 * clock.MINUTE

    def __init__(self, web: Web, name: str) -> None:
        self.name, self._web = name, web

    async def page(self, since: int, until: int, token: str) -> Page:
        start, _, skipped = (token or f"{_stamp(since)}|0").partition("|")
        params = {"maxSize": _SIZE, "offset": skipped, "orderBy": "createdAt", "order": "asc"}
        for number, (kind, value) in enumerate((("greaterThanOrEquals", start), ("lessThanOrEquals", _stamp(until)))):
            item = f"where[{number}]"
            params |= {f"{item}[type]": kind, f"{item}[attribute]": "createdAt", f"{item}[value]": value}
        found = await self._web.json(f"api/v1/{self.name}", _List, params={n: str(v) for n, v in params.items()})
        if len(found.rows) < _SIZE:
            return Page([bytes(each) for each in found.rows], "")
        try:
            last = msgspec.json.decode(found.rows[-1], type=_Row).createdAt
        except msgspec.MsgspecError as error:
            raise Unreadable(f"EspoCRM's {self.name} has a row without createdAt: {error}") from error
        # a page that lies within one second can only be left by counting on
        follows = f"{last}|0" if last > start else f"{start}|{int(skipped) + len(found.rows)}"
        return Page([bytes(each) for each in found.rows], follows)


def _stamp(at: int) -> str:
    return clock.moment(at).strftime("%Y-%m-%d %H:%M:%S")


class EspoCRM:
    """An API user's key, whose role may read both entities."""

    url = ""
    secrets = ("api_key",)

    def web(self, url: str, secrets: Callable[[], Mapping[str, str]]) -> Web:
        return Web(url, Auth(secrets, lambda found: {"X-Api-Key": found["api_key"], "X-No-Total": "true"}), pause=0.1)

    def feeds(self, web: Web) -> Sequence[Feed]:
        return tuple(Entity(web, name) for name in _ENTITIES)
