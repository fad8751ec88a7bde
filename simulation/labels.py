"""What is hidden in a morning: each attack, each harmless thing that looks like one, and the events it is made of."""

from __future__ import annotations

from typing import Final

import msgspec

ATTACK: Final = "attack"
HARMLESS: Final = "harmless"


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One label. `values` are what subjects are made of: actor ids, logins, addresses and app ids that belong to it."""

    name: str
    kind: str  # ATTACK or HARMLESS
    title: str  # what happens, for people
    actor: str  # who did it, or in whose name
    detector: str  # the detector made for it; for something harmless, the one that it tempts
    values: tuple[str, ...]
    events: tuple[str, ...]  # the records' own ids, in order of time
    first: int  # ms
    last: int
