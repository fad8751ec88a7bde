"""Errors split by what the caller does about them. Each message names the thing and the remedy in one sentence."""

from __future__ import annotations

import msgspec


class VedetteError(Exception):
    """Anything we raise on purpose; its text is fit to be shown to a person."""


class Unavailable(VedetteError):
    """A part outside this process did not answer: try again later."""


class StoreUnavailable(Unavailable):
    """ClickHouse did not answer."""


class BrokerUnavailable(Unavailable):
    """Kafka did not answer."""


class Fenced(VedetteError):
    """Another judge has claimed this partition; whoever is told so writes nothing more and ends."""


class SettingsInvalid(VedetteError):
    """A setting is unknown or has a value it cannot have."""


class Rejected(msgspec.Struct, frozen=True):
    """A record that becomes a dead letter: a stable `code` and a sentence that says what to change."""

    code: str
    reason: str


class Skipped(msgspec.Struct, frozen=True):
    """A record that is no business of ours (a repeated header row, an event type not judged): counted, not kept."""

    kind: str
