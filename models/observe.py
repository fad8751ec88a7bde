"""How one more activity changes an actor's memory: pure, and the same code in training and detection."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Protocol

from domain import actions as a
from domain.clock import DAY, HOUR, MINUTE

from . import habits
from .habits import Day
from .memory import (
    IDS,
    NETWORKS,
    OBJECTS,
    ROLE_MEMORY,
    ROLE_NEWS,
    TYPES,
    USUAL_TYPES,
    WINDOW,
    Habits,
    Minute,
    News,
    Recent,
    Roles,
)  # fmt: skip

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
