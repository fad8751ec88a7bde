"""Who acted from where, as a tenant knows them: tokens, the address as it is kept, and what an event leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from domain import actions
from domain.subject import Tokeniser
from ingest.address import UNUSABLE, address
from ingest.agents import agent_family
from ingest.sources.base import IP_MISSING, at

_SIZED: Final = frozenset({actions.DATA_EXPORTED, actions.REPORT_VIEWED})
_IP, _IP_BASIS, _AGENT_FAMILY = map(at, ("ip", "ip_basis", "agent_family"))
#: Tokens of actor, login, address, network and app stand side by side.
_TOKENS: Final = slice(at("actor_token"), at("app_token") + 1)


class Who(NamedTuple):
    """What actor, login, address, user agent and app of an event are to a tenant; the same come again and again."""

    tokens: tuple[str, str, str, str, str]  # actor, login, address, network, app
    subjects: str  # the tokens that are part of an id: actor, login, address and app
    ip: str  # as it is kept, "" when it cannot be used
    family: str  # of the user agent
    key: Tokeniser  # the tenant's


class Lookup(Protocol):
    """One version of what is known of addresses; two versions are never equal."""

    def __hash__(self) -> int: ...

    def fill(self, row: list[Any], ip: str, tenant: str) -> None:
        """Puts what is known of the address, and what the tenant stated of it, into a row of an activity."""


#: The version in effect at an event time, ms; see ingest.enrich.enricher.
Origins = Callable[[int], Lookup]


def identify(key: Tokeniser, actor: str, login: str, ip: str, agent: str, app: str) -> Who:
    """From what the event says, under the tenant's key."""
    found = address(ip) if ip else UNUSABLE
    made = (key(actor), key(login), key(found.subject), key(found.net), key(app))
    subjects = "\0".join((made[0], made[1], made[2], made[4]))
    return Who(made, subjects, found.ip, agent_family(agent), key)


def write(row: list[Any], who: Who, lookup: Lookup | None) -> None:
    """Writes tokens, the address as it is kept, what is known of it, and the family of the user agent into the row."""
    row[_TOKENS] = who.tokens
    row[_IP], row[_AGENT_FAMILY] = who.ip, who.family
    if not who.ip:
        row[_IP_BASIS] = "none"
        return
    if row[_IP_BASIS] == "none":
        row[_IP_BASIS] = "direct"
    if lookup is not None:
        lookup.fill(row, who.ip, who.key.tenant)


def lacking(action: str, *, ip: str, said: bool, count: int | None, object_id: str, precision: str) -> tuple[str, ...]:
    """Flags of what an event does not tell, in order; `said` is whether it named an address, `ip` the one kept."""
    flags: tuple[str, ...] = ()
    if precision in ("min", "h"):
        flags += ("coarse_time",)
    if count is None and (action in _SIZED or (action == actions.RECORD_READ and not object_id)):
        flags += ("count_missing",)
    if not ip and (said or action in actions.AUTHENTICATION):
        flags += (IP_MISSING,)
    return flags
