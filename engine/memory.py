"""A subject's memory: its detectors' states and open episodes, and how both are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detectors.base import Finding
from domain.activity import Key
from domain.clock import DAY
from domain.judgement import StateRow

#: An episode never lasts longer than this after its opener.
EPISODE_LIMIT = DAY
#: Below every key.
NOTHING: Key = (-(2**62), "")


class Episode(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The open alert of one arm: its opener, the last finding (ms), and what a revision must exceed."""

    opener: Key
    last: int
    severity: int
    value: float


@dataclass(slots=True)
class Memory:
    """What is known of a subject: its detectors' states by slot, open episodes by slot and arm, how far it is.

    `knows` is the time (ms) of the last activation of a slot that its states have seen coming.
    """

    seen: int = 0  # below every position
    applied: Key = NOTHING
    slots: dict[str, Any] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    position: int = -1
    knows: int = 0


def episode(now: Episode | None, finding: Finding, key: Key, cooldown: int) -> tuple[Episode, bool]:
    """The episode after a finding at `key`, and whether the alert changes: a new one, a rise, or a doubled value."""
    if cooldown and now and key[0] - now.last <= cooldown and key[0] - now.opener[0] <= EPISODE_LIMIT:
        if finding.severity > now.severity or finding.observed >= 2 * now.value > 0:
            severity = max(now.severity, int(finding.severity))
            return Episode(now.opener, key[0], severity, max(now.value, finding.observed)), True
        return Episode(now.opener, key[0], now.severity, now.value), False
    return Episode(key, key[0], int(finding.severity), finding.observed), True


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A state as stored, JSON."""

    seen: int
    applied: Key
    slots: dict[str, Any]
    episodes: dict[str, Episode]
    knows: int = 0


class _Read(_Body, frozen=True):
    """Slots of versions that this program has not are not read."""

    slots: dict[str, msgspec.Raw]


def load(row: StateRow, decoders: Mapping[str, Callable[[msgspec.Raw], Any]]) -> Memory:
    """What was stored; `decoders` read a state, by slot."""
    body = _decode_body(row.body)
    slots = {slot: decoders[slot](raw) for slot, raw in body.slots.items() if slot in decoders}
    return Memory(row.seen, body.applied, slots, dict(body.episodes), row.position, body.knows)


def dump(subject: str, memory: Memory) -> StateRow:
    """What is to be stored."""
    body = _encode(_Body(memory.seen, memory.applied, memory.slots, memory.episodes, memory.knows)).decode()
    return StateRow(subject, memory.position, memory.seen, body)


_encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(_Read).decode
