"""What a source adapter is: a pure reader of one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from domain.activity import FIELDS, Activity

#: A flag that more than one part sets.
IP_MISSING: Final = "ip_missing"

#: How a column may vary from record to record, for `ingest.alike`: an id or another word that is kept as it stands, the
#: same where any text is taken for what it is and not looked into, a number of things, a list of ids that are counted,
#: the time, what is in nothing but the digest of the content, what a field was given (of records created and updated it
#: only counts whether two of them are the same), the two objects of the generic event that say who did it from where,
#: and what the adapter does not look at.
ID, TEXT, COUNT, IDS, TIME, CONTENT, GIVEN, NOISE = "id", "text", "count", "ids", "time", "content", "given", "noise"
ACTOR, ORIGIN = "actor", "origin"

_AT: Final = {name: index for index, name in enumerate(FIELDS)}
_DEFAULTS: Final = Activity.__struct_defaults__
#: The values of an activity of which nothing is known, in the order of its fields.
BLANK: Final[tuple[Any, ...]] = ("", "", 0, "", "", "")[: len(FIELDS) - len(_DEFAULTS)] + _DEFAULTS


def at(name: str) -> int:
    """Where a field of `Activity` stands in a row."""
    return _AT[name]


def row(fields: dict[str, Any]) -> list[Any]:
    """A row of the known `fields`; a value of None means unknown and leaves the default."""
    values = list(BLANK)
    for name, value in fields.items():
        if value is not None:
            values[_AT[name]] = value
    return values


class Draft(NamedTuple):
    """What an adapter read: the values of an activity in the order of its fields, for `Normaliser` to finish.

    `row` holds at least occurred_at, action and actor_id. Its session_id is the session's own key, hashed later; its ip
    is as it came. Tenant, source, feed, activity id, tokens, place and agent family are still blank in it. A row is a
    list and not a dict of keywords because building the activity from it is ten times faster.
    """

    row: list[Any]
    tenant: str = ""  # as the record says it
    organization: str = ""  # or the vendor's id of the organisation
    tenant_field: str = "tenant"  # what the record calls it
    source: str = ""
    feed: str = ""
    skipped: str = ""  # the kind of a record that is no business of ours; then `row` is empty


class Adapter(Protocol):
    """Reads one record. Raises Refused."""

    @property
    def source(self) -> str: ...

    @property
    def never_stored(self) -> tuple[str, ...]:
        """Lower-case names of top-level fields that are taken out before anything is kept."""

    @property
    def varies(self) -> Mapping[str, str]:
        """The columns whose values differ from record to record, and how; `outer.inner` is inside another one, or in
        the first entry of it, `outer.*.inner` inside any there. One of a record is its TIME. A column that is missing
        here costs time, nothing else.
        """

    @property
    def yields(self) -> Mapping[str, str]:
        """By action, the fields, as words, that its activities may carry beyond `always`; a test holds it true."""

    @property
    def always(self) -> str:
        """The fields that an activity of any action may carry."""

    @property
    def blind(self) -> str:
        """What the source does not tell, for people."""

    def read(self, raw: bytes, flags: set[str]) -> Draft: ...

    def knows(self, event: dict[str, Any]) -> bool:
        """Whether the names of its fields say that the record is this source's. Never raises."""
