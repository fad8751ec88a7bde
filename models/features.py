"""The features of an actor's trailing 60 minutes: the one list of them, and the state they are computed from. Pure.

The window is 60 whole event-minutes, the one of the activity included: of an activity in minute m, minutes m − 59 to m.
Training and detection run this same code, so that a model sees in life what it saw in training. A change of the list,
or of what a feature means, raises VERSION; a model trained for another schema is never in effect.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from math import expm1, log1p
from typing import NamedTuple, Protocol

import msgspec

from domain import actions as a
from domain.clock import DAY, HOUR, MINUTE

from . import habits
from .habits import Day, Habit

VERSION = 1
#: Minutes in a window.
WINDOW = 60
#: Distinct values and activity ids that one minute keeps at most.
TYPES, OBJECTS, NETWORKS, IDS = 12, 16, 4, 8
#: Object types in an actor's memory.
USUAL_TYPES = 24
#: Days since the first one in memory, and days with activity, after which an actor's hours are judged.
LEARNING, LEAST_DAYS = 14, 5
#: A change of roles is told for a week; roles that were not heard of for three weeks are forgotten.
ROLE_NEWS, ROLE_MEMORY = 7 * DAY, 21 * DAY

READS = frozenset({a.RECORD_READ, a.RECORD_SEARCHED, a.REPORT_VIEWED})
CHANGES = frozenset({a.RECORD_CREATED, a.RECORD_UPDATED, a.RECORD_DELETED, a.CONSENT_CHANGED})
EXPORTS = frozenset({a.DATA_EXPORTED, a.FILE_DOWNLOADED})
ADMIN = frozenset({
    a.CREDENTIAL_CHANGED, a.IMPERSONATION_STARTED, a.USER_CREATED, a.USER_CHANGED, a.ACCESS_GRANTED, a.ACCESS_REVOKED,
    a.APP_AUTHORISED, a.APP_CHANGED, a.CONFIG_CHANGED,
})  # fmt: skip
PROGRAMS = frozenset({"api", "bulk", "import", "automation"})
#: Actions that are nobody's behaviour in the CRM: what others say about it.
REPORTS = frozenset({a.CONTEXT_STATED, a.CONTROL_REPORTED, a.VENDOR_ALERTED, a.LOGIN_FAILED})
#: What the features see.
SEEN = frozenset(a.ACTIONS) - REPORTS

_REFUSED = frozenset({"failure", "denied"})
COUNT, NUMBER, PERCENT, RATIO = "count", "number", "percent", "ratio"


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


class Observed(Protocol):
    """The fields of an activity that features look at; a stored row of training has these and no more."""

    @property
    def activity_id(self) -> str: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def action(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def net_token(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def asn(self) -> int | None: ...
    @property
    def network(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def agent_family(self) -> str: ...
    @property
    def device_id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def object_type(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def count(self) -> int | None: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def external(self) -> bool | None: ...
    @property
    def exported(self) -> bool | None: ...


class Minute(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event-minute with activity; `at` in minutes since the epoch. `device`, `country`, `network`: percent new."""

    at: int
    events: int = 0
    reads: int = 0
    changes: int = 0
    exports: int = 0
    rows: int = 0
    bytes: int = 0
    refusals: int = 0
    admin: int = 0
    api: int = 0
    device: int = 0
    country: int = 0
    network: int = 0
    types: tuple[int, ...] = ()
    objects: tuple[int, ...] = ()
    networks: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()


