"""Servers that answer as the documentation of the vendors says, with faults on demand."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from domain import clock

NOON = 1_764_072_000_000  # 2025-11-25T12:00:00Z
TOKEN = "pat-eu1-0123456789"


class Vendor:
    """`faults` are answered first, one each; `asked` is what was asked for; `slow` is waited before each answer, s."""

    def __init__(self) -> None:
        self.faults: deque[web.Response] = deque()
        self.asked: list[web.Request] = []
        self.token, self.slow, self.url = TOKEN, 0.0, ""
        self.sign_ins = 0

    def denied(self, request: web.Request) -> web.Response | None:
        said = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get("X-Api-Key", "")
        if said == self.token:
            return None
        return web.json_response({"message": f"{said} has expired", "category": "EXPIRED_AUTHENTICATION"}, status=401)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.faults:
            return self.faults.popleft()
        return self.denied(request) or await self.answer(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self.url
        finally:
            await runner.cleanup()


class HubSpot(Vendor):
    """`login`, `security` and `audit` are newest first."""

    def __init__(self, logins: int = 0, securities: int = 0, audits: int = 0) -> None:
        super().__init__()
        self.rows: dict[str, list[dict[str, Any]]] = {
            "login": [login(n) for n in range(logins)],
            "security": [security(n) for n in range(securities)],
            "audit-logs": [audit(n) for n in range(audits)],
        }

    async def answer(self, request: web.Request) -> web.Response:
        feed, query = request.path.rsplit("/", 1)[1], request.query
        rows = self.rows[feed]
        if feed == "security":
            low, high = int(query["fromTimestamp"]), int(query["toTimestamp"])
            rows = [row for row in rows if low <= at(row["createdAt"]) <= high]
        elif feed == "audit-logs":
            rows = [row for row in rows if query["occurredAfter"] <= row["occurredAt"] <= query["occurredBefore"]]
        names = [row["id"] for row in rows]
        after = query.get("after", "")
        if after and after not in names:
            return web.json_response({"message": "the paging token is no longer valid"}, status=400)
        start = names.index(after) + 1 if after else 0
        page = rows[start : start + min(int(query["limit"]), 200)]
        more = start + len(page) < len(rows)
        paging = {"paging": {"next": {"after": page[-1]["id"], "link": "?"}}} if more else {}
        return web.json_response({"results": page, **paging})


def at(text: str) -> int:
    from datetime import datetime

    return clock.millis(datetime.fromisoformat(text))


def login(number: int, *, ago: int = 1_000) -> dict[str, Any]:
    return {
        "id": f"48{number:06}", "loginAt": clock.rfc3339(NOON - number * ago), "userId": 876,
        "email": f"ann{number % 7}@acme.example", "loginSucceeded": number % 5 > 0, "ipAddress": "203.0.113.9",
        "location": "new jersey, united states", "userAgent": "Mozilla/5.0", "countryCode": "us", "regionCode": "nj",
    }  # fmt: skip


def security(number: int) -> dict[str, Any]:
    return {
        "id": f"54{number:06}", "createdAt": clock.rfc3339(NOON - number * 1_000), "userId": 876, "type": "ADD_USER",
        "actingUser": "bob@acme.example", "objectId": "7654", "ipAddress": "203.0.113.9", "countryCode": "ie",
    }  # fmt: skip


def audit(number: int) -> dict[str, Any]:
    return {
        "id": f"aud{number:06}", "category": "CRM_OBJECT", "subCategory": "CONTACT", "action": "UPDATE",
        "targetObjectId": f"97{number}", "occurredAt": clock.rfc3339(NOON - number * 1_000),
        "actingUser": {"userId": 89, "userEmail": "bob@acme.example"},
    }  # fmt: skip


class EspoCRM(Vendor):
    """`rows` by entity; several in one second."""

    def __init__(self, rows: int, *, per_second: int = 3) -> None:
        super().__init__()
        first = NOON - 3_600_000
        stamps = [clock.moment(first + n // per_second * 1_000).strftime("%Y-%m-%d %H:%M:%S") for n in range(rows)]
        self.rows: dict[str, list[dict[str, Any]]] = {
            "AuthLogRecord": [
                {"id": f"a{n:05}", "username": "ann", "isDenied": n % 2 > 0, "denialReason": None, "createdAt": stamp}
                for n, stamp in enumerate(stamps)
            ],
            "ActionHistoryRecord": [
                {"id": f"h{n:05}", "targetType": "Contact", "targetId": f"c{n}", "action": "read", "userId": "u1",
                 "createdAt": stamp}
                for n, stamp in enumerate(stamps)
            ],
        }  # fmt: skip

    async def answer(self, request: web.Request) -> web.Response:
        query, entity = request.query, request.path.rsplit("/", 1)[1]
        assert (query["orderBy"], query["order"]) == ("createdAt", "asc")
        tests: dict[str, Callable[[str, str], bool]] = {
            "greaterThanOrEquals": lambda have, want: have >= want,
            "lessThanOrEquals": lambda have, want: have <= want,
        }
        rows = self.rows[entity]
        for item in range(2):
            kind, attribute, value = (query[f"where[{item}][{part}]"] for part in ("type", "attribute", "value"))
            rows = [row for row in rows if tests[kind](row[attribute], value)]
        offset = int(query["offset"])
        return web.json_response({"list": rows[offset : offset + min(int(query["maxSize"]), 200)], "total": -2})


class Twenty(Vendor):
    """`rows` newest first, several in one millisecond; `refuses` is an error inside an answer of 200."""

    def __init__(self, rows: int, *, per_millisecond: int = 3) -> None:
        super().__init__()
        self.refuses = ""
        self.rows: list[dict[str, Any]] = [
            {"event": "Object Record Updated", "timestamp": clock.rfc3339(NOON - n // per_millisecond), "userId": "u1",
             "properties": {"n": n}, "recordId": f"r{n}", "objectMetadataId": "m1", "isCustom": False}
            for n in range(rows)
        ]  # fmt: skip

    async def answer(self, request: web.Request) -> web.Response:
        if self.refuses:
            return web.json_response({"errors": [{"message": self.refuses}], "data": None})
        given = (await request.json())["variables"]["input"]
        span = given["filters"]["dateRange"]
        mine = self.rows if given["table"] == "OBJECT_EVENT" else []
        rows = [row for row in mine if span["start"] <= row["timestamp"] <= span["end"]]
        page = rows[: min(given["first"], 10_000)]
        logs = {"records": page, "pageInfo": {"hasNextPage": len(page) < len(rows)}}
        return web.json_response({"data": {"eventLogs": logs}})


class Salesforce(Vendor):
    """`files` by id: (type, created, CSV); `trail` rows; a page of a query holds two."""

    def __init__(self, files: Mapping[str, tuple[str, int, str]], trail: int = 0) -> None:
        super().__init__()
        self.files = dict(files)
        self.trail: list[dict[str, Any]] = [
            {"attributes": {"type": "SetupAuditTrail"}, "Id": f"0Ym{n:012}AAA", "Action": "PermSetAssign",
             "Section": "Manage Users", "CreatedById": "005000000000001AAA", "DelegateUser": None,
             "CreatedDate": _sf(NOON - n * 1_000)}
            for n in range(trail)
        ]  # fmt: skip
        self._pages: dict[str, list[dict[str, Any]]] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path != "/services/oauth2/token":
            return await super().handle(request)
        form = await request.post()
        assert form["grant_type"] == "client_credentials"
        if (form["client_id"], form["client_secret"]) != ("3MVG9", "s3cret"):
            return web.json_response({"error": "invalid_client", "error_description": "s3cret"}, status=400)
        self.sign_ins += 1
        self.token = f"00D!{self.sign_ins}"
        return web.json_response({"access_token": self.token, "instance_url": self.url, "token_type": "Bearer"})

    def denied(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return web.json_response([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], status=401)

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/services/data/v62.0")
        if found := re.fullmatch(r"/sobjects/EventLogFile/(\w+)/LogFile", path):
            return web.Response(text=self.files[found[1]][2], content_type="text/csv")
        rows = self._query(request.query["q"]) if path == "/query" else self._pages.pop(path)
        answer: dict[str, Any] = {"totalSize": len(rows), "done": len(rows) <= 2, "records": rows[:2]}
        if len(rows) > 2:
            following = f"/query/{len(rows)}"
            self._pages[following] = rows[2:]
            answer["nextRecordsUrl"] = f"/services/data/v62.0{following}"
        return web.json_response(answer)

    def _query(self, query: str) -> list[dict[str, Any]]:
        found = re.search(r"CreatedDate >= (\S+) AND CreatedDate <= (\S+) ORDER BY CreatedDate", query)
        assert found, query
        low, high = at(found[1]), at(found[2])
        if "FROM SetupAuditTrail" in query:
            return [row for row in self.trail if low <= at(row["CreatedDate"]) <= high]
        return [
            {"attributes": {}, "Id": name, "EventType": kind, "CreatedDate": _sf(created)}
            for name, (kind, created, _) in self.files.items()
            if low <= created <= high
        ]


def _sf(moment: int) -> str:
    return clock.rfc3339(moment).replace("Z", "+0000")


def log_file(*requests: str, kind: str = "Logout") -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("EVENT_TYPE", "REQUEST_ID", "TIMESTAMP_DERIVED", "USER_ID"))
    writer.writerows((kind, each, clock.rfc3339(NOON - 3_600_000), "005000000000001") for each in requests)
    return out.getvalue()
