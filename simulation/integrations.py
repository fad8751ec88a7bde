"""What integrations do round the clock, with tokens of connected apps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain import actions
from domain.clock import DAY, HOUR, MINUTE, SECOND
from simulation.people import BILLS, ETL, SYNC, App
from simulation.places import Spot, located
from simulation.records import Event, Pen, rng_of

#: The nightly load: when it begins (after midnight UTC), its parts, and the rows of all of them together.
NIGHTLY, PARTS, NIGHTLY_ROWS = 5 * HOUR + 20 * MINUTE, 10, 250_000
_LOADED = ("account", "contact", "opportunity", "case")


def integrations(seed: int, start: int, end: int, *, load: bool) -> Iterator[Event]:
    """What the integrations do from `start` to `end` (ms), weekends too; `load` with the nightly one."""
    for number in range(start // DAY, -(-end // DAY)):
        for name, write in (("mailing", mailing), ("billing", billing), ("nightly", nightly)):
            if name != "nightly" or load:
                pen = Pen(rng_of(seed, name, number))
                write(pen, number * DAY)
                yield from (event for event in pen.written if start <= event.at < end)


def nightly(pen: Pen, midnight: int) -> None:
    """The warehouse takes everything that changed, in parts of about 25,000 rows within half an hour."""
    rng, at = pen.rng, midnight + NIGHTLY
    for part in range(PARTS):
        at += rng.randrange(100, 170) * SECOND
        run, kind = f"etl{midnight // DAY}-{part}", _LOADED[part % len(_LOADED)]
        rows = round(NIGHTLY_ROWS / PARTS * rng.uniform(0.95, 1.05))
        _by_app(pen, at, actions.DATA_EXPORTED, ETL, channel="bulk", execution_id=run, object_type=kind, count=rows)


def mailing(pen: Pen, midnight: int) -> None:
    """Every hour a few pages of contacts."""
    for hour in range(24):
        at = midnight + hour * HOUR + pen.rng.randrange(4 * MINUTE)
        for _ in range(pen.rng.randrange(1, 4)):
            page(pen, at, SYNC, SYNC.home, pen.rng.randrange(20, 120))
            at += pen.rng.randrange(1, 20) * SECOND


def billing(pen: Pen, midnight: int) -> None:
    """Once a night the invoices of the day before."""
    at, rows = midnight + 3 * HOUR + pen.rng.randrange(10 * MINUTE), pen.rng.randrange(2_600, 3_400)
    _by_app(pen, at, actions.DATA_EXPORTED, BILLS, channel="api", object_type="invoice", count=rows)


def page(pen: Pen, at: int, app: App, where: Spot, rows: int) -> Event:
    """One page of contacts read through the API with the app's token."""
    told = {"channel": "api", "method": "GET", "object_type": "contact"}
    return _by_app(pen, at, actions.API_CALLED, app, where, count=rows, **told)


def _by_app(pen: Pen, at: int, action: str, app: App, came_from: Spot | None = None, **told: Any) -> Event:
    came = located(came_from or app.home, agent=app.agent)
    return pen.write(at, action, app.actor, came, app_id=app.app_id, app_name=app.name, **told)
