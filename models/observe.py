"""How more activities change an actor's memory: pure, and the same code in training and detection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple, TypeVar
from zlib import crc32

from msgspec.structs import replace

from domain.clock import DAY, HOUR, MINUTE

from . import habits
from .acts import ACTS, PROGRAMS, READ, REFUSED, Observed, exported, rows_of
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

A = TypeVar("A", bound=Observed)
_EVERY_OBJECT = (1 << OBJECTS) - 1
_at = attrgetter("occurred_at")


def by_minute(activities: Sequence[A]) -> Iterator[Sequence[A]]:
    """Activities in order of time, cut where another event-minute begins."""
    start = 0
    while start < len(activities):
        end = (activities[start].occurred_at // MINUTE + 1) * MINUTE
        stop = len(activities) if activities[-1].occurred_at < end else bisect_left(activities, end, start, key=_at)
        yield activities if stop - start == len(activities) else activities[start:stop]
        start = stop


def observe(state: Recent, activities: Sequence[Observed]) -> Recent:
    """The memory after activities of one event-minute, the newest ones, in order and at least one."""
    at = activities[0].occurred_at
    minute = at // MINUTE
    now, before, usual, roles = state.now, state.before, state.habits, state.roles
    if now is None or usual is None or now.at != minute:
        before = _window(state, minute)
        usual = _today(_close(usual, now), at // DAY)
        roles = _remember(roles, at)
        now = Minute(minute)
    if roles is None or roles.heard != minute:
        told = next((each for each in activities if each.roles), None)
        roles = _hear(roles, told.roles, told.occurred_at) if told else roles
    usual, met = _meet_all(usual, now, activities)
    return Recent(_count(now, activities, met), before, usual, roles)


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


class _Keys(NamedTuple):
    """Fingerprints of what an activity came with; 0 where it is unknown, or hidden by the network."""

    device: int
    country: int
    network: int
    usual_network: int
    all: int


@lru_cache(maxsize=20_000)
def _keys(device_id: str, agent_family: str, country: str, net_token: str, asn: int | None, network: str) -> _Keys:
    device, place = device_id or agent_family, net_token if asn is None else asn
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


class _Met(NamedTuple):
    """What a minute has met: percent new, distinct object types and networks."""

    device: int
    country: int
    network: int
    types: tuple[int, ...]
    networks: tuple[int, ...]


def _meet_all(usual: Habits, now: Minute, activities: Sequence[Observed]) -> tuple[Habits, _Met]:
    """The habits after what the activities came with and touched was met, and what their minute has met with them."""
    device, country, network, types, networks = now.device, now.country, now.network, now.types, now.networks
    last, word, kind = None, "", 0
    for activity in activities:
        touched = activity.object_type
        if changed := touched != word:
            word, kind = touched, _fingerprint(touched)
        # One field after the other, and not a tuple of them: of a person's activities most came with the same.
        if last is None or not (
            activity.device_id == last.device_id
            and activity.net_token == last.net_token
            and activity.agent_family == last.agent_family
            and activity.country == last.country
            and activity.asn == last.asn
            and activity.network == last.network
        ):
            last = activity
            keys = _keys(
                activity.device_id, activity.agent_family, activity.country, activity.net_token, activity.asn,
                activity.network,
            )  # fmt: skip
            if usual.news.key != keys.all:
                usual = _meet(usual, keys, kind)
            news = usual.news
            device, country, network = max(device, news.device), max(country, news.country), max(network, news.network)
            networks = _with(networks, keys.network, NETWORKS)
        elif not changed:
            continue
        if kind and kind not in types:
            usual, types = _meet(usual, keys, kind), _with(types, kind, TYPES)
    return usual, _Met(device, country, network, types, networks)


def _count(now: Minute, activities: Sequence[Observed], met: _Met) -> Minute:
    """The minute with more activities."""
    reads, changes, exports, rows, size = now.reads, now.changes, now.exports, now.rows, now.bytes
    refusals, admin, api, objects, ids = now.refusals, now.admin, now.api, now.objects, now.ids
    for activity in activities:
        act, channel, outcome = ACTS[activity.action], activity.channel, activity.outcome
        if act is READ:
            reads += 1
            program = refusal = 0
        else:
            read, change, export, administrative, program, refusal, told = act
            reads += read
            changes += change
            exports += exported(activity) if told else export
            admin += administrative
        if channel != "ui":
            api += program or channel in PROGRAMS
        elif program:
            api += 1
        if refusal or (outcome != "success" and outcome in REFUSED):
            refusals += 1
        if activity.count:
            rows += rows_of(activity)
        if activity.bytes:
            size += max(0, activity.bytes)
        object_id = activity.object_id
        if object_id and objects != _EVERY_OBJECT:
            try:
                word = object_id.encode()
            except UnicodeEncodeError:
                word = object_id.encode("utf-8", "surrogatepass")
            objects |= 1 << crc32(word) % OBJECTS
    if len(ids) < IDS:
        ids = (*ids, *[activity.activity_id for activity in activities[: IDS - len(ids)]])
    return Minute(
        now.at, now.events + len(activities), reads, changes, exports, rows, size, refusals, admin, api, met.device,
        met.country, met.network, met.types, objects, met.networks, ids,
    )  # fmt: skip


def _with(values: tuple[int, ...], key: int, most: int) -> tuple[int, ...]:
    """Distinct values in the order they came, at most `most` of them."""
    return values if not key or key in values or len(values) >= most else (*values, key)


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
