"""The features of an actor's trailing 60 minutes: the one list of them, and their values out of a memory. Pure.

Training and detection run this same code, so that a model sees in life what it saw in training. A change of the list,
or of what a feature means, raises VERSION; a model trained for another schema is never in effect.
"""

from __future__ import annotations

import hashlib
from math import expm1, log, log1p

import msgspec

from domain.clock import MINUTE

from . import habits
from .memory import OBJECTS, Recent

VERSION = 2
COUNT, NUMBER, PERCENT, RATIO = "count", "number", "percent", "ratio"

#: By how many of a window's bits are set, how many distinct objects most likely set them (linear counting, Whang 1990);
#: all of them: 300 or more.
_DISTINCT = (*(round(-OBJECTS * log(1 - n / OBJECTS)) for n in range(OBJECTS)), 300)


class Feature(msgspec.Struct, frozen=True):
    """One column: `words` for people; `scale` says what the value is.

    count: log(1 + n), so that 10 and 20 differ as 1,000 and 2,000 do; number: as it is; percent: 0 to 100 (of a new
    device, country or network: of the actor's days without it); ratio: log of (n + 1) / (own busiest earlier hour + 1),
    not below 0. `most` is the largest value that training imagines; a larger one can still happen.
    """

    name: str
    words: str
    scale: str
    most: float


FEATURES: tuple[Feature, ...] = (
    Feature("events", "activities", COUNT, log1p(500)),
    Feature("surge", "activities by the busiest earlier hour", RATIO, log1p(20)),
    Feature("minutes", "minutes with activity", NUMBER, 60),
    Feature("reads", "reads, searches and reports", COUNT, log1p(500)),
    Feature("changes", "records created, changed or deleted", COUNT, log1p(200)),
    Feature("exports", "exports and downloads", COUNT, log1p(50)),
    Feature("rows", "rows exported or read in bulk", COUNT, log1p(20_000)),
    Feature("row_surge", "rows by the busiest earlier hour", RATIO, log1p(50)),
    Feature("bytes", "bytes downloaded", COUNT, log1p(1e9)),
    Feature("types", "object types", NUMBER, 12),
    Feature("new_types", "new object types", NUMBER, 8),
    Feature("objects", "distinct objects", COUNT, log1p(300)),
    Feature("networks", "networks", NUMBER, 6),
    Feature("new_device", "new device", PERCENT, 100),
    Feature("new_country", "new country", PERCENT, 100),
    Feature("new_network", "new network", PERCENT, 100),
    Feature("refusals", "refused or failed acts", COUNT, log1p(50)),
    Feature("admin", "administrative acts", COUNT, log1p(20)),
    Feature("api_share", "acts by programs", PERCENT, 100),
    Feature("off_hours", "hours from usual hours", NUMBER, 12),
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
#: What a manifest must say to be for these features.
SCHEMA = hashlib.sha256(msgspec.json.encode((VERSION, [(each.name, each.scale) for each in FEATURES]))).hexdigest()[:16]


def vector(state: Recent) -> tuple[float, ...]:
    """The features of the window that ends with the newest activity, in the order of FEATURES."""
    now, usual = state.now, state.habits
    assert now is not None, "features are of an activity"
    assert usual is not None, "features are of an activity"
    window = (*state.before, now)
    events = reads = changes = exports = rows = size = refusals = admin = api = device = country = network = objects = 0
    types: set[int] = set()
    networks: set[int] = set()
    for m in window:
        events += m.events
        reads += m.reads
        changes += m.changes
        exports += m.exports
        rows += m.rows
        size += m.bytes
        refusals += m.refusals
        admin += m.admin
        api += m.api
        device = m.device if m.device > device else device
        country = m.country if m.country > country else country
        network = m.network if m.network > network else network
        types.update(m.types)
        objects |= m.objects
        networks.update(m.networks)
    return (
        log1p(events),
        max(0.0, log1p(events) - log1p(usual.most_events)) if usual.old else 0.0,
        float(len(window)),
        log1p(reads),
        log1p(changes),
        log1p(exports),
        log1p(rows),
        max(0.0, log1p(rows) - log1p(usual.most_rows)) if usual.old else 0.0,
        log1p(size),
        float(len(types)),
        float(len(types.difference([h.key for h in usual.types if h.days >> habits.WAIT]))) if usual.old else 0.0,
        log1p(_DISTINCT[objects.bit_count()]),
        float(len(networks)),
        float(device),
        float(country),
        float(network),
        log1p(refusals),
        log1p(admin),
        float(round(100 * api / events)),
        float(habits.hours_away(usual.week, now.at * MINUTE)),
    )


def shown(feature: Feature, value: float) -> str:
    """A feature's value for people: `1,900`, `6`, `35 %`, `4.5 ×`."""
    if feature.scale == COUNT:
        return f"{round(expm1(value)):,}"
    if feature.scale == RATIO:
        return f"{expm1(value) + 1:,.1f} ×"
    return f"{round(value):,}{' %' if feature.scale == PERCENT else ''}"
