"""Salesforce: event log files, hourly and daily, and the setup audit trail.

"Query or View Hourly Event Log Files" (REST API Developer Guide): files are found by CreatedDate, since rows that come
late stand in a new file with a higher Sequence, and fetched from `/sobjects/EventLogFile/{id}/LogFile` as CSV. A daily
file repeats what the hourly ones had: the same rows have the same native ids. SOQL and its pages (`nextRecordsUrl`):
"Query". Sign-in: "OAuth 2.0 Client Credentials Flow", at the org's own domain; 401 INVALID_SESSION_ID means that the
token has ended, 403 REQUEST_LIMIT_EXCEEDED that the day's requests are used up ("Status Codes and Error Responses").
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from domain import clock
from ingest.collect.feeds import Feed, Page
from ingest.collect.web import Auth, Web
from ingest.files import rows
from ingest.sources.salesforce_events import READERS

_API: Final = "/services/data/v62.0"
_TRAIL: Final = "SELECT Id, Action, Section, Display, CreatedById, CreatedDate, DelegateUser FROM SetupAuditTrail"
_FILES: Final = "SELECT Id, EventType, CreatedDate FROM EventLogFile"


class _Token(msgspec.Struct):
    access_token: str
    instance_url: str = ""


class _Records(msgspec.Struct):
    records: list[msgspec.Raw]
    nextRecordsUrl: str = ""  # the vendor's name


class _File(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="Id")
    kind: str = msgspec.field(name="EventType")
    created: str = msgspec.field(name="CreatedDate")

    @property
    def place(self) -> tuple[str, str]:
        return self.created, self.id


class _SignIn(Auth):
    """Tokens for a client id and its secret; a new one when the vendor says that the last has ended."""

    def __init__(self, secrets: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(secrets, dict)
        self._token = ""

    async def headers(self, web: Web) -> Mapping[str, str]:
        if not self._token:
            await self._sign_in(web)
        return {"Authorization": f"Bearer {self._token}"}

    async def renew(self) -> bool:
        await super().renew()
        self._token = ""
        return True

    async def _sign_in(self, web: Web) -> None:
        form = {"grant_type": "client_credentials", **self._secrets}
        found = await web.json("services/oauth2/token", _Token, form=form)
        self._token = found.access_token
        if found.instance_url:
            web.move(found.instance_url)

    @property
    def hidden(self) -> tuple[str, ...]:
        return (*super().hidden, *filter(None, (self._token,)))


async def _all(web: Web, query: str) -> list[msgspec.Raw]:
    found = await web.json(f"{_API}/query", _Records, params={"q": query})
    records = list(found.records)
    while found.nextRecordsUrl:
        found = await web.json(found.nextRecordsUrl, _Records)
        records += found.records
    return records


def _between(since: int, until: int) -> str:
    return (
        f" WHERE CreatedDate >= {clock.rfc3339(since)} AND CreatedDate <= {clock.rfc3339(until)} ORDER BY CreatedDate"
    )


class LogFiles:
    """A page is a file of a type that we read; its token is the file before it."""

    name = "event-log-files"
    #: A file is seen when it is committed, which is after its CreatedDate.
    overlap = clock.HOUR

    def __init__(self, web: Web) -> None:
        self._web = web
        self._at, self._left = "", deque[_File]()

    async def page(self, since: int, until: int, token: str) -> Page:
        if not self._left or self._at != token:
            self._left = deque(await self._list(since, until, token))
        if not self._left:
            return Page((), "")
        file = self._left[0]
        saved = tempfile.NamedTemporaryFile(prefix="vedette-collect-", suffix=".csv")  # noqa: SIM115 (gone when closed)
        try:
            await self._web.save(f"{_API}/sobjects/EventLogFile/{file.id}/LogFile", saved)
        except BaseException:
            saved.close()
            raise
        self._left.popleft()
        self._at = "|".join(file.place) if self._left else ""
        return Page(_rows(Path(saved.name)), self._at, saved.close)

    async def _list(self, since: int, until: int, token: str) -> list[_File]:
        done = tuple(token.split("|")) if token else ("", "")
        found = [
            msgspec.json.decode(each, type=_File) for each in await _all(self._web, _FILES + _between(since, until))
        ]
        return sorted((f for f in found if f.place > done and f.kind.lower() in READERS), key=lambda f: f.place)


def _rows(file: Path) -> Iterator[bytes]:
    return (raw for _, raw in rows(file, "salesforce"))


class SetupTrail:
    """180 days of changes to the org's setup, in one page: there are few."""

    name = "setup-audit-trail"
    overlap = 10 * clock.MINUTE

    def __init__(self, web: Web) -> None:
        self._web = web

    async def page(self, since: int, until: int, token: str) -> Page:
        return Page([bytes(each) for each in await _all(self._web, _TRAIL + _between(since, until))], token)


class Salesforce:
    """A connected app with the client credentials flow, run as a user who may view event log files and setup."""

    url = ""
    secrets = ("client_id", "client_secret")

    def web(self, url: str, secrets: Callable[[], Mapping[str, str]]) -> Web:
        return Web(url, _SignIn(secrets))

    def feeds(self, web: Web) -> Sequence[Feed]:
        return LogFiles(web), SetupTrail(web)
