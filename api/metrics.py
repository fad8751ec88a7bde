"""What the API counts and what the store holds, in Prometheus' text format. No label names a tenant or a person."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.alert import Severity
from storage.reads_figures import AlertFigure, LetterFigure

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the store says at one moment. `settled_age` in seconds, None while it is not known."""

    epoch: int
    dirty: int
    events: int
    alerts: Sequence[AlertFigure]
    letters: Sequence[LetterFigure]
    lag: int
    settled_age: float | None


class Metrics:
    """What this process has counted since it started, for all tenants together. One registry per app."""

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

    def sent(self, rows: Sequence[dict[str, Any]]) -> None:
        for row in rows:
            self._events.labels(row["status"]).inc()

    def answered(self, operation: str, status: int, seconds: float) -> None:
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def text(self, figures: Figures | None) -> bytes:
        """With what the store holds; None says that it is away."""
        return generate_latest(self._registry) + generate_latest(_held(figures))


def _held(figures: Figures | None) -> CollectorRegistry:
    """A registry of its own for each answer: what one caller may see is never left over for the next."""
    made = CollectorRegistry()
    Gauge("vedette_store_up", "1 while the store answers", registry=made).set(figures is not None)
    if figures is None:
        return made
    for name, text, value in (
        ("vedette_epoch", "The open epoch of the activity log, 0 when there is none", figures.epoch),
        ("vedette_dirty_subjects", "Subjects that wait to be settled", figures.dirty),
        ("vedette_stored_events", "Events stored, repeated deliveries included", figures.events),
        ("vedette_lag_records", "Records stored and not yet seen by every judge, all tenants together", figures.lag),
    ):
        Gauge(name, text, registry=made).set(value)
    age = Gauge("vedette_settled_age_seconds", "Since settled_through; NaN while that is not known", registry=made)
    age.set(float("nan") if figures.settled_age is None else figures.settled_age)
    alerts = Gauge("vedette_alerts", "Alerts that stand", ("detector", "stage", "severity"), registry=made)
    for each in figures.alerts:
        alerts.labels(each.detector, each.stage, Severity(each.severity).name).set(each.alerts)
    letters = Gauge("vedette_dead_letters", "Dead letters that are open", ("code",), registry=made)
    for letter in figures.letters:
        letters.labels(letter.code).set(letter.letters)
    return made


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