class Roles(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The actor's roles (a fingerprint), when they were last heard of, and when they last changed (ms)."""

    key: int
    heard: int
    changed: int | None = None


class News(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How new, in percent, what the day's newest activity came with was; `key` stands for all of it."""

    key: int = 0
    device: int = 0
    country: int = 0
    network: int = 0


class Habits(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is usual for the actor, as of `day`. Bound: 12 values of each kind (24 types), 29 days."""

    day: int
    devices: tuple[Habit, ...] = ()
    countries: tuple[Habit, ...] = ()
    networks: tuple[Habit, ...] = ()
    types: tuple[Habit, ...] = ()
    days: tuple[Day, ...] = ()  # before `day`
    old: int = 0  # how many of them say what is usual
    week: tuple[int, ...] = ()  # the usual hours by them
    most_events: int = 0  # of a clock hour before `day`
    most_rows: int = 0
    hours: int = 0  # of `day`
    events: int = 0  # of its busiest clock hour
    rows: int = 0
    hour: int = -1  # the newest clock hour, hours since the epoch
    hour_events: int = 0
    hour_rows: int = 0
    news: News = News()


class Recent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An actor's memory: the last 60 minutes with activity, oldest first and the newest apart; habits; roles."""

    now: Minute | None = None
    before: tuple[Minute, ...] = ()
    habits: Habits | None = None
    roles: Roles | None = None


def observe(state: Recent, activity: Observed) -> Recent:
    """The memory after one more activity, the newest."""
    at = activity.occurred_at
    usual = _today(state.habits, at // DAY)
    minute, before = _turn(state, at // MINUTE)
    keys, rows = _keys(activity), _rows(activity)
    news = usual.news
    met = news.key == keys.all
    if not met:
        news = _news(usual, keys)
    now = _count(minute, activity, keys, news, rows)
    return Recent(
        now, before, _learn(usual, activity.occurred_at // HOUR, keys, news, rows, met), _hear(state.roles, activity)
    )


def new_minute(state: Recent, at: int) -> bool:
    """Whether an activity at `at` (ms) is the first of its event-minute: then it is scored."""
    return state.now is None or state.now.at != at // MINUTE


def vector(state: Recent) -> tuple[float, ...]:
    """The features of the window that ends with the newest activity, in the order of FEATURES."""
    now, usual = state.now, state.habits
    assert now is not None, "features are of an activity"
    assert usual is not None, "features are of an activity"
    window = (*state.before, now)
    events = reads = changes = exports = rows = size = refusals = admin = api = device = country = network = 0
    types: set[int] = set()
    objects: set[int] = set()
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
        objects.update(m.objects)
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
        log1p(len(objects)),
        float(len(networks)),
        float(device),
        float(country),
        float(network),
        log1p(refusals),
        log1p(admin),
        float(round(100 * api / events)),
        float(habits.hours_away(usual.week, now.at * MINUTE)),
    )


def ids(state: Recent) -> list[str]:
    """The activities of the window in order: of each minute the first 8."""
    newest = () if state.now is None else (state.now,)
    return [name for minute in (*state.before, *newest) for name in minute.ids]


def events(state: Recent) -> int:
    """How many activities the window has."""
    return sum(minute.events for minute in state.before) + (state.now.events if state.now else 0)


def known_for(state: Recent) -> tuple[int, int]:
    """(days since the first day in memory, days with activity before today): what the actor's habits rest on."""
    usual = state.habits
    if usual is None or not usual.days:
        return 0, 0
    return usual.day - usual.days[0].day, len(usual.days)


def new_role(state: Recent) -> bool:
    """Whether the actor's roles changed within the last 7 days."""
    return state.roles is not None and state.roles.changed is not None


def shown(feature: Feature, value: float) -> str:
    """A feature's value for people: `1,900`, `6`, `35 %`, `4.5 ×`."""
    if feature.scale == COUNT:
        return f"{round(expm1(value)):,}"
    if feature.scale == RATIO:
        return f"{expm1(value) + 1:,.1f} ×"
    return f"{round(value):,}{' %' if feature.scale == PERCENT else ''}"


def _turn(state: Recent, minute: int) -> tuple[Minute, tuple[Minute, ...]]:
    """The bucket of `minute`, and those before it in its window."""
    now, before = state.now, state.before
    if now is None:
        return Minute(minute), ()
    if now.at == minute:
        return now, before
    first = minute - WINDOW + 1
    return Minute(minute), tuple([each for each in (*before, now) if each.at >= first])


def _today(usual: Habits | None, day: int) -> Habits:
    """The habits as of `day`."""
    if usual is None:
        return Habits(day)
    if usual.day == day:
        return usual
    passed = day - usual.day
    ended = Day(usual.day, usual.hours, usual.events, usual.rows)
    days = tuple([each for each in (*usual.days, ended) if each.day > day - habits.DAYS])
    return Habits(
        day,
        habits.later(usual.devices, passed),
        habits.later(usual.countries, passed),
        habits.later(usual.networks, passed),
        habits.later(usual.types, passed),
        days,
        habits.old(days, day),
        habits.week_of(days, day),
        max([each.events for each in days], default=0),
        max([each.rows for each in days], default=0),
    )


def _rows(activity: Observed) -> int:
    """Rows that left, as far as they are told: of an export, or of a read in bulk."""
    action, count = activity.action, max(0, activity.count or 0)
    if action == a.DATA_EXPORTED or (action == a.REPORT_VIEWED and activity.exported):
        return count
    return count if action in (a.RECORD_READ, a.API_CALLED) and activity.channel in ("api", "bulk") else 0


class _Keys(NamedTuple):
    """Fingerprints of what an activity came with and touched; 0 where it is unknown, or hidden by the network."""

    device: int
    country: int
    network: int
    usual_network: int
    type: int
    all: int  # of all but the type


def _keys(activity: Observed) -> _Keys:
    place = activity.net_token if activity.asn is None else f"as{activity.asn}"
    hidden = activity.network in habits.ANONYMISING
    return _made(activity.device_id or activity.agent_family, activity.country, place, hidden, activity.object_type)


@lru_cache(maxsize=20_000)
def _made(device: str, country: str, place: str, hidden: bool, kind: str) -> _Keys:
    network = habits.fingerprint(place)
    return _Keys(
        habits.fingerprint(device),
        0 if hidden else habits.fingerprint(country),
        network,
        0 if hidden else network,
        habits.fingerprint(kind),
        habits.fingerprint(f"{hidden}\x1f{device}\x1f{country}\x1f{place}"),
    )


@lru_cache(maxsize=20_000)
def _role_key(roles: tuple[str, ...]) -> int:
    return habits.fingerprint("\x1f".join(sorted(roles)))


def _news(usual: Habits, keys: _Keys) -> News:
    """How new it is what an activity came with. The day's own activities do not change the answer."""
    old, novelty = usual.old, habits.novelty
    return News(
        keys.all,
        novelty(usual.devices, keys.device, old) if keys.device else 0,
        novelty(usual.countries, keys.country, old) if keys.country else 0,
        novelty(usual.networks, keys.network, old) if keys.network else 0,
    )


def _count(minute: Minute, activity: Observed, keys: _Keys, news: News, rows: int) -> Minute:
    """The bucket with one more activity."""
    action, object_id, ids = activity.action, activity.object_id, minute.ids
    exported = action in EXPORTS or (action == a.REPORT_VIEWED and activity.exported is True)
    return Minute(
        minute.at,
        minute.events + 1,
        minute.reads + (action in READS),
        minute.changes + (action in CHANGES),
        minute.exports + (exported or (action == a.RECORD_SHARED and activity.external is True)),
        minute.rows + rows,
        minute.bytes + max(0, activity.bytes or 0),
        minute.refusals + (activity.outcome in _REFUSED or action == a.MFA_DENIED),
        minute.admin + (action in ADMIN),
        minute.api + (action == a.API_CALLED or activity.channel in PROGRAMS),
        news.device if news.device > minute.device else minute.device,
        news.country if news.country > minute.country else minute.country,
        news.network if news.network > minute.network else minute.network,
        _with(minute.types, keys.type, TYPES),
        _with(minute.objects, habits.fingerprint(object_id), OBJECTS) if object_id else minute.objects,
        _with(minute.networks, keys.network, NETWORKS),
        (*ids, activity.activity_id) if len(ids) < IDS else ids,
    )


def _with(values: tuple[int, ...], key: int, most: int) -> tuple[int, ...]:
    """Distinct values in the order they came, at most `most` of them."""
    return values if not key or key in values or len(values) >= most else (*values, key)


def _learn(usual: Habits, hour: int, keys: _Keys, news: News, rows: int, met: bool) -> Habits:
    """The habits after one more activity of their day; `met`: it came with the same as the one before."""
    meet = habits.meet
    same = hour == usual.hour
    events, moved = (usual.hour_events + 1, usual.hour_rows + rows) if same else (1, rows)
    return Habits(
        usual.day,
        usual.devices if met else meet(usual.devices, keys.device),
        usual.countries if met else meet(usual.countries, keys.country),
        usual.networks if met else meet(usual.networks, keys.usual_network),
        meet(usual.types, keys.type, USUAL_TYPES),
        usual.days,
        usual.old,
        usual.week,
        usual.most_events,
        usual.most_rows,
        usual.hours if same else usual.hours | 1 << hour % 24,
        events if events > usual.events else usual.events,
        moved if moved > usual.rows else usual.rows,
        hour,
        events,
        moved,
        news,
    )


def _hear(roles: Roles | None, activity: Observed) -> Roles | None:
    """What is known of the actor's roles; nothing once they were not heard of for three weeks."""
    at = activity.occurred_at
    if roles is not None and roles.heard <= at - ROLE_MEMORY:
        roles = None
    if roles is not None and roles.changed is not None and roles.changed <= at - ROLE_NEWS:
        roles = Roles(roles.key, roles.heard)
    if not activity.roles:
        return roles
    key = _role_key(activity.roles)
    if roles is None:
        return Roles(key, at)
    return Roles(key, at, roles.changed if roles.key == key else at)
