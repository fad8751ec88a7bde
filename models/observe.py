"""How one more activity changes an actor's memory: pure, and the same code in training and detection."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Protocol
from zlib import crc32

from msgspec.structs import replace

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
    minute = at // MINUTE
    now, before, usual, roles = state.now, state.before, state.habits, state.roles
    if now is None or usual is None or now.at != minute:
        before = _window(state, minute)
        usual = _today(_close(usual, now), at // DAY)
        roles = _remember(roles, at)
        now = Minute(minute)
    if activity.roles and (roles is None or roles.heard != minute):
        roles = _hear(roles, activity.roles, at)
    keys, kind = _keys(activity), _fingerprint(activity.object_type)
    if usual.news.key != keys.all or kind not in now.types:
        usual = _meet(usual, keys, kind)
    return Recent(_count(now, activity, keys.network, kind, usual.news), before, usual, roles)


def _window(state: Recent, minute: int) -> tuple[Minute, ...]:
    """The minutes before `minute` in its window."""
    first = minute - WINDOW + 1
    newest = () if state.now is None else (state.now,)
    return tuple([each for each in (*state.before, *newest) if each.at >= first])


def _close(usual: Habits | None, minute: Minute | None) -> Habits | None:
    """The habits with a minute that is over: what its clock hour came to."""
    if usual is None or minute is None:
        return usual
    hour = minute.at * MINUTE // HOUR
    same = hour == usual.hour
    events = minute.events + (usual.hour_events if same else 0)
    rows = minute.rows + (usual.hour_rows if same else 0)
    return replace(
        usual,
        hours=usual.hours | 1 << hour % 24,
        events=max(usual.events, events),
        rows=max(usual.rows, rows),
        hour=hour,
        hour_events=events,
        hour_rows=rows,
    )


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
    """Fingerprints of what an activity came with; 0 where it is unknown, or hidden by the network."""

    device: int
    country: int
    network: int
    usual_network: int
    all: int


def _keys(activity: Observed) -> _Keys:
    asn = activity.asn
    return _made(
        activity.device_id or activity.agent_family,
        activity.country,
        activity.net_token if asn is None else asn,
        activity.network,
    )


@lru_cache(maxsize=20_000)
def _made(device: str, country: str, place: str | int, network: str) -> _Keys:
    """`place` is the number of the network's operator, else the token of the network."""
    hidden = network in habits.ANONYMISING
    where = habits.fingerprint(place if isinstance(place, str) else f"as{place}")
    return _Keys(
        habits.fingerprint(device),
        0 if hidden else habits.fingerprint(country),
        where,
        0 if hidden else where,
        habits.fingerprint(f"{hidden}\x1f{device}\x1f{country}\x1f{place}"),
    )


_fingerprint = lru_cache(maxsize=20_000)(habits.fingerprint)


def _news(usual: Habits, keys: _Keys) -> News:
    """How new it is what an activity came with. The day's own activities do not change the answer."""
    old, novelty = usual.old, habits.novelty
    return News(
        keys.all,
        novelty(usual.devices, keys.device, old) if keys.device else 0,
        novelty(usual.countries, keys.country, old) if keys.country else 0,
        novelty(usual.networks, keys.network, old) if keys.network else 0,
    )


def _meet(usual: Habits, keys: _Keys, kind: int) -> Habits:
    """The habits after what an activity came with and touched was met on their day."""
    types = habits.meet(usual.types, kind, USUAL_TYPES)
    if usual.news.key == keys.all:
        return usual if types is usual.types else replace(usual, types=types)
    return replace(
        usual,
        news=_news(usual, keys),
        devices=habits.meet(usual.devices, keys.device),
        countries=habits.meet(usual.countries, keys.country),
        networks=habits.meet(usual.networks, keys.usual_network),
        types=types,
    )


class _Act(NamedTuple):
    """How often an action counts as each; `told`: whether it is an export, a field of the activity tells."""

    read: int
    change: int
    export: int
    admin: int
    api: int
    refusal: int
    told: bool


_ACTS = {
    action: _Act(
        action in READS,
        action in CHANGES,
        action in EXPORTS,
        action in ADMIN,
        action == a.API_CALLED,
        action == a.MFA_DENIED,
        action in (a.REPORT_VIEWED, a.RECORD_SHARED),
    )
    for action in a.ACTIONS
}


def _exported(activity: Observed) -> bool:
    """Whether a report that was viewed was exported, or a record was shared with somebody outside."""
    return (activity.exported if activity.action == a.REPORT_VIEWED else activity.external) is True


def _count(minute: Minute, activity: Observed, network: int, kind: int, news: News) -> Minute:
    """The bucket with one more activity."""
    read, change, export, admin, api, refusal, told = _ACTS[activity.action]
    object_id, types, networks, ids, size = (
        activity.object_id, minute.types, minute.networks, minute.ids, activity.bytes,
    )  # fmt: skip
    return Minute(
        minute.at,
        minute.events + 1,
        minute.reads + read,
        minute.changes + change,
        minute.exports + (_exported(activity) if told else export),
        minute.rows + _rows(activity) if activity.count else minute.rows,
        minute.bytes + size if size and size > 0 else minute.bytes,
        minute.refusals + (1 if refusal or activity.outcome in _REFUSED else 0),
        minute.admin + admin,
        minute.api + (1 if api or activity.channel in PROGRAMS else 0),
        news.device if news.device > minute.device else minute.device,
        news.country if news.country > minute.country else minute.country,
        news.network if news.network > minute.network else minute.network,
        types if kind in types else _with(types, kind, TYPES),
        minute.objects | 1 << crc32(object_id.encode("utf-8", "surrogatepass")) % OBJECTS
        if object_id
        else minute.objects,
        networks if network in networks else _with(networks, network, NETWORKS),
        (*ids, activity.activity_id) if len(ids) < IDS else ids,
    )


def _with(values: tuple[int, ...], key: int, most: int) -> tuple[int, ...]:
    """Distinct values in the order they came, at most `most` of them."""
    return values if not key or len(values) >= most else (*values, key)


@lru_cache(maxsize=20_000)
def _role_key(roles: tuple[str, ...]) -> int:
    return habits.fingerprint("\x1f".join(sorted(roles)))


def _remember(roles: Roles | None, at: int) -> Roles | None:
    """What is known of the actor's roles at `at` (ms); nothing once they were not heard of for three weeks."""
    if roles is None or roles.heard * MINUTE <= at - ROLE_MEMORY:
        return None
    if roles.changed is not None and roles.changed <= at - ROLE_NEWS:
        return Roles(roles.key, roles.heard)
    return roles


def _hear(roles: Roles | None, told: tuple[str, ...], at: int) -> Roles:
    """The roles after the first activity of its minute that tells them."""
    key = _role_key(told)
    if roles is None:
        return Roles(key, at // MINUTE)
    return Roles(key, at // MINUTE, roles.changed if roles.key == key else at)
