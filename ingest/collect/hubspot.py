"""HubSpot: login, security and audit-log activity, as the guide "Account activity API" documents them.

`GET /account-info/v3/activity/{login,security,audit-logs}` with `Authorization: Bearer`; `limit` at most 200; the next
page by `paging.next.after`. Security activity is bounded by `fromTimestamp` and `toTimestamp` (ms), the audit log by
`occurredAfter` and `occurredBefore`. The login history (90 days) takes no time: the guide shows it newest first, so a
walk over it ends behind the first page that is older than its span. Limits: "API usage guidelines and limits", 100
requests in 10 s for the smallest account; 429 when they are used up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from domain import clock
from ingest.collect.feeds import Feed, Page, Unreadable
from ingest.collect.web import Auth, Web

#: Two feeds take 200, of the third nothing is said.
_LIMIT: Final = 100
_PATH: Final = "account-info/v3/activity/"


class _Next(msgspec.Struct):
    after: str = ""


class _Paging(msgspec.Struct):
    next: _Next | None = None


class _Results(msgspec.Struct):
    results: list[msgspec.Raw] = []
    paging: _Paging | None = None


class _Login(msgspec.Struct):
    loginAt: datetime  # the vendor's name


class Activity:
    """One of the three feeds."""

    #: HubSpot says nothing of how late an entry may appear; an hour costs at most a few pages.
    overlap = clock.HOUR

    def __init__(self, web: Web, name: str, span: tuple[str, str] | None, told: Callable[[int], object] = int) -> None:
        self.name, self._web, self._span, self._told = name, web, span, told

    async def page(self, since: int, until: int, token: str) -> Page:
        params: dict[str, object] = {"limit": _LIMIT}
        if self._span:
            params |= dict(zip(self._span, (self._told(since), self._told(until)), strict=True))
        if token:
            params["after"] = token
        path = _PATH + self.name
        found = await self._web.json(path, _Results, params={name: str(value) for name, value in params.items()})
        after = found.paging.next.after if found.paging and found.paging.next else ""
        if after == token and token:
            raise Unreadable(f"HubSpot's {self.name} gave the same page twice; the next round begins anew")
        if self._span is None and _past(found.results, since):
            after = ""
        return Page([bytes(each) for each in found.results], after)


def _past(results: Sequence[msgspec.Raw], since: int) -> bool:
    """Whether all of the page lies before the span: what follows is older still."""
    try:
        times = [clock.millis(msgspec.json.decode(each, type=_Login).loginAt) for each in results]
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"HubSpot's login history has an entry without a readable loginAt: {error}") from error
    return bool(times) and max(times) < since


class HubSpot:
    """A private app's token with the scope account-info.security.read."""

    url = "https://api.hubapi.com"
    secrets = ("token",)

    def web(self, url: str, secrets: Callable[[], Mapping[str, str]]) -> Web:
        auth = Auth(secrets, lambda found: {"Authorization": f"Bearer {found['token']}"})
        return Web(url, auth, pause=0.1)

    def feeds(self, web: Web) -> Sequence[Feed]:
        return (
            Activity(web, "login", None),
            Activity(web, "security", ("fromTimestamp", "toTimestamp")),
            Activity(web, "audit-logs", ("occurredAfter", "occurredBefore"), clock.rfc3339),
        )
