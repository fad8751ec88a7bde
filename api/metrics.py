"""What the API counts, in Prometheus' text format. No label names a tenant or a person."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One registry per app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "vedette_api_requests", "Requests answered", ("operation", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "vedette_api_request_seconds",
            "Time to the answer",
            ("operation",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._events = Counter(
            "vedette_api_events", "Events received, by what became of them", ("status",), registry=self._registry
        )
        self._store = Gauge("vedette_store_up", "1 while the store answers", registry=self._registry)
        self._epoch = Gauge("vedette_epoch", "The open epoch of the activity log", registry=self._registry)
        self._dirty = Gauge("vedette_dirty_subjects", "Subjects that wait to be settled", registry=self._registry)

    def sent(self, rows: Sequence[dict[str, Any]]) -> None:
        for row in rows:
            self._events.labels(row["status"]).inc()

    def answered(self, operation: str, status: int, seconds: float) -> None:
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def system(self, *, up: bool, epoch: int = 0, dirty: int = 0) -> None:
        self._store.set(int(up))
        if up:
            self._epoch.set(epoch)
            self._dirty.set(dirty)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware: counts each answer, and adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def passed(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                added = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
                if b"cache-control" not in names:
                    added.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message["headers"], *added]}
                operation = getattr(scope.get("route"), "operation_id", None) or "other"
                self._metrics.answered(operation, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, passed)
