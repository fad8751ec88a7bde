"""What is remembered of where an app's token is used: its networks, its agents, and what a new network took. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.actions import NETWORKS
from domain.activity import Judged
from domain.clock import DAY

from . import baseline, exports, windows
from .baseline import Peaks, Usual, Value
from .exports import Unit
from .windows import Seen, Window, named

#: What new networks took is added up over this long: as long as an episode (ms).
SPAN: Final = DAY
#: The newest activities from new networks remembered one by one: as many as evidence lists.
KEEP: Final = 100
#: Activities of one day are counted so far; more make a step only dearer.
COUNTED: Final = 100
#: What came through one of these never becomes usual by itself. Programs live in hosting networks, so that is none.
MASKS: Final = baseline.ANONYMISING - {"hosting"}
#: Of so many networks the list in a sentence gives the names.
LISTED: Final = 5


class Client(msgspec.Struct, frozen=True, gc=False):
    """Facts of one app. Bound: 30 days of counts, 16 networks and 16 agents of 30 days each, 100 units, 256 keys."""

    events: Peaks = Peaks()  # activities by UTC day, at most 100 of each
    networks: Usual = Usual()
    agents: Usual = Usual()
    new: Window[Unit] = Window()  # what was done from networks that were new, and the rows that it took
    seen: Seen = Seen()  # executions and requests among it, each of which counts once


def expire(client: Client, at: int) -> Client:
    """What is left of the memory at `at` (ms)."""
    events, networks = baseline.expire_peaks(client.events, at), baseline.expire(client.networks, at)
    agents = baseline.expire(client.agents, at)
    new, _ = windows.expire(client.new, at - SPAN)
    seen = windows.forget(client.seen, at - SPAN)
    if (
        events is client.events
        and networks is client.networks
        and agents is client.agents
        and new is client.new
        and seen is client.seen
    ):
        return client
    return Client(events, networks, agents, new, seen)


def network_of(activity: Judged) -> int:
    """What stands for the network in memory, readable again by `network_name`: its operator, else its kind.

    0 when neither is known or the activity has no address: then there is nothing to compare.
    """
    if not activity.ip_token:
        return 0
    if activity.asn is not None:
        return activity.asn + 1
    return 0 if activity.network == "unknown" else -1 - NETWORKS.index(activity.network)


def network_name(key: int) -> str:
    """`AS64500`, or `a home network` where no operator is known."""
    return f"AS{key - 1}" if key > 0 else f"a {NETWORKS[-1 - key]} network"


def usual_networks(client: Client, at: int) -> list[int]:
    """The keys of the usual networks, in order."""
    return sorted(value.key for value in client.networks.values if _usual(value, at))


def is_usual(client: Client, key: int, at: int) -> bool:
    return any(value.key == key and _usual(value, at) for value in client.networks.values)


def _usual(value: Value, at: int) -> bool:
    """Usual before today: else the second visit of a stranger would be usual by its own first activity."""
    days = len(value.met) - (value.met[-1] // DAY == at // DAY)
    return days >= baseline.DAYS_MET and value.met[0] <= at - baseline.WAIT


def first_day(client: Client, key: int, at: int) -> int:
    """The UTC day on which the network was first met; today when it was not."""
    return next((value.met[0] for value in client.networks.values if value.key == key), at) // DAY


def known_before(client: Client, day: int) -> tuple[int, int]:
    """For how many days the app had been in use before the UTC day `day`, and in how many activities (at least)."""
    days, counts = client.events.days, client.events.counts
    if not days:
        return 0, 0
    return max(0, day - days[0]), sum(count for each, count in zip(days, counts, strict=True) if each < day)


def agent_of(activity: Judged) -> int:
    """What stands for the family of the user agent; 0 when it is unknown."""
    return named(activity.agent_family) if activity.agent_family else 0


def learn(client: Client, activity: Judged, key: int) -> Client:
    """The memory after an activity from the network `key`. What was refused or came through a mask proves nothing."""
    if activity.network in MASKS or activity.outcome in ("failure", "denied"):
        return client
    at = activity.occurred_at
    networks, agents = baseline.meet(client.networks, key, at), client.agents
    if agent := agent_of(activity):
        agents = baseline.meet(agents, agent, at)
    events = _count(client.events, at)
    if networks is client.networks and agents is client.agents and events is client.events:
        return client
    return Client(events, networks, agents, client.new, client.seen)


def _count(events: Peaks, at: int) -> Peaks:
    today = events.counts[-1] if events.days and events.days[-1] == at // DAY else 0
    return events if today >= COUNTED else baseline.raise_peak(events, at, today + 1)


def take(client: Client, activity: Judged) -> Client:
    """The memory after an activity from a new network, with the rows it took.

    Rows are those of an export or of reading through the API; an execution or request told twice takes them once.
    An export of unknown size takes none that can be counted.
    """
    rows, seen = max(0, exports.rows_of(activity) or 0), client.seen
    if rows:
        seen, gained = exports.once(seen, activity, rows)
        rows = gained or 0
    new = windows.add(client.new, exports.unit(activity, rows), span=SPAN, keep=KEEP)
    return Client(client.events, client.networks, client.agents, new, seen)


def listed(keys: list[int]) -> str:
    """`AS64500, AS64501 and 3 more`."""
    names = ", ".join(network_name(key) for key in keys[:LISTED])
    return f"{names} and {len(keys) - LISTED} more" if len(keys) > LISTED else names
