"""How many are served at once: beyond that the answer is 503 at once, and health is told all the same."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, answer


class Crowd:
    """ASGI middleware: at most `requests` requests and `streams` streams below `prefix` at a time.

    A request may hold a whole body in memory and wait for its events to be stored, so a bound on requests is a bound on
    memory. Streams last, and are counted apart so that they never keep requests out.
    """

    def __init__(self, app: ASGIApp, *, prefix: str, requests: int, streams: int) -> None:
        self._app, self._prefix = app, prefix
        self._most = {"request": requests, "stream": streams}
        self._now = {"request": 0, "stream": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        kind = "stream" if scope["path"].endswith("/stream") else "request"
        if self._now[kind] >= self._most[kind]:
            detail = f"{self._most[kind]} {kind}s are being served already; try again in a second"
            await answer(Problem(503, "busy", detail, headers={"Retry-After": "1"}))(scope, receive, send)
            return
        self._now[kind] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now[kind] -= 1
